import { format, transpose } from "./arithmetic.js";
import { NAMES, STEPS, attend, worked } from "./attention_steps.js";
import { button, choice, controls, slider } from "./controls.js";
import { h, math } from "./elements.js";
import { mount } from "./mount.js";
import { numberField, numberGrid } from "./number_grid.js";

const strings = {
  en: {
    title: "Attention, step by step", query: "Query token", causal: "causal mask", show_all: "show all steps", steps: "Steps",
    previous: "Previous", next: "Next", inputs: "Change a number: everything after it changes", matrix: "Matrix", value: "Value of {cell}",
    drag: "Drag", reset: "Reset the numbers", bad: "Type a number from −100 to 100.", part: "(the first 16)",
    determiner: "det.", noun: "noun", verb: "verb", position: "pos.",
    s0: "Embed", s1: "Project", s2: "Score", s3: "Scale", s4: "Mask", s5: "Softmax", s6: "Output",
    t0: "Each token becomes a row of numbers; this is the row of the query token.",
    t1: "Each row asks (query), offers (key) and passes something on (value).",
    t2: "A dot product of each query with each key.",
    t3: "Divided by √d, so that scores do not grow with the width.",
    t4: "A token must not look ahead: later keys become −∞.", t4off: "Without a mask every score stays as it is.",
    t5: "Each row becomes positive shares that sum to 1.",
    t6: "Each token receives the average of the values, weighted by its shares.",
    hidden: "({key} comes after {query})", kept: "({query} may see {key})",
    reading: "{n}/7 {step}. {query} gives its largest weight, {w}, to {key}.",
  },
  zh_CN: {
    title: "逐步计算注意力", query: "查询词元", causal: "因果掩码", show_all: "显示全部步骤", steps: "步骤",
    previous: "上一步", next: "下一步", inputs: "改动一个数，其后的一切随之改变", matrix: "矩阵", value: "{cell} 的值",
    drag: "拖动", reset: "恢复原来的数", bad: "请输入 −100 到 100 之间的数。", part: "（前 16 个）",
    determiner: "限定", noun: "名词", verb: "动词", position: "位置",
    s0: "嵌入", s1: "投影", s2: "打分", s3: "缩放", s4: "掩码", s5: "softmax", s6: "输出",
    t0: "每个词元变成一行数，这里是查询词元的那一行。",
    t1: "每一行都提出询问（查询）、给出线索（键）、传递内容（值）。",
    t2: "每个查询与每个键的点积。",
    t3: "除以 √d，使分数不随宽度增大。",
    t4: "词元不能看后面的词元：靠后的键的分数变为 −∞。", t4off: "没有掩码时，所有分数保持不变。",
    t5: "每一行变成和为 1 的正权重。",
    t6: "每个词元得到各个值按注意力权重计算的加权平均。",
    hidden: "（{key} 在 {query} 之后）", kept: "（{query} 可以看到 {key}）",
    reading: "{n}/7 {step}。{query} 的最大注意力权重为 {w}，给了 {key}。",
  },
};

const INPUTS = { x: "X", w_q: "W^Q", w_k: "W^K", w_v: "W^V" };
const LIMIT = 100;

function build(ui) {
  const { model, root, t } = ui;
  const get = (name) => model.get(name);
  const state = () => Object.fromEntries([...Object.keys(INPUTS), "b_q", "b_k", "b_v", "causal"].map((n) => [n, get(n)]));
  const tokens = get("tokens"), original = state();
  const numbers = (matrix) => matrix.map((_, i) => String(i + 1));
  const features = get("features").length ? get("features").map((f) => t(f)) : numbers(get("w_q"));
  const width = numbers(get("w_q")[0]), quoted = (i) => `“${tokens[i]}”`;
  const go = (step) => ui.save("step", Math.max(0, Math.min(STEPS.length - 1, step)));
  const pick = (i, j) => { model.set("query", i); ui.save("column", j); };

  const { select, tick, follow } = controls(ui);
  const query = select("query", tokens.map((token, i) => [i, `${i + 1} ${token}`]), { to: Number }), causal = tick("causal"), all = tick("show_all");
  const list = STEPS.map((_, s) => button(`${s + 1} ${t(`s${s}`)}`, () => go(s)));
  const previous = button(`← ${t("previous")}`, () => go(get("step") - 1));
  const next = button(`${t("next")} →`, () => go(get("step") + 1));

  const groups = STEPS.map(([formula, read, made], s) => {
    const grids = [...read, ...made].map((name) => [name, numberGrid({ name: NAMES[name].replace("masked", t("s4")), onpick: !made.includes(name) ? null : s ? pick : (_, j) => ui.save("column", j) })]);
    const text = h("span"), lines = h("div", { class: "mhaw-worked" });
    const box = h("div", { class: "mhaw-scroll", tabindex: 0, role: "group", "aria-label": t(`s${s}`) }, h("div", { class: "mhaw-row" }, grids.map(([, g]) => g.node)), lines);
    const node = h("div", { class: "mhaw-step", "data-step": s }, h("div", { class: "mhaw-caption" }, `${s + 1} ${t(`s${s}`)}`, h("span", { class: "mhaw-formula" }, math(formula))), h("p", {}, text), box);
    return { node, grids, text, lines };
  });

  const editors = Object.entries(INPUTS).map(([name, title]) => [name, numberGrid({ name: title, onpick: (i, j) => ui.save("cell", [name, i, j]) })]);
  const matrix = choice({ label: t("matrix"), options: Object.entries(INPUTS).map(([name, title]) => [name, title.replace("^", "")]), value: get("cell")[0], onchange: (name) => ui.save("cell", [name, 0, 0]) });
  const write = (value) => {
    const [name, i, j] = get("cell");
    ui.save(name, get(name).map((row, y) => (y === i ? row.map((x, z) => (z === j ? value : x)) : row)));
  };
  const field = numberField({ limit: LIMIT, step: 0.1, bad: t("bad"), onvalue: write });
  const drag = slider({ label: t("drag"), min: -3, max: 3, step: 0.1, value: 0, show: (x) => format(x, 1), onchange: write });
  const reset = button(t("reset"), () => { for (const name of Object.keys(INPUTS)) model.set(name, original[name]); model.save_changes(); });

  root.append(
    h("div", { class: "mhaw-controls" }, query.node, causal.node, all.node),
    h("nav", { "aria-label": t("steps") }, h("ol", { class: "mhaw-steps" }, list.map((b) => h("li", {}, b))), h("div", { class: "mhaw-steps" }, previous, next)),
    ...groups.map((g) => g.node),
    h("div", { class: "mhaw-caption" }, t("inputs")),
    h("div", { class: "mhaw-scroll" }, h("div", { class: "mhaw-row" }, editors.map(([, e]) => e.node))),
    h("div", { class: "mhaw-controls" }, matrix.node, field.node, drag.node, reset), field.error,
  );

  return () => {
    const m = attend(state()), step = get("step"), i = get("query");
    Object.assign(m, { row: [m.x[i]], kt: transpose(m.k) });
    follow();
    list.forEach((b, s) => (s === step ? b.setAttribute("aria-current", "step") : b.removeAttribute("aria-current")));
    previous.setAttribute("aria-disabled", step === 0);
    next.setAttribute("aria-disabled", step === STEPS.length - 1);
    groups.forEach(({ node, grids, text, lines }, s) => {
      node.hidden = s !== step && !get("show_all");
      node.classList.toggle("mhaw-now", s === step);
      if (node.hidden) return;
      const result = m[STEPS[s][2][0]], j = Math.min(get("column"), Math.min(16, result[0].length) - 1);
      for (const [name, grid] of grids) {
        const made = STEPS[s][2].includes(name), square = ["scores", "scaled", "masked", "weights"].includes(name);
        const values = m[name];
        grid.draw(values, {
          rows: name === "kt" ? width : s ? tokens : [tokens[i]], cols: name === "kt" || square ? tokens : s ? width : features,
          note: values.length > 16 || values[0].length > 16 ? t("part") : "", vmax: name === "weights" ? 1 : null,
          row: name === "kt" || (name === "v" && !made) ? null : s ? i : 0, col: made || !["kt", "v"].includes(name) ? null : j, at: made ? [s ? i : 0, j] : null,
        });
      }
      text.textContent = t(s === 4 && !get("causal") ? "t4off" : `t${s}`);
      lines.replaceChildren(...worked(s, m, i, j, state(), t, tokens, features).map(([name, rest]) => h("div", {}, math(name), rest)));
    });
    const [name, y, z] = get("cell");
    for (const [key, grid] of editors) grid.draw(get(key), {
      rows: key === "x" ? tokens : features, cols: key === "x" ? features : width, at: key === name ? [y, z] : null, row: key === "x" ? i : null,
      note: get(key).length > 16 || get(key)[0].length > 16 ? t("part") : "",
    });
    editors.forEach(([key, grid]) => grid.node.classList.toggle("mhaw-aside", key !== name));
    const value = get(name)[y][z], where = `${INPUTS[name].replace("^", "")}[${name === "x" ? tokens[y] : features[y]}, ${name === "x" ? features[z] : z + 1}]`;
    matrix.set(name);
    field.set(value, t("value", { cell: where }));
    drag.set(value);
    const best = m.weights[i].indexOf(Math.max(...m.weights[i]));
    ui.say(t("reading", { n: step + 1, step: t(`s${step}`), query: quoted(i), key: quoted(best), w: format(m.weights[i][best]) }));
  };
}

export default { render: (context) => mount(context, "attention-stepper", strings, build) };

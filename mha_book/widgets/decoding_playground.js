import { format, softmax, uniforms } from "./arithmetic.js";
import { beamSearch, drawTree } from "./beam_tree.js";
import { button, controls, logarithmic } from "./controls.js";
import { h } from "./elements.js";
import { mount } from "./mount.js";

// ---------------------------------------------------------------- arithmetic

/** Probabilities of the tokens that survive temperature, top-k, top-p and min-p in this order; 0 for the others. */
export function survivors(logits, { temperature = 1, top_k = 0, top_p = 1, min_p = 0, greedy = false } = {}) {
  const scores = logits.map((x) => x / temperature);
  if (greedy) return scores.map((_, j) => (j === scores.indexOf(Math.max(...scores)) ? 1 : 0));
  let keep = scores.map(() => true);
  if (top_k > 0 && top_k < scores.length) {
    const last = [...scores].sort((a, b) => b - a)[top_k - 1];
    keep = scores.map((s) => s >= last);
  }
  if (top_p < 1) {
    const p = softmax(scores, keep), order = p.map((_, j) => j).sort((a, b) => p[b] - p[a]);
    let sum = 0;
    for (const [rank, j] of order.entries()) {
      if (rank > 0 && sum >= top_p - 1e-12) keep[j] = false;
      sum += p[j];
    }
  }
  if (min_p > 0) {
    const p = softmax(scores, keep), bound = min_p * Math.max(...p);
    keep = keep.map((k, j) => k && p[j] >= bound);
  }
  return softmax(scores, keep);
}

/** How often each token comes up in n draws from p. */
export function draw(p, n, seed) {
  const next = uniforms(seed), counts = p.map(() => 0);
  const last = p.reduce((at, x, j) => (x > 0 ? j : at), 0);
  for (let i = 0; i < n; i++) {
    let j = 0;
    for (let r = next() - p[0]; r >= 0 && j < last; r -= p[j]) j++;
    counts[j]++;
  }
  return counts;
}

// ---------------------------------------------------------------- drawing

const strings = {
  en: {
    title: "Decoding: from probabilities to text", sampling: "Next token after “{prompt}”", greedy: "greedy: always the most probable token",
    temperature: "Temperature", top_k: "top-k", top_p: "top-p", min_p: "min-p", off: "off", draws: "Draws", seed: "Seed: {n}", again: "Draw again: next seed",
    token: "token", share: "probability", before: "model %", after: "after %", count: "drawn", rows: "Tokens, most probable first",
    legend: "Outline: the model’s probability. Filled: after the controls. Tick: share of the draws.",
    beam: "Beam search with a toy bigram model", width: "Beam width", depth: "Steps", penalty: "Length penalty α",
    tree: "Hypotheses of each step", hint: "Bold: kept. Dashed: the next best, dropped. Number: total log-probability{score}. The controls above do not act here.",
    scored: ", then divided by length^α", none: "No transitions were given, so there is no beam search.", done: "finished", text: "text", total: "log-probability", length: "length", score: "score",
    same: "Greedy and a beam of {width} agree: “{text}” ({total}).", better: "Greedy finds “{greedy}” ({g}). A beam of {width} finds “{text}” ({total}): {ratio} times as probable.",
    worse: "Greedy finds “{greedy}” ({g}). A beam of {width} prefers “{text}” ({total}): less probable, but better for its length.",
    reading: "{n} of {all} tokens survive; “{token}” has {p} %.",
  },
  zh_CN: {
    title: "解码：从概率到文本", sampling: "“{prompt}”之后的下一个词元", greedy: "贪心：总取概率最大的词元",
    temperature: "温度", top_k: "top-k", top_p: "top-p", min_p: "min-p", off: "关", draws: "抽样次数", seed: "随机种子：{n}", again: "重新抽样：换下一个种子",
    token: "词元", share: "概率", before: "模型 %", after: "筛选后 %", count: "抽中", rows: "词元，按概率从大到小",
    legend: "边框：模型给出的概率。填充：筛选后的概率。刻度：抽样所占比例。",
    beam: "玩具二元模型上的束搜索", width: "束宽", depth: "步数", penalty: "长度惩罚 α",
    tree: "每一步的候选", hint: "粗体：保留。虚线：紧随其后、被舍弃的候选。数字：总对数概率{score}。上方的控件对此无影响。",
    scored: "，再除以长度的 α 次方", none: "未给出转移分数，因此没有束搜索。", done: "已结束", text: "文本", total: "对数概率", length: "长度", score: "得分",
    same: "贪心与束宽 {width} 的结果相同：“{text}”（{total}）。", better: "贪心得到“{greedy}”（{g}）。束宽 {width} 得到“{text}”（{total}）：概率是前者的 {ratio} 倍。",
    worse: "贪心得到“{greedy}”（{g}）。束宽 {width} 更偏好“{text}”（{total}）：概率较低，但相对其长度更好。",
    reading: "{all} 个词元中保留 {n} 个；“{token}”的概率为 {p} %。",
  },
};

const percent = (p) => format(100 * p, p < 0.0995 ? 2 : 1);

function tokenTable(t, tokens, order) {
  const rows = order.map((j) => {
    const outline = h("i", { style: "position: absolute; inset: 2px auto 2px 0; border: 1px solid var(--mhaw-faint)" });
    const fill = h("i", { style: "position: absolute; inset: 5px auto 5px 0; background: var(--mhaw-blue)" });
    const tick = h("i", { style: "position: absolute; top: 0; bottom: 0; border-left: 3px solid var(--mhaw-gold)" });
    const cells = [h("td"), h("td"), h("td")], name = h("th", { scope: "row", style: "white-space: pre" }, tokens[j]);
    return { j, name, outline, fill, tick, cells, node: h("tr", {}, name, h("td", { "aria-hidden": "true", style: "width: 45%; min-width: 56px" }, h("div", { style: "position: relative; height: 22px" }, outline, fill, tick)), ...cells) };
  });
  const heads = ["token", "share", "before", "after", "count"].map((key) => h("th", { scope: "col", style: key === "share" ? "text-align: left" : "" }, t(key)));
  const node = h("div", { class: "mhaw-scroll", tabindex: 0, role: "group", "aria-label": t("rows"), style: "max-height: 24rem; overflow-y: auto" },
    h("table", { class: "mhaw-tight", style: "width: 100%" }, h("thead", {}, h("tr", {}, ...heads)), h("tbody", {}, rows.map((r) => r.node))));
  const update = (before, after, counts, n) => {
    const top = Math.max(...before, ...after, n ? Math.max(...counts) / n : 0), wide = (x) => `${(100 * x) / top}%`;
    for (const { j, name, outline, fill, tick, cells } of rows) {
      const cut = after[j] === 0;
      name.style.textDecoration = cut ? "line-through" : "";
      for (const cell of [name, ...cells]) cell.style.color = cut ? "var(--mhaw-faint)" : "";
      outline.style.width = wide(before[j]);
      fill.style.width = wide(after[j]);
      tick.style.left = `calc(${wide(n ? counts[j] / n : 0)} - 2px)`;
      tick.hidden = !counts[j];
      [percent(before[j]), cut ? "—" : percent(after[j]), n ? String(counts[j]) : ""].forEach((text, i) => { cells[i].textContent = text; });
    }
  };
  return { node, update };
}

function build(ui) {
  const { model, root, t } = ui;
  const tokens = model.get("tokens"), logits = model.get("logits"), transitions = model.get("transitions"), prompt = model.get("prompt");
  const count = tokens.length, order = tokens.map((_, j) => j).sort((a, b) => logits[b] - logits[a]);
  const { range, tick, follow } = controls(ui), at = (off) => (x) => (x === off ? t("off") : format(x));
  const cuts = [
    range("temperature", -4, 3, { step: 0.05, ...logarithmic((x) => format(x)) }),
    range("top_k", 1, count, { show: (x) => (x >= count ? t("off") : x), to: (x) => (x >= count ? 0 : x), from: (k) => k || count }),
    range("top_p", 0.01, 1, { step: 0.01, show: at(1) }), range("min_p", 0, 1, { step: 0.01, show: at(0) })];
  const greedy = tick("greedy"), draws = range("draws", 0, 4, { show: (x) => (x ? 10 ** x : "0"), to: (x) => (x ? 10 ** x : 0), from: (n) => (n ? Math.log10(n) : 0) });
  const seed = h("span"), again = button(t("again"), () => ui.save("seed", (model.get("seed") + 1) % 10000));
  const table = tokenTable(t, tokens, order);
  root.append(h("div", {}, t("sampling", { prompt })), h("div", { class: "mhaw-controls" }, ...cuts.map((c) => c.node), draws.node, greedy.node),
    h("div", { class: "mhaw-row", style: "align-items: center; margin-bottom: 0.5rem" }, again, seed), table.node, h("div", { class: "mhaw-note" }, t("legend")));
  const svg = h("svg", { role: "img", "aria-label": t("tree") }), words = h("p", { style: "font-weight: 620; margin: 0.6rem 0" }), hint = h("div", { class: "mhaw-note" }), body = h("tbody");
  root.append(h("div", { style: "margin-top: 1rem; padding-top: 0.6rem; border-top: 1px solid var(--mhaw-line)" }, t(transitions.length ? "beam" : "none")));
  if (transitions.length) {
    const beams = [range("width", 1, 4), range("depth", 1, 4), range("penalty", 0, 2, { step: 0.1, show: (x) => format(x, 1) })];
    root.append(h("div", { class: "mhaw-controls" }, ...beams.map((c) => c.node)), h("div", { class: "mhaw-scroll", tabindex: 0, role: "group", "aria-label": t("tree") }, svg), words,
      h("div", { class: "mhaw-scroll" }, h("table", { class: "mhaw-tight" }, h("thead", {}, h("tr", {}, ...["text", "total", "length", "score"].map((key) => h("th", { scope: "col" }, t(key))))), body)), hint);
  }
  let spoken = "";
  return () => {
    const state = Object.fromEntries(["temperature", "top_k", "top_p", "min_p", "greedy", "draws", "seed", "width", "depth", "penalty", "end"].map((k) => [k, model.get(k)]));
    follow();
    for (const cut of cuts) cut.input.disabled = state.greedy;
    seed.textContent = t("seed", { n: state.seed });
    const after = survivors(logits, state);
    table.update(softmax(logits), after, draw(after, state.draws, state.seed), state.draws);
    let reading = t("reading", { n: after.filter((p) => p > 0).length, all: count, token: tokens[order[0]], p: percent(after[order[0]]) });
    if (transitions.length) {
      const search = beamSearch(logits, transitions, state), [best] = search.beams, [first] = beamSearch(logits, transitions, { ...state, width: 1 }).beams;
      const text = (b) => b.tokens.map((j) => tokens[j]).join(" "), ratio = Math.exp(best.total - first.total);
      const verdict = text(best) === text(first) ? "same" : ratio >= 1 ? "better" : "worse";
      drawTree(svg, search, { tokens, prompt, penalty: state.penalty, best, t });
      words.textContent = t(verdict, { width: state.width, greedy: text(first), g: format(first.total), text: text(best), total: format(best.total), ratio: format(ratio) });
      hint.textContent = t("hint", { score: state.penalty ? t("scored") : "" });
      body.replaceChildren(...search.beams.map((b) => h("tr", { style: b === best ? "font-weight: 700" : "" }, h("th", { scope: "row" }, text(b)), ...[format(b.total, 3), b.tokens.length, format(b.score, 3)].map((x) => h("td", {}, String(x))))));
      if (spoken && spoken !== words.textContent) reading = words.textContent;
      spoken = words.textContent;
    }
    ui.say(reading);
  };
}

export default { render: (context) => mount(context, "decoding-playground", strings, build) };

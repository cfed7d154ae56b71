import { format } from "./arithmetic.js";
import { controls } from "./controls.js";
import { h } from "./elements.js";
import { heatmap } from "./heat_map.js";
import { floats, links, visible } from "./links.js";
import { mount } from "./mount.js";

// ---------------------------------------------------------------- arithmetic

const ROUNDING = 1e-6, TRACE = 0.001;

/** Rows of one head in the flat weights of shape [H, T_tgt, T_src]. */
export const rowsOf = (data, [, Tt, Ts], head) =>
  Array.from({ length: Tt }, (_, i) => data.slice((head * Tt + i) * Ts, (head * Tt + i + 1) * Ts));

/** Links [target, source]: the largest weight of each row, or every one, from the threshold up. */
export function linked(rows, rule, threshold) {
  const found = [];
  rows.forEach((p, i) => {
    const best = p.indexOf(Math.max(...p));
    p.forEach((x, j) => {
      if (x > 0 && x >= threshold - ROUNDING && (rule === "threshold" || j === best)) found.push([i, j]);
    });
  });
  return found;
}

/** How links agree with gold pairs, sure and possible alike; NaN where nothing can be said, as of 0/0. */
export function score(found, gold) {
  const pairs = new Set(gold.map(String)), none = pairs.size === 0;
  const correct = found.filter((pair) => pairs.has(String(pair))).length;
  return {
    found: found.length, correct,
    precision: none ? NaN : correct / found.length,
    recall: none ? NaN : correct / pairs.size,
    aer: none ? NaN : 1 - 2 * correct / (found.length + pairs.size),
  };
}

// ---------------------------------------------------------------- drawing

const strings = {
  en: {
    title: "Attention against a gold alignment", head: "Head", plain: "Head {n}", named: "Head {n} ({name})",
    rule: "Links", largest: "largest of each target word", every: "all from the threshold up", threshold: "Threshold",
    matrix: "Weights: a row for each target word, a column for each source word", words: "Target words on the left, source words on the right",
    found: "Links", correct: "Correct", precision: "Precision", recall: "Recall", aer: "AER", scores: "Scores of all heads",
    key: "Dashed: gold pair. Dot: link taken from the weights. Lines are as wide as the weight, blue on a gold pair and red elsewhere. Darkest tile: {top}. Click a target word to see it alone, click again for all.",
    plainKey: "Dot: link taken from the weights. Lines are as wide as the weight. Darkest tile: {top}. Click a target word to see it alone, click again for all.",
    reading: "{head}: {correct} of {found} links are gold, {missed} of {all} gold pairs missed, AER {aer}.", readingPlain: "{head}: {found} links.",
    readingWord: "“{word}” looks most at “{best}” ({p}). Gold: {gold}.", readingEmpty: "“{word}” may attend to nothing. Gold: {gold}.", none: "none",
    "head:meaning": "meaning", "head:position": "position", "head:late": "one word late",
  },
  zh_CN: {
    title: "注意力与人工词对齐的对照", head: "头", plain: "头 {n}", named: "头 {n}（{name}）",
    rule: "连线", largest: "每个目标词的最大权重", every: "所有不低于阈值的权重", threshold: "阈值",
    matrix: "权重：每行一个目标词，每列一个源词", words: "左侧为目标词，右侧为源词",
    found: "连线", correct: "正确", precision: "精确率", recall: "召回率", aer: "AER", scores: "各个头的得分",
    key: "虚线：人工对齐。圆点：由权重得到的连线。线宽表示权重，与人工对齐一致为蓝色，否则为红色。颜色最深的格子为 {top}。点击一个目标词可单独查看，再次点击恢复全部。",
    plainKey: "圆点：由权重得到的连线。线宽表示权重。颜色最深的格子为 {top}。点击一个目标词可单独查看，再次点击恢复全部。",
    reading: "{head}：{found} 条连线中 {correct} 条正确，{all} 对人工对齐中漏掉 {missed} 对，AER 为 {aer}。", readingPlain: "{head}：{found} 条连线。",
    readingWord: "“{word}”最关注“{best}”（{p}）。人工对齐：{gold}。", readingEmpty: "“{word}”没有可关注的词。人工对齐：{gold}。", none: "无",
    "head:meaning": "词义", "head:position": "位置", "head:late": "滞后一词",
  },
};

/** The weights as a heat map with words around it; gold cells and links are marked on top. */
function matrix(t, source, target, pick) {
  const cell = Math.max(source.length, target.length) <= 12 ? 36 : 26;
  const map = heatmap({ label: t("matrix"), cell, onpick: pick });
  const width = source.length * cell, height = target.length * cell;
  const marks = h("svg", { viewBox: `0 0 ${width} ${height}`, width, height, "aria-hidden": "true" });
  const names = target.map((word) => h("div", { style: `height: ${cell}px` }, visible(word)));
  const heads = source.map((word) => h("div", { style: `width: ${cell}px` }, h("span", {}, visible(word))));
  const node = h("div", { class: "mhaw-aligned", style: `--mhaw-width: ${width}px` },
    h("span"), h("div", { class: "mhaw-heads" }, heads), h("div", { class: "mhaw-names" }, names), h("div", { class: "mhaw-stack" }, map.node, marks));
  const draw = (rows, found, gold, word, top) => {
    map.draw(rows.map((p) => [...p]), { vmax: top, digits: cell > 30 ? 2 : null });
    names.forEach((name, i) => name.classList.toggle("mhaw-on", i === word));
    const frame = (i, j, stroke, width, rest) => h("rect", {
      x: j * cell + 2.5, y: i * cell + 2.5, width: cell - 5.5, height: cell - 5.5, fill: "none", stroke: `var(--mhaw-${stroke})`, "stroke-width": width, ...rest,
    });
    const box = ([i, j]) => [frame(i, j, "paper", 4.5), frame(i, j, "gold", 2.5, { "stroke-dasharray": "5 3", "data-gold": `${i} ${j}` })];
    const dot = ([i, j]) => h("circle", {
      cx: (j + 1) * cell - 8, cy: (i + 1) * cell - 7, r: 3, fill: "var(--mhaw-paper)", stroke: "var(--mhaw-ink)", "stroke-width": 1.5, "data-link": `${i} ${j}`,
    });
    marks.replaceChildren(...gold.flatMap(box), ...found.map(dot));
  };
  return { node: h("div", { class: "mhaw-scroll", tabindex: 0, role: "group", "aria-label": t("matrix") }, node), draw };
}

/** A row of scores a head. */
function table(t, names) {
  const columns = ["aer", "precision", "recall", "correct", "found"];
  const rows = names.map((name) => h("tr", {}, h("th", { scope: "row" }, name), columns.map(() => h("td"))));
  const head = h("tr", {}, h("th", { scope: "col" }, t("head")), columns.map((c) => h("th", { scope: "col" }, t(c))));
  const node = h("div", { class: "mhaw-scroll", tabindex: 0, role: "group", "aria-label": t("scores") },
    h("table", { class: "mhaw-scores" }, h("thead", {}, head), h("tbody", {}, rows)));
  const draw = (scores, chosen) => rows.forEach((row, n) => {
    row.classList.toggle("mhaw-on", n === chosen);
    row.setAttribute("aria-current", String(n === chosen));
    columns.forEach((c, k) => {
      const x = scores[n][c];
      row.children[k + 1].textContent = Number.isNaN(x) ? "—" : format(x, k > 2 ? 0 : 2);
    });
  });
  return { node, draw };
}

function build(ui) {
  const { model, root, t } = ui;
  const source = model.get("source"), target = model.get("target"), gold = model.get("gold"), shape = model.get("shape");
  const isGold = new Set(gold.map(String));
  const called = Array.from({ length: shape[0] }, (_, n) => {
    const given = model.get("names")[n], known = t(`head:${given}`);
    return given ? t("named", { n: n + 1, name: known === `head:${given}` ? given : known }) : t("plain", { n: n + 1 });
  });
  const { range, select, follow } = controls(ui);
  const head = select("head", called.map((name, n) => [n, name]), { to: Number });
  const rule = select("rule", ["largest", ["threshold", t("every")]]);
  const threshold = range("threshold", 0, 1, { step: 0.01, show: (x) => format(x) });
  const grid = matrix(t, source, target, (i) => ui.save("word", i));
  let rows = [], found = [], top = 1;
  const look = (word) => {
    const line = ([i, j]) => ({ i, j, weight: rows[i][j], color: !gold.length || isGold.has(`${i},${j}`) ? "blue" : "red" });
    const dashed = gold.filter(([i]) => word === null || i === word).map(([i, j]) => ({ i, j, weight: 0, color: "gold", dashed: true }));
    const solid = word === null ? found : source.map((_, j) => [word, j]).filter(([i, j]) => rows[i][j] >= TRACE);
    chart.draw([...solid.map(line), ...dashed], model.get("word"), word === null ? null : rows[word]);
    grid.draw(rows, found, gold, word, top);
  };
  const chart = links({
    label: t("words"), left: target, right: source,
    pick: (i) => ui.save("word", i), look: (i) => look(i ?? model.get("word")),
  });
  const scores = table(t, called), note = h("p", { class: "mhaw-note" });
  root.append(
    h("div", { class: "mhaw-controls" }, shape[0] > 1 ? head.node : [], rule.node, threshold.node),
    h("div", { class: "mhaw-split" }, grid.node, chart.node),
    note, gold.length ? scores.node : [],
  );
  let data = null, bytes = null;
  return () => {
    if (bytes !== model.get("data")) { bytes = model.get("data"); data = floats(bytes); }
    const n = model.get("head"), word = model.get("word");
    follow();
    const all = called.map((_, k) => linked(rowsOf(data, shape, k), model.get("rule"), model.get("threshold")));
    const results = all.map((pairs) => score(pairs, gold));
    rows = rowsOf(data, shape, n);
    found = all[n];
    top = Math.max(...rows.map((p) => Math.max(...p))) || 1;
    note.textContent = t(gold.length ? "key" : "plainKey", { top: format(top) });
    scores.draw(results, n);
    look(chart.over() ?? word);
    const s = results[n];
    if (word === null) {
      return ui.say(t(gold.length ? "reading" : "readingPlain", {
        head: called[n], found: s.found, correct: s.correct, missed: gold.length - s.correct, all: gold.length, aer: format(s.aer),
      }));
    }
    const best = rows[word].indexOf(Math.max(...rows[word]));
    const right = gold.filter(([i]) => i === word).map(([, j]) => visible(source[j])).join(", ") || t("none");
    ui.say(t(rows[word][best] > 0 ? "readingWord" : "readingEmpty", { word: visible(target[word]), best: visible(source[best]), p: format(rows[word][best]), gold: right }));
  };
}

export default { render: (context) => mount(context, "alignment-viewer", strings, build) };

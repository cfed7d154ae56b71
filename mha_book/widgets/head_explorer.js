import { entropy, format } from "./arithmetic.js";
import { controls } from "./controls.js";
import { h, uid } from "./elements.js";
import { largest, palette, pixels } from "./heat_map.js";
import { floats, links, visible } from "./links.js";
import { mount } from "./mount.js";

// ---------------------------------------------------------------- arithmetic

const LEAST = 0.1, TRACE = 0.001;

/** Rows of one head in the flat weights of shape [L, H, T_q, T_k]. */
export function rowsOf(data, [, H, Tq, Tk], layer, head) {
  const start = (layer * H + head) * Tq * Tk;
  return Array.from({ length: Tq }, (_, i) => data.slice(start + i * Tk, start + (i + 1) * Tk));
}

/** Means over the queries that attend to something: entropy in bits, distance |i - j|; else NaN. */
export function statistics(rows) {
  let bits = 0, far = 0, count = 0;
  rows.forEach((p, i) => {
    if (p.reduce((a, b) => a + b, 0) <= 0.5) return;
    count += 1;
    bits += entropy(p);
    far += p.reduce((s, x, j) => s + x * Math.abs(i - j), 0);
  });
  return { entropy: bits / count, distance: far / count };
}

/** Lines to draw: all notable weights, or those of one query down to a trace. */
export function arcs(rows, token = null) {
  const lines = [];
  rows.forEach((p, i) => p.forEach((weight, j) => {
    if (token === null ? weight >= LEAST : i === token && weight >= TRACE) lines.push({ i, j, weight });
  }));
  return lines;
}

// ---------------------------------------------------------------- drawing

const strings = {
  en: {
    title: "Attention heads side by side", layer: "Layer", token: "Token", all: "all", head: "Head {n}", own_scale: "colour each head up to its own largest weight",
    heads: "Heads of the layer: rows ask, columns answer", words: "Tokens that ask, on the left, and tokens that answer, on the right",
    bits: "{x} bits", far: "distance {x}", none: "attends to nothing",
    key: "Line width: weight. With all tokens shown, lines start at {least}. Click a token to see it alone, click again for all.",
    reading: "{head}: entropy {bits} of at most {max} bits, mean distance {far}.", named: "{head} ({name})", readingNone: "{head} attends to nothing.",
    readingToken: "{head}: “{token}” looks most at “{key}” ({p}).", readingEmpty: "{head}: “{token}” may attend to nothing.",
    "head:previous": "previous token", "head:same": "same word", "head:first": "first token", "head:uniform": "uniform",
  },
  zh_CN: {
    title: "并排比较注意力头", layer: "层", token: "词元", all: "全部", head: "头 {n}", own_scale: "每个头按自身的最大权重着色",
    heads: "本层的各个头：行为查询，列为键", words: "左侧为查询词元，右侧为键词元",
    bits: "{x} 比特", far: "距离 {x}", none: "不注意任何词元",
    key: "线宽表示权重。显示全部词元时，只画不小于 {least} 的权重。点击一个词元可单独查看，再次点击恢复全部。",
    reading: "{head}：熵 {bits} 比特（上限 {max}），平均距离 {far}。", named: "{head}（{name}）", readingNone: "{head} 不注意任何词元。",
    readingToken: "{head}：“{token}”最关注“{key}”（{p}）。", readingEmpty: "{head}：“{token}”没有可关注的词元。",
    "head:previous": "前一个词元", "head:same": "相同的词", "head:first": "第一个词元", "head:uniform": "均匀",
  },
};

/** One pixel a weight; the style sheet enlarges it. */
function paint(canvas, rows, colors, top) {
  [canvas.width, canvas.height] = [rows[0].length, rows.length];
  canvas.getContext("2d").putImageData(pixels(rows, colors, top), 0, 0);
}

/** A card a head: its heat map, what it is called and how it looks around. */
function cards(ui, count, name) {
  const group = uid("heads");
  const all = Array.from({ length: count }, (_, n) => {
    const input = h("input", { type: "radio", name: group, value: n, onchange: () => ui.save("head", n) });
    const canvas = h("canvas", { "aria-hidden": "true" }), mark = h("div", { class: "mhaw-mark" });
    const bits = h("span"), far = h("span");
    const node = h("label", { class: "mhaw-card" }, input, h("div", { class: "mhaw-thumb" }, canvas, mark), h("b", {}, name(n)), bits, far);
    return { node, input, canvas, mark, bits, far };
  });
  return { all, node: h("div", { class: "mhaw-cards", role: "radiogroup", "aria-label": ui.t("heads") }, all.map((card) => card.node)) };
}

function build(ui) {
  const { model, root, t } = ui;
  const tokens = model.get("tokens"), keys = model.get("key_tokens"), shape = model.get("shape");
  const [L, H, Tq, Tk] = shape;
  const name = (n) => {
    const given = model.get("names")[n];
    if (!given) return t("head", { n: n + 1 });
    const known = t(`head:${given}`);
    return t("named", { head: t("head", { n: n + 1 }), name: known === `head:${given}` ? given : known });
  };
  const { range, tick, follow } = controls(ui);
  const layer = range("layer", 1, L, { to: (x) => x - 1, from: (n) => n + 1 });
  const token = range("token", 0, Tq, {
    show: (x) => (x < 1 ? t("all") : `${x} ${visible(tokens[x - 1])}`), to: (x) => (x < 1 ? null : x - 1), from: (i) => (i ?? -1) + 1,
  });
  token.node.classList.add("mhaw-steady");
  const own = tick("own_scale");
  const view = cards(ui, H, name);
  let rows = null;
  const look = (i) => {
    for (const { mark } of view.all) mark.style.cssText = i === null ? "display: none" : `top: ${100 * i / Tq}%; height: ${100 / Tq}%`;
    chart.draw(arcs(rows, i), model.get("token"), i === null ? null : rows[i]);
  };
  const chart = links({
    label: t("words"), left: tokens, right: keys,
    pick: (i) => ui.save("token", i), look: (i) => look(i ?? model.get("token")),
  });
  root.append(
    h("div", { class: "mhaw-controls" }, L > 1 ? layer.node : [], token.node, own.node),
    h("div", { class: `mhaw-split${H > 4 ? " mhaw-one" : ""}` }, view.node, h("div", {}, chart.node, h("p", { class: "mhaw-note" }, t("key", { least: format(LEAST, 2) })))),
  );
  let data = null, bytes = null, painted = "", numbers = [];
  return () => {
    if (bytes !== model.get("data")) { bytes = model.get("data"); data = floats(bytes); painted = ""; }
    const at = model.get("layer"), head = model.get("head"), i = model.get("token");
    follow();
    const colors = palette(root), state = [at, model.get("own_scale"), ...colors.blue].join();
    if (state !== painted) {
      painted = state;
      numbers = view.all.map((card, n) => {
        const weights = rowsOf(data, shape, at, n), s = statistics(weights), nothing = Number.isNaN(s.entropy);
        paint(card.canvas, weights, colors, model.get("own_scale") ? largest(weights) : 1);
        card.bits.textContent = nothing ? t("none") : t("bits", { x: format(s.entropy) });
        card.far.textContent = nothing ? "" : t("far", { x: format(s.distance) });
        return s;
      });
    }
    view.all[head].input.checked = true;
    rows = rowsOf(data, shape, at, head);
    look(chart.over() ?? i);
    const s = numbers[head], values = {
      head: name(head), bits: format(s.entropy), far: format(s.distance), max: format(Math.log2(Tk)),
    };
    if (i === null) return ui.say(t(Number.isNaN(s.entropy) ? "readingNone" : "reading", values));
    const best = rows[i].indexOf(Math.max(...rows[i])), seen = rows[i][best] > 0;
    ui.say(t(seen ? "readingToken" : "readingEmpty", { ...values, token: visible(tokens[i]), key: visible(keys[best]), p: format(rows[i][best]) }));
  };
}

export default { render: (context) => mount(context, "head-explorer", strings, build) };

import { checkbox, choice, format, h, heatmap, mount, slider } from "./shared.js";

// ---------------------------------------------------------------- arithmetic

/** Angle per position of each pair: base^(-2i/d). */
export const frequencies = (d, base) => Array.from({ length: d / 2 }, (_, i) => base ** (-2 * i / d));

/** The sinusoidal vector of position t, sines and cosines in turn. */
export const sinusoid = (t, d, base) => frequencies(d, base).flatMap((w) => [Math.sin(t * w), Math.cos(t * w)]);

/** x turned by position t; pair i is x[i] and x[i + d/2]. */
export function turn(x, t, base) {
  const half = x.length / 2, angles = frequencies(x.length, base).map((w) => t * w);
  const first = angles.map((a, i) => x[i] * Math.cos(a) - x[i + half] * Math.sin(a));
  return [...first, ...angles.map((a, i) => x[i] * Math.sin(a) + x[i + half] * Math.cos(a))];
}

/** ALiBi's slope of each of H heads, as mha_book.positions.alibi_slopes. */
export function slopes(H) {
  const power = 2 ** Math.floor(Math.log2(H));
  return Array.from({ length: H }, (_, n) => 2 ** -(n < power ? 8 * (n + 1) / power : 4 * (2 * (n - power) + 1) / power));
}

const dot = (a, b) => a.reduce((sum, x, i) => sum + x * b[i], 0);

/** Similarity of positions offset + i (rows) and offset + j (columns). */
export function similarity({ scheme, d, base, length, offset, heads, head, query, key }) {
  const places = Array.from({ length }, (_, i) => offset + i);
  if (scheme === "alibi") {
    const slope = slopes(heads)[head];
    return places.map((s) => places.map((t) => -slope * Math.abs(s - t)));
  }
  const rotary = scheme === "rotary";
  const rows = places.map((s) => (rotary ? turn(query.slice(0, d), s, base) : sinusoid(s, d, base)));
  const columns = rotary ? places.map((t) => turn(key.slice(0, d), t, base)) : rows;
  return rows.map((a) => columns.map((b) => dot(a, b) / (rotary ? Math.sqrt(d) : 1)));
}

/** cos(t ω) for each position t (rows) and pair (columns). */
export const waves = ({ d, base, length, offset }) =>
  Array.from({ length }, (_, n) => frequencies(d, base).map((w) => Math.cos((offset + n) * w)));

/** First column backwards, then first row: similarity by distance j - i, from 1 - length to length - 1. */
export const curve = (matrix) => [...matrix.slice(1).map((row) => row[0]).reverse(), ...matrix[0]];

/** Unit vector of one pair at position t: of the waves, or of x turned. */
export function arrow(scheme, x, pair, t, d, base) {
  const angle = t * frequencies(d, base)[pair] + (scheme === "rotary" ? Math.atan2(x[pair + d / 2], x[pair]) : 0);
  return [Math.cos(angle), Math.sin(angle)];
}

// ---------------------------------------------------------------- drawing

const strings = {
  en: {
    title: "Positions as functions of distance", scheme: "Scheme", sinusoidal: "sinusoidal", rotary: "rotary (RoPE)", alibi: "ALiBi",
    d: "Width d", base: "Base", length: "Positions", offset: "Offset", distance: "Distance t − s", pair: "Pair i", heads: "Heads", head: "Head h",
    same: "key = query",
    by_sinusoidal: "Dot product Pₛ·Pₜ by distance t − s", by_rotary: "Score ⟨RoPE(q, s), RoPE(k, t)⟩/√d by distance t − s", by_alibi: "Bias −mₕ|s − t| of all heads by distance t − s; head {h} in bold",
    matrix: "The same for each s (rows) and t (columns) from {a} to {b}: pick a cell", turning: "Pair {i} turns: s = {s} solid blue, t = {t} dashed red, dots: all t",
    table: "cos(t ωᵢ): positions t (rows), pairs i (columns)",
    waves: "Distance {x}: {y}. Pair {i} turns by {w} rad a position, once around in {period}; over this distance by {angle} rad.",
    bias: "Distance {x}: bias {y}. Head {h} has slope {m}; the bias divides a weight by {factor} before the row is normalised.",
  },
  zh_CN: {
    title: "位置编码：距离的函数", scheme: "方案", sinusoidal: "正弦", rotary: "旋转（RoPE）", alibi: "ALiBi",
    d: "宽度 d", base: "底数", length: "位置个数", offset: "起始位置", distance: "距离 t − s", pair: "坐标对 i", heads: "头数", head: "头 h",
    same: "键 = 查询",
    by_sinusoidal: "点积 Pₛ·Pₜ 随距离 t − s 的变化", by_rotary: "分数 ⟨RoPE(q, s), RoPE(k, t)⟩/√d 随距离 t − s 的变化", by_alibi: "各头的偏置 −mₕ|s − t| 随距离 t − s 的变化；头 {h} 加粗",
    matrix: "同一数值，s（行）与 t（列）从 {a} 到 {b}：可点选单元格", turning: "坐标对 {i} 的旋转：s = {s} 蓝色实线，t = {t} 红色虚线，圆点为所有位置",
    table: "cos(t ωᵢ)：行为位置 t，列为坐标对 i",
    waves: "距离 {x}：{y}。坐标对 {i} 每个位置转 {w} 弧度，{period} 个位置转一圈；此距离共转 {angle} 弧度。",
    bias: "距离 {x}：偏置 {y}。头 {h} 的斜率为 {m}；归一化之前，该偏置把权重除以 {factor}。",
  },
};

const W = 340, H = 210, LEFT = 44, RIGHT = 10, TOP = 10, BOTTOM = 24, R = 84;

/** Lines over the distances from -reach to reach, with a marker; onmove(distance) hears the pointer. */
function chart(onmove) {
  const svg = h("svg", { viewBox: `0 0 ${W} ${H}`, width: W, height: H, class: "mhaw-chart", role: "img", style: "touch-action: pan-y; cursor: ew-resize" });
  let reach = 1;
  const drag = (e) => {
    const box = svg.getBoundingClientRect(), part = ((e.clientX - box.left) / box.width * W - LEFT) / (W - LEFT - RIGHT);
    onmove(Math.max(-reach, Math.min(reach, Math.round((2 * part - 1) * reach))));
  };
  svg.addEventListener("pointerdown", (e) => { svg.setPointerCapture(e.pointerId); drag(e); });
  svg.addEventListener("pointermove", (e) => { if (svg.hasPointerCapture(e.pointerId)) drag(e); });
  const draw = (lines, chosen, distance, label) => {
    reach = (lines[0].length - 1) / 2;
    const top = Math.max(0, ...lines.flat()), low = Math.min(0, ...lines.flat()), span = top - low || 1;
    const x = (i) => LEFT + (W - LEFT - RIGHT) * i / (2 * reach), y = (v) => TOP + (H - TOP - BOTTOM) * (top - v) / span;
    const text = (a, b, s, anchor) => h("text", { x: a, y: b, "text-anchor": anchor }, s);
    const rule = (x1, y1, x2, y2) => h("line", { x1, y1, x2, y2, stroke: "var(--mhaw-line)" });
    const path = (line, n) => h("polyline", {
      points: line.map((v, i) => `${x(i).toFixed(1)},${y(v).toFixed(1)}`).join(" "), fill: "none",
      stroke: `var(--mhaw-${n === chosen ? "blue" : "faint"})`, "stroke-width": n === chosen ? 2.5 : 1,
    });
    const at = distance + reach;
    svg.setAttribute("aria-label", label);
    svg.replaceChildren(
      rule(LEFT, y(0), W - RIGHT, y(0)), rule(x(reach), TOP, x(reach), H - BOTTOM),
      ...[top, 0, low].filter((v, n) => n === 1 || Math.abs(y(v) - y(0)) > 12).map((v) => text(LEFT - 6, y(v) + 4, format(v, v ? 1 : 0), "end")),
      ...[-reach, 0, reach].map((v) => text(x(v + reach), H - 6, format(v, 0), v < 0 ? "start" : v ? "end" : "middle")),
      ...lines.map(path),
      h("line", { x1: x(at), x2: x(at), y1: TOP, y2: H - BOTTOM, stroke: "var(--mhaw-red)", "stroke-dasharray": "4 3" }),
      h("circle", { cx: x(at), cy: y(lines[chosen][at]), r: 5, fill: "var(--mhaw-red)" }));
  };
  return { svg, draw };
}

/** The circle on which a pair of coordinates turns. */
function wheel() {
  const svg = h("svg", { viewBox: "-100 -100 200 200", width: 210, height: 210, class: "mhaw-chart", role: "img" });
  const hand = ([x, y], color, dashes) => [
    h("line", { x1: 0, y1: 0, x2: R * x, y2: -R * y, stroke: `var(--mhaw-${color})`, "stroke-width": 3, "stroke-dasharray": dashes }),
    h("circle", { cx: R * x, cy: -R * y, r: 6, fill: `var(--mhaw-${color})` })];
  const draw = (from, to, dots, label) => {
    svg.setAttribute("aria-label", label);
    svg.replaceChildren(
      h("circle", { r: R, fill: "none", stroke: "var(--mhaw-line)" }),
      ...dots.map(([x, y]) => h("circle", { cx: R * x, cy: -R * y, r: 2.5, fill: "var(--mhaw-faint)" })),
      ...hand(from, "blue", "none"), ...hand(to, "red", "6 4"));
  };
  return { svg, draw };
}

/** The model's numbers, pulled into range. */
function read(model) {
  const names = ["scheme", "d", "base", "length", "offset", "distance", "pair", "same", "heads", "head", "query", "key"];
  const state = Object.fromEntries(names.map((name) => [name, model.get(name)]));
  const reach = state.length - 1;
  state.distance = Math.max(-reach, Math.min(reach, state.distance));
  state.pair = Math.min(state.pair, state.d / 2 - 1);
  state.head = Math.min(state.head, state.heads - 1);
  if (state.same) state.key = state.query;
  return state;
}

function build(ui) {
  const { model, root, t } = ui, save = (name) => (x) => ui.save(name, x);
  const range = (name, min, max, step = 1) => slider({ label: t(name), min, max, step, value: model.get(name), show: (x) => format(x, 0), oninput: save(name) });
  const scheme = choice({ label: t("scheme"), options: ["sinusoidal", "rotary", "alibi"].map((v) => [v, t(v)]), value: model.get("scheme"), onchange: save("scheme") });
  const base = slider({ label: t("base"), min: 1, max: 6, step: 0.1, value: Math.log10(model.get("base")), show: (x) => format(10 ** x, 0), oninput: (x) => ui.save("base", 10 ** x) });
  const same = checkbox({ label: t("same"), value: model.get("same"), onchange: save("same") });
  const ranges = { d: range("d", 4, 64, 2), pair: range("pair", 0, 31), heads: range("heads", 1, 16), head: range("head", 0, 15),
    length: range("length", 8, 64), offset: range("offset", 0, 1000), distance: range("distance", -63, 63) };
  const lines = chart(save("distance")), circle = wheel();
  const map = heatmap({ label: t("title"), onpick: (i, j) => ui.save("distance", j - i) }), table = heatmap({ label: t("table") });
  const panel = (node) => h("div", { class: "mhaw-panel" }, h("div"), node);
  const panels = [lines.svg, map.node, circle.svg, table.node].map(panel);
  root.append(
    h("div", { class: "mhaw-controls" }, scheme.node, ranges.d.node, base.node, ...Object.values(ranges).slice(1).map((r) => r.node), same.node),
    h("div", { class: "mhaw-row" }, panels));
  return () => {
    const state = read(model), { d, length, offset, distance, pair, head } = state, alibi = state.scheme === "alibi";
    const matrix = similarity(state), s = offset + Math.max(0, -distance), last = offset + length - 1;
    scheme.set(state.scheme);
    base.set(Math.log10(state.base));
    same.set(state.same);
    const bounds = { pair: [0, d / 2 - 1], head: [0, state.heads - 1], distance: [1 - length, length - 1] };
    for (const [name, { input, set }] of Object.entries(ranges)) {
      if (bounds[name]) [input.min, input.max] = bounds[name];
      set(state[name]);
    }
    for (const { node } of [ranges.heads, ranges.head]) node.hidden = !alibi;
    for (const node of [ranges.d.node, base.node, ranges.pair.node, panels[2], panels[3]]) node.hidden = alibi;
    same.node.hidden = state.scheme !== "rotary";
    const captions = [t(`by_${state.scheme}`, { h: head }), t("matrix", { a: offset, b: last }), t("turning", { i: pair, s, t: s + distance }), t("table")];
    panels.forEach((node, n) => { node.firstChild.textContent = captions[n]; });
    const heads = alibi ? slopes(state.heads).map((m) => Array.from({ length: 2 * length - 1 }, (_, n) => -m * Math.abs(n - length + 1))) : [curve(matrix)];
    lines.draw(heads, alibi ? head : 0, distance, captions[0]);
    map.draw(matrix, { cell: Math.max(4, Math.floor(264 / length)) });
    table.draw(waves(state), { vmax: 1, cell: Math.max(4, Math.min(16, Math.floor(256 / length))) });
    const hand = (x, place) => arrow(state.scheme, x, pair, place, d, state.base);
    circle.draw(hand(state.query, s), hand(state.key, s + distance), matrix.map((_, n) => hand(state.key, offset + n)), captions[2]);
    const w = frequencies(d, state.base)[pair], m = slopes(state.heads)[head];
    const reading = { x: format(distance, 0), y: format(curve(matrix)[distance + length - 1], 3), i: pair, h: head };
    ui.say(alibi ? t("bias", { ...reading, m: m.toPrecision(3), factor: Math.exp(m * Math.abs(distance)).toPrecision(3) })
      : t("waves", { ...reading, w: w.toPrecision(3), period: format(2 * Math.PI / w, 1), angle: format(distance * w) }));
  };
}

export default { render: (context) => mount(context, "position-schemes", strings, build) };

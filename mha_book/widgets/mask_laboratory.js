import { format, matmul, softmax, transpose } from "./arithmetic.js";
import { controls } from "./controls.js";
import { h } from "./elements.js";
import { heatmap } from "./heat_map.js";
import { mount } from "./mount.js";
import { paintGrid } from "./paint_grid.js";

// ---------------------------------------------------------------- arithmetic

/** The parameter of a pattern, pulled into its range: real tokens, window, prefix or block. */
export const fit = (pattern, T, size) => Math.min(T, Math.max(pattern === "window" || pattern === "block" ? 1 : 0, size));

/** Who may attend to whom, as T rows of T booleans; cells that nobody painted are visible. */
export function mask(pattern, T, n, painted) {
  const size = fit(pattern, T, n), own = (i) => Math.floor(i / size);
  const rule = {
    causal: (i, j) => j <= i,
    padding: (i, j) => j < size,
    left_padding: (i, j) => j <= i && j >= T - size,
    window: (i, j) => i >= j && i - j < size,
    prefix: (i, j) => j <= i || j < size,
    block: (i, j) => own(i) === own(j) || own(i) === 0 || own(j) === 0,
    painted: (i, j) => painted[i]?.[j] ?? true,
  }[pattern];
  return Array.from({ length: T }, (_, i) => Array.from({ length: T }, (_, j) => rule(i, j)));
}

/** Scaled scores of all pairs. */
export const scores = (q, k) => matmul(q, transpose(k)).map((row) => row.map((x) => x / Math.sqrt(k[0].length)));

/** Weights: hiding is "safe" (a row that sees nothing is 0), "add" or "fill" (-inf) or "large" (-1e9). */
export function weights(s, keep, hiding) {
  return s.map((row, i) => {
    if (hiding === "safe") return softmax(row, keep[i]);
    const x = row.map((y, j) => (keep[i][j] ? y : hiding === "large" ? -1e9 : -Infinity));
    const top = Math.max(...x), e = x.map((y) => Math.exp(y - top)); // -inf - -inf is NaN, here as in torch
    const sum = e.reduce((a, b) => a + b, 0);
    return e.map((y) => y / sum);
  });
}

/** Length of the gradient of the sum of all outputs, for each query, key and value. */
export function gradients(q, k, v, keep, hiding) {
  const a = weights(scores(q, k), keep, hiding), sum = (x) => x.reduce((m, y) => m + y, 0);
  const da = v.map(sum); // the same for every query
  const ds = a.map((row, i) => {
    const mean = sum(row.map((p, j) => p * da[j]));
    return row.map((p, j) => (hiding !== "add" && !keep[i][j] ? 0 : p * (da[j] - mean) / Math.sqrt(k[0].length)));
  });
  const norms = (rows) => rows.map((row) => Math.hypot(...row));
  return { q: norms(matmul(ds, k)), k: norms(matmul(transpose(ds), q)), v: transpose(a).map((c) => Math.sqrt(v[0].length) * sum(c)) };
}

/** Python code that makes the mask for a library and passes it on; says what True means there. */
export function code(library, pattern, T, size, painted, notes = strings.en) {
  const n = fit(pattern, T, size), at = `torch.arange(${T})`, tril = `torch.ones(${T}, ${T}, dtype=torch.bool).tril()`;
  const cells = mask(pattern, T, n, painted).map((row) => `    [${row.map(Number).join(", ")}],\n`).join("");
  const torch = {
    causal: `keep = ${tril}`,
    padding: `keep = (${at} < ${n})[None]`,
    left_padding: `keep = ${tril} & (${at} >= ${T - n})`,
    window: `distance = ${at}[:, None] - ${at}\nkeep = (distance >= 0) & (distance < ${n})`,
    prefix: `keep = ${tril} | (${at} < ${n})`,
    block: `block = ${at} // ${n}\nfirst = block == 0\nkeep = (block[:, None] == block) | first[:, None] | first`,
    painted: `keep = torch.tensor([\n${cells}]).bool()`,
  }[pattern];
  const ours = {
    causal: `masks.causal(${T})`, padding: `masks.padding([${n}], ${T})`,
    left_padding: `masks.causal(${T}) & masks.padding([${n}], ${T}).flip(-1)`,
    window: `masks.sliding_window(${T}, size=${n})`, prefix: `masks.prefix(${T}, ${n})`,
  }[pattern];
  const call = "scaled_dot_product_attention", shows = `  # ${notes.shows}\nout = ${call}(q, k, v,`, hides = `  # ${notes.hides}\n`;
  if (library === call) return `import torch\nfrom torch.nn.functional import ${call}\n\n${torch}${shows} attn_mask=keep)`;
  if (library === "mha_book")
    return `${ours ? "from mha_book import masks," : "import torch\nfrom mha_book import"} ${call}\n\n${ours ? `keep = ${ours}` : torch}${shows} keep=keep)`;
  const pads = `key_padding_mask = ${at}[None] ${pattern === "padding" ? `>= ${n}` : `< ${T - n}`}`;
  const lines = { padding: [pads], left_padding: [`attn_mask = ~${tril}`, pads] }[pattern] ?? [`${torch}\nattn_mask = ~keep`];
  const passed = ["attn_mask", "key_padding_mask"].filter((name) => lines.join().includes(name)).map((name) => `${name}=${name}`);
  return `import torch\n\n${lines.map((line) => line + hides).join("")}out, weights = mha(x, x, x, ${passed.join(", ")})`;
}

// ---------------------------------------------------------------- drawing

const strings = {
  en: {
    title: "Mask laboratory", pattern: "Mask", tokens: "Tokens T", size_: "Real tokens", size_window: "Window", size_prefix: "Prefix", size_block: "Block",
    causal: "causal", padding: "padding on the right", left_padding: "causal, padding on the left", window: "sliding window",
    prefix: "prefix", block: "block-sparse", painted: "painted by hand", hiding: "Plain softmax", add: "add −inf", fill: "fill in −inf", large: "fill in −1e9",
    keep: "Mask: 1 may attend, 0 is hidden. Click a cell, or q or k for a whole row or column.",
    cell: "query {i}, key {j}", row: "all keys of query {i}", column: "key {j} for all queries", corner: "all pairs",
    scores: "Scores QKᵀ/√d, hidden ones struck out", safe: "Weights, safe softmax: empty rows are 0", plain: "Weights, plain softmax: 0/0 is NaN",
    grads: "Size of the gradient of the summed outputs, by token. 0: dead. NaN: spoils all parameters behind it.",
    library: "Code for", shows: "True: may attend", hides: "True: hidden", none: "none", ours: "safe", other: "plain",
    reading: "{n} of {all} pairs visible. Queries that see nothing: {rows}. Keys that nobody sees: {cols}. Plain softmax: {nan} of {total} gradients are NaN.",
  },
  zh_CN: {
    title: "掩码实验室", pattern: "掩码", tokens: "词元数 T", size_: "真实词元数", size_window: "窗口", size_prefix: "前缀", size_block: "块",
    causal: "因果掩码", padding: "右侧填充", left_padding: "因果掩码，左侧填充", window: "滑动窗口",
    prefix: "前缀", block: "块稀疏", painted: "手工绘制", hiding: "普通 softmax", add: "加上 −inf", fill: "填入 −inf", large: "填入 −1e9",
    keep: "掩码：1 为可见，0 为隐藏。点击单元格，或点击 q、k 切换整行、整列。",
    cell: "查询 {i}，键 {j}", row: "查询 {i} 的所有键", column: "所有查询的键 {j}", corner: "全部",
    scores: "分数 QKᵀ/√d，划去者为隐藏", safe: "注意力权重，安全 softmax：空行为 0", plain: "注意力权重，普通 softmax：0/0 为 NaN",
    grads: "输出之和对各词元的梯度大小。0：无梯度；NaN：污染其后的所有参数。",
    library: "代码", shows: "True：可见", hides: "True：隐藏", none: "无", ours: "安全", other: "普通",
    reading: "{all} 对中 {n} 对可见。看不到键的查询：{rows}。没有查询看到的键：{cols}。普通 softmax：{total} 个梯度中 {nan} 个为 NaN。",
  },
};

function build(ui) {
  const { model, root, t } = ui, get = (name) => model.get(name);
  const { range, select, follow } = controls(ui);
  const pattern = select("pattern", ["causal", "padding", "left_padding", "window", "prefix", "block", "painted"]);
  const hiding = select("hiding", ["add", "fill", "large"]);
  const library = select("library", ["mha_book", "scaled_dot_product_attention", "nn.MultiheadAttention"]);
  const tokens = range("tokens", 3, 16), size = range("size", 0, 16, { from: (n) => fit(get("pattern"), get("tokens"), n) });
  const cells = paintGrid(t, (painted) => { ui.save("painted", painted); ui.save("pattern", "painted"); });
  const maps = Object.fromEntries(["scores", "safe", "plain"].map((name) => [name, heatmap({ label: t(name), cell: 40 })]));
  const panel = (text, node, props = {}) => h("div", { class: "mhaw-panel" }, h("div", {}, text), h("div", { class: "mhaw-scroll", ...props }, node));
  const shown = (name) => panel(t(name), maps[name].node), table = h("table", { class: "mhaw-grads" }), pre = h("pre", { tabindex: 0, "aria-label": t("library") });
  root.append(
    h("div", { class: "mhaw-controls" }, pattern.node, tokens.node, size.node, hiding.node),
    h("div", { class: "mhaw-row" }, panel(t("keep"), cells.node), shown("scores")),
    h("div", { class: "mhaw-row" }, shown("safe"), shown("plain")),
    panel(t("grads"), table, { tabindex: 0, role: "group", "aria-label": t("grads") }),
    library.node, pre);
  return () => {
    const T = get("tokens"), now = get("pattern"), keep = mask(now, T, get("size"), get("painted")), how = get("hiding");
    const [q, k, v] = ["q", "k", "v"].map((name) => get("vectors")[name].slice(0, T));
    size.node.hidden = now === "causal" || now === "painted";
    size.node.firstChild.textContent = t(`size_${now.replace(/.*padding/, "")}`);
    [size.input.min, size.input.max] = [fit(now, T, 0), T];
    follow();
    cells.draw(keep);
    const s = scores(q, k), look = T > 8 ? { cell: 20 } : { digits: 2, vmax: 1 };
    maps.scores.draw(s, { ...look, keep, vmax: null });
    maps.safe.draw(weights(s, keep, "safe"), { ...look, keep });
    maps.plain.draw(weights(s, keep, how), { ...look, keep });
    const lost = [], rows = [["safe", "ours"], [how, "other"]].flatMap(([kind, label]) =>
      Object.entries(gradients(q, k, v, keep, kind)).map(([name, norms]) => h("tr", {}, h("th", { scope: "row" }, `${t(label)} ∂${name}`), norms.map((x) => {
        if (Number.isNaN(x)) lost.push(x);
        return h("td", { class: x === 0 ? "mhaw-dead" : Number.isNaN(x) ? "mhaw-nan" : "" }, x === 0 ? "0" : format(x));
      }))));
    table.replaceChildren(h("tr", {}, h("td"), q.map((_, i) => h("th", { scope: "col" }, i + 1))), ...rows);
    pre.textContent = code(get("library"), now, T, get("size"), get("painted"), { shows: t("shows"), hides: t("hides") });
    const list = (lines) => lines.flatMap((line, i) => (line.some(Boolean) ? [] : [i + 1])).join(", ") || t("none");
    ui.say(t("reading", { n: keep.flat().filter(Boolean).length, all: T * T, rows: list(keep), cols: list(transpose(keep)), nan: lost.length, total: 3 * T }));
  };
}

export default { render: (context) => mount(context, "mask-laboratory", strings, build) };

import { format } from "./arithmetic.js";
import { slider } from "./controls.js";
import { h, math } from "./elements.js";
import { LINES, WORK, trace } from "./module_shapes.js";
import { mount } from "./mount.js";
import { bytes, group, short } from "./units.js";

const strings = {
  en: {
    title: "Shapes in multi-head attention", B: "Sequences B", T: "Tokens T", d_model: "Width d_model", num_heads: "Heads H", num_kv_heads: "Key-value heads H_kv", d_ff: "Feed-forward d_ff",
    same: "= H", off: "off", split: "The columns of q, k and v, cut into heads of {d}", shared: "A query head reads the key head and the value head of its own letter and colour.",
    q: "queries", k: "keys", v: "values", line: "Line of the module", letters: "Letters", shape: "Shape", flops: "FLOPs",
    shapes: "Shapes", parameters: "Parameters", weights: "weights", biases: "biases", both: "together", total: "total", memory: "Memory",
    activations: "activations", scores: "scores, if they are stored", cache: "cache of keys and values",
    work: "Share of the FLOPs", projections: "projections", products: "QKᵀ and AV", network: "feed-forward network",
    note: "Activations are {list}, each once; split and merge move no numbers. 1 GB is 10⁹ bytes.",
    reading: "Heads of width {d}; {p} parameters with biases, {f}FLOPs, of which QKᵀ and AV take {s} %.",
    heads: "No such module: H = {H} does not divide d_model = {d_model}. The columns must split into equally wide heads; {H} heads would be {d} columns wide.",
    groups: "No such module: H_kv = {K} does not divide H = {H}. Each key-value head must serve equally many query heads.",
  },
  zh_CN: {
    title: "多头注意力中的形状", B: "序列数 B", T: "词元数 T", d_model: "宽度 d_model", num_heads: "头数 H", num_kv_heads: "键值头数 H_kv", d_ff: "前馈宽度 d_ff",
    same: "= H", off: "关", split: "q、k、v 的列切分成宽度为 {d} 的头", shared: "查询头读取与它字母和颜色相同的键头与值头。",
    q: "查询", k: "键", v: "值", line: "模块中的代码行", letters: "字母", shape: "形状", flops: "FLOPs",
    shapes: "形状", parameters: "参数量", weights: "权重", biases: "偏置", both: "合计", total: "总计", memory: "内存",
    activations: "激活值", scores: "分数（若存储）", cache: "键值缓存",
    work: "FLOPs 的占比", projections: "投影", products: "QKᵀ 与 AV", network: "前馈网络",
    note: "激活值包括 {list}，各计一次；切分与合并不移动任何数。1 GB 等于 10⁹ 字节。",
    reading: "每个头的宽度为 {d}；含偏置共 {p} 个参数，{f}FLOPs，其中 QKᵀ 与 AV 占 {s} %。",
    heads: "不存在这样的模块：H = {H} 不能整除 d_model = {d_model}。各列必须切分成等宽的头，而 {H} 个头的宽度会是 {d} 列。",
    groups: "不存在这样的模块：H_kv = {K} 不能整除 H = {H}。每个键值头必须服务同样多的查询头。",
  },
};

const powers = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => 2 ** (from + i));
const COUNTS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 20, 24, 25, 28, 32, 40, 48, 64, 96, 128];
const STOPS = {
  B: powers(0, 6), T: powers(0, 17), d_model: [4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 576, 768, 1024, 1536, 2048, 3072, 4096, 5120, 8192, 12288, 16384],
  num_heads: COUNTS, num_kv_heads: [0, ...COUNTS], d_ff: [0, ...powers(4, 16)],
};
const COLORS = ["blue", "gold", "green", "purple", "red"];
const percent = (x) => `${100 * x}%`;
const letter = (g) => String.fromCharCode((g % 52) + (g % 52 < 26 ? 65 : 71));

/** A row of coloured blocks, as wide as its parts [share, colour, text, title] say. */
function blocks(parts, label) {
  let from = 0;
  return h("svg", { class: "mhaw-blocks", role: "img", "aria-label": label }, parts.map(([share, color, text, title]) => {
    const node = h("g", {}, h("title", {}, title),
      h("rect", { x: percent(from), y: 0, width: percent(share), height: 28, fill: `var(--mhaw-${color})`, "fill-opacity": 0.35, stroke: "var(--mhaw-ink)", "stroke-width": parts.length > 32 ? 0.25 : 0.75 }),
      h("text", { x: percent(from + share / 2), y: 19, "text-anchor": "middle" }, text));
    from += share;
    return node;
  }));
}

function build(ui) {
  const { model, root, t } = ui;
  const names = Object.keys(STOPS);
  const say = (name, x) => (x ? group(x) : t(name === "d_ff" ? "off" : "same"));
  const sizes = names.map((name) => {
    let stops = STOPS[name];
    const control = slider({ label: "", min: 0, max: 0, value: 0, show: (i) => say(name, stops[i]), onchange: (i) => ui.save(name, stops[i]) });
    control.node.querySelector("label").replaceChildren(...math(t(name)));
    control.follow = () => { // a size between the stops becomes one
      const size = model.get(name);
      if (!stops.includes(size)) stops = [...stops, size].sort((a, b) => a - b);
      control.input.max = stops.length - 1;
      control.set(stops.indexOf(size));
    };
    return control;
  });
  const error = h("p", { class: "mhaw-error", role: "alert" });
  const note = h("p", { class: "mhaw-note" }), picture = h("div"), split = h("div", { class: "mhaw-caption" }), bar = h("div");
  const caption = (text) => h("div", { class: "mhaw-caption" }, text);
  const table = (head) => h("table", { class: "mhaw-ledger" }, h("thead", {}, h("tr", {}, head.map((text) => h("th", { scope: "col" }, text)))), h("tbody"));
  const fill = (node, rows) => node.tBodies[0].replaceChildren(...rows.map(([first, ...rest]) => h("tr", {}, h("th", { scope: "row" }, first), rest.map((x) => h("td", {}, x)))));
  const scroll = (title, node) => h("div", { class: "mhaw-scroll", tabindex: 0, role: "group", "aria-label": title }, caption(title), node);
  const shapes = table([t("line"), t("shape"), t("letters"), t("flops")]);
  const parameters = table(["", t("weights"), t("biases"), t("both")]);
  const memory = table(["", "float32", "bfloat16"]);
  const body = h("div", {}, split, picture, h("p", { class: "mhaw-note" }, t("shared")), scroll(t("shapes"), shapes), caption(t("work")), bar,
    h("div", { class: "mhaw-row" }, scroll(t("parameters"), parameters), scroll(t("memory"), memory)), note);
  root.append(h("div", { class: "mhaw-controls" }, sizes.map((c) => c.node)), error, body);

  const draw = (now, made) => {
    const { num_heads: H, d_model, d_ff } = now, K = now.num_kv_heads || H, d = d_model / H;
    const every = Math.ceil(H / 16), color = (g) => COLORS[g % COLORS.length];
    split.textContent = t("split", { d });
    const heads = (count, kind) => Array.from({ length: count }, (_, i) => {
      const g = Math.floor(i * K / count);
      return [1 / H, color(g), i % every ? "" : letter(g), `${t(kind)} ${i + 1}: ${i * d + 1}–${(i + 1) * d}`];
    });
    const cut = `${H} ${K} ${d}`; // hundreds of blocks: drawn anew only if they change
    if (picture.dataset.cut !== cut) picture.replaceChildren(...["q", "k", "v"].map((kind) => {
      const count = kind === "q" ? H : K;
      return h("div", { class: "mhaw-strip" }, h("span", {}, `${kind}: ${count} × ${d}`), blocks(heads(count, kind), `${t(kind)}: ${count} × ${d}`));
    }));
    picture.dataset.cut = cut;
    fill(shapes, LINES.filter(([name]) => made.shapes[name]).map(([name, code, letters]) => [
      h("code", {}, code), `(${made.shapes[name].join(", ")})`, h("span", {}, math(letters)), name in made.flops || WORK[name] ? short(made.flops[WORK[name] ?? name]) : "",
    ]));
    const sum = (list) => list.reduce((a, b) => a + b, 0), each = Object.values(made.parameters);
    const weights = sum(each.map((p) => p[0])), biases = sum(each.map((p) => p[1]));
    fill(parameters, [...Object.entries(made.parameters).map(([name, [w, b]]) => [h("code", {}, name), group(w), group(b), group(w + b)]), [t("total"), group(weights), group(biases), group(weights + biases)]]);
    fill(memory, Object.entries(made.numbers).map(([name, n]) => [t(name), bytes(4 * n), bytes(2 * n)]));
    note.textContent = t("note", { list: `x, q, k, v, heads, y${d_ff ? ", hidden, z" : ""}` });
    const f = made.flops, total = sum(Object.values(f)), products = f.scores + f.heads, network = d_ff ? f.up_proj + f.down_proj : 0;
    const parts = [["projections", total - products - network, "blue"], ["products", products, "gold"], ["network", network, "green"]].filter(([, n]) => n);
    const text = (name, n) => `${t(name)} ${format(100 * n / total, 1)} %`;
    bar.replaceChildren(blocks(parts.map(([name, n, c]) => [n / total, c, "", text(name, n)]), t("work")),
      h("div", { class: "mhaw-row" }, parts.map(([name, n, c]) => h("span", {}, h("span", { class: "mhaw-key", style: `--mhaw-tone: var(--mhaw-${c})` }), text(name, n)))));
    ui.say(t("reading", { d, p: group(weights + biases), f: short(total).replace(/\d$/, "$& "), s: format(100 * products / total, 1) }));
  };
  return () => {
    const now = Object.fromEntries(names.map((name) => [name, model.get(name)])), made = trace(now);
    sizes.forEach((c) => c.follow());
    body.style.visibility = made.error ? "hidden" : "";
    error.textContent = made.error ? t(made.error, { H: now.num_heads, K: now.num_kv_heads, d_model: now.d_model, d: format(now.d_model / now.num_heads) }) : "";
    if (made.error) ui.say("");
    else draw(now, made);
  };
}

export default { render: (context) => mount(context, "shape-tracer", strings, build) };

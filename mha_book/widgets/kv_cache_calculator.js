import { format } from "./arithmetic.js";
import { controls, logarithmic } from "./controls.js";
import { h, uid } from "./elements.js";
import { mount } from "./mount.js";
import { bytes, group } from "./units.js";

// ---------------------------------------------------------------- arithmetic

export const BYTES = { float32: 4, bfloat16: 2, float8: 1, int8: 1, int4: 0.5 };
const GB = 1e9;

/** Bytes that one token adds: a key and a value in each layer and key-value head. */
export const bytesPerToken = (m, kv = m.kv_heads) => 2 * m.layers * kv * m.d_head * BYTES[m.cache_type];

/** Bytes of the whole cache; a window holds no more tokens than it sees. */
export const cacheBytes = (m, kv = m.kv_heads) =>
  m.batch * Math.min(m.context, m.window || Infinity) * bytesPerToken(m, kv);

export const weightBytes = (m) => m.parameters * BYTES[m.weight_type];

/** Tokens that a sequence may have before memory is full; null if a window lifts the limit. */
export function longestContext(m, kv = m.kv_heads) {
  const free = m.memory * GB - weightBytes(m);
  const tokens = Math.max(0, Math.floor(free / (m.batch * bytesPerToken(m, kv))));
  return m.window && tokens >= m.window ? null : tokens;
}

/** Numbers of key-value heads to compare: all, the model's own or a grouping, one. */
export function variants(heads, own) {
  let group = own;
  if (own === 1 || own === heads) {
    const divisors = Array.from({ length: heads }, (_, i) => i + 1).filter((n) => n > 1 && n < heads && heads % n === 0);
    group = heads > 8 && heads % 8 === 0 ? 8 : divisors.at(divisors.length >> 1) ?? own;
  }
  return [...new Set([heads, group, 1])].sort((a, b) => b - a);
}

/** What is wrong with the sizes of a model, as the key of a message, or null. */
export function problem(m) {
  for (const [name, max] of Object.entries(LIMITS))
    if (!Number.isInteger(m[name]) || m[name] < (LOWEST[name] ?? 1) || m[name] > max) return name;
  return m.heads % m.kv_heads ? "ratio" : null;
}

const LIMITS = { layers: 1024, heads: 1024, kv_heads: 1024, d_head: 4096, parameters: 1e14, window: 1e14 };
const LOWEST = { parameters: 0, window: 0 };

// ---------------------------------------------------------------- drawing

const strings = {
  en: {
    title: "Memory of the key-value cache", model: "Model", custom: "your own numbers", context: "Context T", batch: "Batch B",
    cache_type: "Cache in", weight_type: "Weights in", memory: "GPU memory", layers: "Layers L", heads: "Query heads H",
    kv_heads: "Key-value heads", d_head: "Head width d", parameters: "Weights, billions", window: "Window (0: none)",
    source: "Source: {source}.", none: "Your own numbers, from no publication.", made: " Made for at most {n} tokens.",
    mha: "multi-head", gqa: "grouped-query", mqa: "multi-query", own: " (as published)", row: "{kind}, {n}", bits: "{type} ({n} bit)",
    scale: "First part: weights, {weights}. Second: cache, red where it no longer fits. Dashed: memory of the GPU, {gpu}.", bar: "{name}{own}: cache {size}", per: "per token", fits: "longest T", saves: "smaller by",
    any: "any", no: "none", unit: "1 GB is 10⁹ bytes. Activations are not counted, and the weights stay those of the model.",
    chart: "Weights and cache against the memory of the GPU",
    reading: "{bytes} bytes per token; the cache takes {size}; {fit}", fit: "up to {n} tokens fit beside the weights.", fit_any: "any context fits, as the window caps the cache.", fit_no: "the weights alone do not fit.",
    whole: "{name} must be a whole number from {low} to {high}.", ratio: "{heads} query heads cannot share {kv_heads} key-value heads evenly: choose a divisor of {heads}.",
    small: "{name} must lie between 0 and 100,000.",
  },
  zh_CN: {
    title: "键值缓存的内存", model: "模型", custom: "自定义数值", context: "上下文 T", batch: "批大小 B",
    cache_type: "缓存类型", weight_type: "权重类型", memory: "显存", layers: "层数 L", heads: "查询头数 H",
    kv_heads: "键值头数", d_head: "头宽度 d", parameters: "权重数（十亿）", window: "窗口（0 为无）",
    source: "来源：{source}。", none: "自定义数值，并非出自文献。", made: "该模型最多支持 {n} 个词元。",
    mha: "多头", gqa: "分组查询", mqa: "多查询", own: "（原模型）", row: "{kind}，{n}", bits: "{type}（{n} 位）",
    scale: "前段：权重 {weights}。后段：缓存，放不下时为红色。虚线：显存 {gpu}。", bar: "{name}{own}：缓存 {size}", per: "每个词元", fits: "最长 T", saves: "缩小倍数",
    any: "不限", no: "无", unit: "1 GB 为 10⁹ 字节。未计入激活值，权重始终按原模型计算。",
    chart: "权重与缓存占用的显存",
    reading: "每个词元 {bytes} 字节；缓存占 {size}；{fit}", fit: "除权重外最多容纳 {n} 个词元。", fit_any: "窗口限制了缓存，上下文长度不限。", fit_no: "仅权重就已放不下。",
    whole: "“{name}”必须是 {low} 到 {high} 的整数。", ratio: "{heads} 个查询头无法平均共享 {kv_heads} 个键值头：请选择 {heads} 的约数。",
    small: "“{name}”必须在 0 到 100,000 之间。",
  },
};

const FIELDS = ["layers", "heads", "kv_heads", "d_head", "parameters", "window"];

function field(ui, name) {
  const id = uid("field"), scale = name === "parameters" ? GB : 1;
  const input = h("input", {
    id, type: "number", min: LOWEST[name] ?? 1, max: LIMITS[name] / scale, step: scale > 1 ? "any" : 1, inputmode: "decimal",
    oninput: () => {
      const x = scale > 1 ? Math.round(Number(input.value) * scale) : Number(input.value);
      ui.save(name, input.value !== "" && Number.isInteger(x) ? x : -1);
      ui.save("model", "");
    },
  });
  const set = (x, wrong) => {
    if (document.activeElement !== input) input.value = x < 0 ? "" : scale > 1 ? Number((x / scale).toPrecision(6)) : x;
    input.setAttribute("aria-invalid", String(wrong));
  };
  return { node: h("div", { class: "mhaw-field" }, h("label", { for: id }, ui.t(name)), input), set };
}

/** Weights and cache of each row against the memory of the GPU. */
function bars(m, t, rows) {
  const most = Math.max(m.memory * GB, ...rows.map((r) => r.weights + r.cache)) * 1.02, at = (b) => `${(100 * b) / most}%`;
  const part = (left, wide, color) => h("i", { style: `position: absolute; inset: 0 auto 0 ${at(left)}; width: max(1px, ${at(wide)}); background: var(--mhaw-${color}); box-shadow: -2px 0 var(--mhaw-paper)` });
  return rows.map((r) => h("div", { style: "margin-bottom: 0.5rem" },
    h("div", { style: r.own ? "font-weight: 700" : "" }, t("bar", { name: r.name, own: r.own && m.model ? t("own") : "", size: bytes(r.cache) })),
    h("div", { "aria-hidden": "true", class: "mhaw-track", style: "position: relative; height: 18px" }, part(0, r.weights, "faint"), part(r.weights, r.cache, r.weights + r.cache > m.memory * GB ? "red" : "blue"),
      h("i", { style: `position: absolute; inset: -4px auto -4px ${at(m.memory * GB)}; border-left: 2px dashed var(--mhaw-ink)` }))));
}

function build(ui) {
  const { model, root, t } = ui, { range, select, follow } = controls(ui);
  const models = model.get("models");
  const pick = select("model", [...models.map((m) => [m.name, m.name]), ["", t("custom")]], {
    onchange: (name) => {
      const found = models.find((m) => m.name === name);
      model.set("kv_heads", found ? 1 : model.get("kv_heads")); // 1 divides all: nothing in between is wrong
      for (const key of FIELDS) if (found) model.set(key, found[key]);
      ui.save("model", name);
    },
  });
  const count = (name, max, step) => range(name, 0, max, { step, ...logarithmic((x) => group(Math.round(x))), to: (x) => Math.round(2 ** x) });
  const type = (name) => select(name, Object.entries(BYTES).map(([k, b]) => [k, t("bits", { type: k, n: b * 8 })]));
  const memories = [...new Set([24, 40, 80, 141, model.get("memory")])].sort((a, b) => a - b);
  const memory = select("memory", memories.map((g) => [g, `${g} GB`]), { to: Number });
  const settings = [pick, memory, count("context", 21, 0.5), count("batch", 10, 1), type("cache_type"), type("weight_type")];
  const fields = Object.fromEntries(FIELDS.map((name) => [name, field(ui, name)]));
  const error = h("div", { class: "mhaw-error", role: "alert" });
  const chart = h("div", { role: "group", "aria-label": t("chart") }), scale = h("div", { class: "mhaw-note" });
  const body = h("tbody"), note = h("div", { class: "mhaw-note" });
  const heads = ["kv_heads", "per", "saves", "fits"].map((key) => h("th", { scope: "col" }, t(key)));
  const results = h("div", {}, chart, scale, h("div", { class: "mhaw-scroll" }, h("table", { class: "mhaw-tight" }, h("thead", {}, h("tr", {}, ...heads)), body)), note);
  root.append(
    h("div", { class: "mhaw-controls" }, settings.map((control) => control.node)),
    h("div", { class: "mhaw-row", style: "margin-bottom: 0.7rem" }, ...FIELDS.map((name) => fields[name].node)), error, results);
  return () => {
    const m = Object.fromEntries(["model", "context", "batch", "cache_type", "weight_type", "memory", ...FIELDS].map((k) => [k, model.get(k)]));
    const wrong = problem(m);
    follow();
    for (const name of FIELDS) fields[name].set(m[name], wrong === name || (wrong === "ratio" && name === "kv_heads"));
    results.hidden = wrong !== null;
    error.textContent = wrong === null ? "" : wrong === "ratio" ? t("ratio", m) : wrong === "parameters" ? t("small", { name: t(wrong) })
      : t("whole", { name: t(wrong), low: LOWEST[wrong] ?? 1, high: group(LIMITS[wrong]) });
    if (wrong !== null) { ui.say(""); return; }
    const full = cacheBytes(m, m.heads);
    const rows = variants(m.heads, m.kv_heads).map((kv) => {
      const kind = t(kv === m.heads ? "mha" : kv === 1 ? "mqa" : "gqa");
      return { kv, own: kv === m.kv_heads, weights: weightBytes(m), cache: cacheBytes(m, kv), longest: longestContext(m, kv), name: t("row", { kind, n: kv }) };
    });
    chart.replaceChildren(...bars(m, t, rows));
    scale.textContent = t("scale", { weights: bytes(weightBytes(m)), gpu: `${m.memory} GB` });
    const fits = (n) => (n === null ? t("any") : n === 0 ? t("no") : group(n));
    body.replaceChildren(...rows.map((r) => h("tr", { style: r.own ? "font-weight: 700" : "" }, h("th", { scope: "row" }, r.name),
      h("td", { style: "white-space: nowrap" }, bytes(bytesPerToken(m, r.kv))),
      h("td", {}, `${format(full / r.cache, full % r.cache ? 1 : 0)} ×`), h("td", {}, fits(r.longest)))));
    const published = models.find((x) => x.name === m.model);
    note.replaceChildren(h("div", {}, published?.source ? t("source", published) : t("none"), published?.longest ? t("made", { n: group(published.longest) }) : ""), h("div", {}, t("unit")));
    const n = longestContext(m), fit = n === null ? t("fit_any") : n === 0 ? t("fit_no") : t("fit", { n: group(n) });
    ui.say(t("reading", { bytes: group(bytesPerToken(m)), size: bytes(cacheBytes(m)), fit }));
  };
}

export default { render: (context) => mount(context, "kv-cache-calculator", strings, build) };

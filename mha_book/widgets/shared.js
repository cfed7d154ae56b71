// Shared by all widgets: numbers first, then elements. Put in front of each script by base.py.

// ---------------------------------------------------------------- numbers

/** Weights of one row of scores. Keys with keep[j] false get 0; a row that keeps nothing is all 0. */
export function softmax(scores, keep = null) {
  const seen = (j) => !keep || keep[j];
  let top = -Infinity;
  for (let j = 0; j < scores.length; j++) if (seen(j) && scores[j] > top) top = scores[j];
  if (top === -Infinity) return scores.map(() => 0);
  const e = scores.map((s, j) => (seen(j) ? Math.exp(s - top) : 0));
  const sum = e.reduce((a, b) => a + b, 0);
  return e.map((x) => x / sum);
}

/** Product of two matrices given as arrays of rows. */
export function matmul(a, b) {
  return a.map((row) => b[0].map((_, j) => row.reduce((s, x, i) => s + x * b[i][j], 0)));
}

export const transpose = (a) => a[0].map((_, j) => a.map((row) => row[j]));

/** Entropy in bits; 0 log 0 is 0. */
export const entropy = (p) => p.reduce((s, x) => (x > 0 ? s - x * Math.log2(x) : s), 0);

/** A number at a fixed count of digits, with a true minus and no negative zero. */
export function format(x, digits = 2) {
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "NaN" : x > 0 ? "∞" : "−∞";
  const text = x.toFixed(digits);
  return Number(text) === 0 ? text.replace("-", "") : text.replace("-", "−");
}

/** Numbers from 0 up to 1, the same for the same seed (mulberry32, after Tommy Ettinger). */
export function uniforms(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

// ---------------------------------------------------------------- language

/** The strings of a table in the model's language or the page's; English where one is missing. */
export function translate(table, language) {
  const wanted = (language || document.documentElement.lang || "en").replace("-", "_").toLowerCase();
  const match = Object.keys(table).find((key) => key.toLowerCase() === wanted)
    ?? Object.keys(table).find((key) => key.slice(0, 2).toLowerCase() === wanted.slice(0, 2));
  const strings = { ...table.en, ...(table[match] ?? {}) };
  return (key, values = {}) =>
    (strings[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => values[name] ?? `{${name}}`);
}

// ---------------------------------------------------------------- elements

/** An id that is alone on the page, where each widget brings its own copy of this script. */
export function uid(name) {
  window.mhawSerial = (window.mhawSerial ?? 0) + 1;
  return `mhaw-${name}-${window.mhawSerial}`;
}

/** An element: properties that start with "on" are listeners, the others attributes. */
export function h(tag, props = {}, ...children) {
  const ns = ["svg", "g", "rect", "path", "line", "circle", "text", "polyline", "title", "tspan"];
  const node = ns.includes(tag)
    ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children.flat());
  return node;
}

/** Text with ^x raised and _xyz lowered, as nodes: math("W^Q") is W with a small Q above. */
export const math = (text) => text.split(/([\^_](?:[a-z]+|\S))/).map((part) =>
  part[0] === "^" ? h("sup", {}, part.slice(1)) : part[0] === "_" ? h("sub", {}, part.slice(1)) : part);

/** A labelled range input with its reading beside it; set(value) moves it from outside. */
export function slider({ label, min, max, step = 1, value, show = String, oninput }) {
  const id = uid("slider");
  const output = h("output", { for: id, class: "mhaw-reading" }, show(value));
  const input = h("input", { id, type: "range", min, max, step, value, "aria-valuetext": show(value) });
  const set = (x) => {
    input.value = x;
    output.textContent = show(x);
    input.setAttribute("aria-valuetext", show(x));
  };
  input.addEventListener("input", () => { set(Number(input.value)); oninput(Number(input.value)); });
  return { node: h("div", { class: "mhaw-control" }, h("label", { for: id }, label), input, output), set, input };
}

/** A labelled list to choose from; options are [value, text] pairs. */
export function choice({ label, options, value, onchange }) {
  const id = uid("choice");
  const items = options.map(([v, text]) => h("option", { value: v, selected: String(v) === String(value) }, text));
  const input = h("select", { id, onchange: () => onchange(input.value) }, items);
  return { node: h("div", { class: "mhaw-control" }, h("label", { for: id }, label), input), set: (v) => { input.value = v; }, input };
}

/** A button. */
export const button = (text, onclick, props = {}) =>
  h("button", { type: "button", class: "mhaw-button", onclick, ...props }, text);

/** A checkbox with its label. */
export function checkbox({ label, value, onchange }) {
  const id = uid("check");
  const input = h("input", { id, type: "checkbox", checked: value, onchange: () => onchange(input.checked) });
  return { node: h("div", { class: "mhaw-check" }, input, h("label", { for: id }, label)), set: (v) => { input.checked = v; }, input };
}

// ---------------------------------------------------------------- heat map

/** The colours of the page's theme, as [r, g, b]. */
export function palette(root) {
  const style = getComputedStyle(root);
  const probe = root.appendChild(h("i"));
  const rgb = (name) => {
    const text = style.getPropertyValue(name).trim(), hex = text.match(/^#(..)(..)(..)$/);
    if (hex) return hex.slice(1).map((x) => parseInt(x, 16)); // spares the page a layout for each colour
    probe.style.color = text;
    return getComputedStyle(probe).color.match(/[\d.]+/g).slice(0, 3).map(Number);
  };
  const names = ["ink", "faint", "paper", "blue", "red", "green", "purple", "gold"];
  const colors = Object.fromEntries(names.map((n) => [n, rgb(`--mhaw-${n}`)]));
  probe.remove();
  return colors;
}

/** "ink" or "paper", whichever has more contrast (WCAG) on a colour laid over paper at that strength. */
export function legible(colors, name, strength) {
  const light = (rgb) => rgb.reduce((sum, x, k) => sum + [0.2126, 0.7152, 0.0722][k] * (x / 255) ** 2.2, 0.05);
  const tile = light(colors.paper.map((p, k) => p + (colors[name][k] - p) * strength));
  const contrast = (rgb) => Math.max(light(rgb) / tile, tile / light(rgb));
  return contrast(colors.ink) >= contrast(colors.paper) ? "ink" : "paper";
}

/**
 * A matrix on a canvas: positive tiles blue, negative red, zero clear, NaN purple, hidden ones hatched.
 * draw(matrix, {vmax, keep, digits, cursor}) redraws; the number of rows and columns may change.
 * Arrow keys move a cursor and a pointer moves it too; onpick(i, j, event) hears of both.
 */
export function heatmap({ label, cell = 28, onpick = null }) {
  const canvas = h("canvas", { role: "img", "aria-label": label, class: "mhaw-heat", tabindex: onpick ? 0 : false });
  let last = null;
  let at = [0, 0];
  const draw = (matrix, options = {}) => {
    last = [matrix, options];
    const { vmax = null, keep = null, digits = null, cursor = onpick ? at : null } = options;
    const rows = matrix.length, cols = matrix[0].length;
    const size = options.cell ?? cell, ratio = window.devicePixelRatio || 1;
    canvas.width = Math.round(cols * size * ratio);
    canvas.height = Math.round(rows * size * ratio);
    canvas.style.width = `${cols * size}px`;
    canvas.style.aspectRatio = `${cols} / ${rows}`;
    const c = canvas.getContext("2d");
    c.setTransform(ratio, 0, 0, ratio, 0, 0);
    const colors = palette(canvas.parentNode ?? document.body);
    const css = (name, alpha = 1) => `rgba(${colors[name].join(",")},${alpha})`;
    const [blue, red, purple] = ["blue", "red", "purple"].map((name) => css(name)); // parsed once, not for each tile
    let top = vmax;
    if (top === null) { top = 0; for (const row of matrix) for (const x of row) if (Number.isFinite(x)) top = Math.max(top, Math.abs(x)); }
    top = top || 1;
    c.font = `${Math.round(size * 0.3)}px ${getComputedStyle(document.body).fontFamily}`;
    c.textAlign = "center";
    c.textBaseline = "middle";
    for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) {
      const x = matrix[i][j], hidden = keep && !keep[i][j];
      const strength = Number.isFinite(x) ? Math.min(1, Math.abs(x) / top) : 0;
      if (strength > 0 || Number.isNaN(x)) {
        c.fillStyle = Number.isNaN(x) ? purple : x < 0 ? red : blue;
        c.globalAlpha = Number.isNaN(x) ? 1 : strength;
        c.fillRect(j * size, i * size, size - 0.5, size - 0.5);
        c.globalAlpha = 1;
      }
      if (hidden) {
        c.strokeStyle = css("faint", 0.7);
        c.beginPath();
        c.moveTo(j * size + 2, (i + 1) * size - 2.5);
        c.lineTo((j + 1) * size - 2.5, i * size + 2);
        c.stroke();
      }
      if (digits !== null) {
        c.fillStyle = css(legible(colors, Number.isNaN(x) ? "purple" : x < 0 ? "red" : "blue", Number.isNaN(x) ? 1 : strength));
        c.fillText(format(x, digits), (j + 0.5) * size, (i + 0.5) * size);
      }
    }
    c.strokeStyle = css("faint");
    c.strokeRect(0.5, 0.5, cols * size - 1, rows * size - 1);
    if (cursor && document.activeElement === canvas) {
      c.strokeStyle = css("gold");
      c.lineWidth = 3;
      c.strokeRect(cursor[1] * size + 1.5, cursor[0] * size + 1.5, size - 3, size - 3);
      c.lineWidth = 1;
    }
  };
  const pick = (i, j, event) => {
    const [matrix, options] = last;
    at = [Math.max(0, Math.min(matrix.length - 1, i)), Math.max(0, Math.min(matrix[0].length - 1, j))];
    draw(matrix, options);
    onpick(at[0], at[1], event);
  };
  if (onpick) {
    const cellOf = (event) => {
      const box = canvas.getBoundingClientRect(), [matrix] = last;
      return [Math.floor((event.clientY - box.top) / box.height * matrix.length),
        Math.floor((event.clientX - box.left) / box.width * matrix[0].length)];
    };
    canvas.addEventListener("pointerdown", (e) => { canvas.focus(); pick(...cellOf(e), e); });
    canvas.addEventListener("keydown", (e) => {
      const moves = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], Enter: [0, 0], " ": [0, 0] };
      const move = moves[e.key];
      if (!move) return;
      e.preventDefault();
      pick(at[0] + move[0], at[1] + move[1], e);
    });
    for (const name of ["focus", "blur"]) canvas.addEventListener(name, () => last && draw(...last));
  }
  return { node: canvas, draw, redraw: () => last && draw(...last) };
}

// ---------------------------------------------------------------- mounting

/**
 * Build a widget into el and keep it alive. build(ui) fills ui.root and returns update(), which is
 * called at each change of the model or of the theme. ui.save(name, value) tells Python; ui.say(text)
 * speaks the current reading. Returns the clean-up that anywidget calls.
 */
export function mount({ model, el }, name, strings, build) {
  const t = translate(strings, model.get("language"));
  const live = h("div", { class: "mhaw-live", "aria-live": "polite", role: "status" });
  const root = h("section", { class: `mhaw mhaw-${name}`, "aria-label": t("title") });
  const ui = {
    model, root, t,
    say: (text) => { live.textContent = text; },
    save: (key, value) => { model.set(key, value); model.save_changes(); },
  };
  root.append(h("h4", { class: "mhaw-title" }, t("title")));
  el.replaceChildren(root);
  root.addEventListener("keydown", (e) => { if (e.key.startsWith("Arrow")) e.stopPropagation(); });
  const update = build(ui);
  root.append(live);
  const refresh = () => update();
  model.on("change", refresh);
  const observer = new MutationObserver(refresh);
  for (const node of [document.documentElement, document.body])
    observer.observe(node, { attributes: true, attributeFilter: ["data-theme", "data-jp-theme-light", "class"] });
  update();
  root.dataset.ready = "true";
  return () => { observer.disconnect(); model.off("change", refresh); };
}

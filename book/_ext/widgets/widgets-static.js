// Brings the widgets of a static page to life, without a kernel and without a network.
//
// A page of the book carries the state of its widgets as JSON, their scripts included. For each place
// where a widget was shown, this hands the script a model with the few methods of Jupyter's and lets
// it draw. Until then, and where scripts are off, the picture of the first state stands there.
(() => {
  "use strict";
  const STATE = 'script[type="application/vnd.jupyter.widget-state+json"]';
  const VIEW = 'script[type="application/vnd.jupyter.widget-view+json"]';

  class Model {
    constructor(state) {
      this.state = state;
      this.listeners = new Map();
    }
    get(name) { return this.state[name]; }
    set(name, value) {
      const changes = typeof name === "object" ? name : { [name]: value };
      const changed = Object.keys(changes).filter((key) => this.state[key] !== changes[key]);
      Object.assign(this.state, changes);
      for (const key of changed) this.emit(`change:${key}`, changes[key]);
      if (changed.length) this.emit("change");
    }
    save_changes() {}
    send() {}
    on(name, listener) {
      if (!this.listeners.has(name)) this.listeners.set(name, new Set());
      this.listeners.get(name).add(listener);
    }
    off(name, listener) {
      if (listener) this.listeners.get(name)?.delete(listener);
      else if (name) this.listeners.delete(name);
      else this.listeners.clear();
    }
    emit(name, value) {
      for (const listener of [...(this.listeners.get(name) ?? [])]) listener(this, value);
    }
  }

  const styled = new Set();
  const modules = new Map();
  const models = new Map();

  function style(css) {
    if (!css || styled.has(css)) return;
    styled.add(css);
    document.head.append(Object.assign(document.createElement("style"), { textContent: css }));
  }

  function load(source) {
    if (!modules.has(source)) {
      const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
      modules.set(source, import(url).finally(() => URL.revokeObjectURL(url)));
    }
    return modules.get(source);
  }

  /** Binary traits travel as base64 beside the state. */
  function unpack({ state, buffers = [] }) {
    for (const { path, data } of buffers) {
      const bytes = Uint8Array.from(atob(data), (char) => char.charCodeAt(0));
      const parent = path.slice(0, -1).reduce((node, key) => node[key], state);
      parent[path.at(-1)] = new DataView(bytes.buffer);
    }
    return state;
  }

  async function show(view, states) {
    const id = JSON.parse(view.textContent).model_id;
    if (!states[id]?.state._esm) return;
    if (!models.has(id)) models.set(id, new Model(unpack(states[id])));
    const model = models.get(id);
    style(model.get("_css"));
    const { default: widget } = await load(model.get("_esm"));
    const el = document.createElement("div");
    view.before(el);
    await widget.render({ model, el });
    el.parentNode.querySelectorAll(":scope > .mhaw-fallback").forEach((node) => node.remove());
  }

  async function start() {
    const states = {};
    for (const script of document.querySelectorAll(STATE)) Object.assign(states, JSON.parse(script.textContent).state);
    for (const view of document.querySelectorAll(VIEW)) await show(view, states);
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();

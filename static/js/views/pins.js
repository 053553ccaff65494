// Numbers kept side by side: each with its value and its place, in the order in which they were pinned.

import { exact, fixed, place } from "../core/format.js";
import { cellText, toggled } from "../core/pins.js";
import { coordinates } from "../core/places.js";
import { el as make } from "../doors/dom.js";
import { cellLink, roleIn } from "../inspector/link.js";

/** @typedef {import("../types.js").CellAt} CellAt */

/** @type {import("../types.js").Mount} */
export function mountPins(el, store, context) {
  const life = new AbortController();
  /** Slices that were asked for. @type {Set<string>} */
  let asked = new Set();

  el.addEventListener("click", ({ target }) => {
    const button = target instanceof Element ? target.closest("button") : null;
    if (!button) return;
    const { pins } = store.get();
    const cell = pins[Number(button.closest("tr")?.dataset.pin)];
    if (button.dataset.do === "unpin-all") store.set({ pins: [] });
    else if (button.dataset.do === "unpin" && cell) {
      const next = Number(button.closest("tr")?.dataset.pin);
      store.set({ pins: toggled(pins, cell) });
      /** @type {HTMLElement | null} */ (el.querySelectorAll("[data-do=unpin]")[Math.min(next, pins.length - 2)])?.focus();
    } else if (button.dataset.tensor && cell) store.set({ pinned: cell, cursor: null });
  }, { signal: life.signal });

  function draw() {
    const { trace, pins } = store.get();
    const { say } = context;
    el.hidden = pins.length === 0;
    if (el.hidden) return void el.replaceChildren();
    const head = make("header", { class: "head" }, make("h2", { id: "pins-title" }, say("pins.title")), make("button", { type: "button", class: "button quiet-button", "data-do": "unpin-all" }, say("pins.none")));
    const columns = ["pins.number", "pins.value", "pins.exact", "pins.where"].map((key) => make("th", { scope: "col" }, say(key)));
    const rows = pins.map((cell, k) => {
      const value = valueOf(cell);
      const { n, t } = coordinates(trace, cell);
      const word = t === null ? undefined : trace.text?.tokens[n]?.[t];
      const axes = trace.tensors[cell.tensor].axes.map((axis, d) => `${axis} ${cell.index[d]}`).join(" · ");
      return make("tr", { "data-pin": k, "data-cell": cellText(cell) },
        make("th", { scope: "row" }, cellLink(cell, place(cell.tensor, cell.index), roleIn(cell.tensor))),
        make("td", { class: "code pin-value" }, make("data", { value: value === null ? null : exact(value) }, value === null ? "…" : fixed(value, trace.tensors[cell.tensor].dtype))),
        make("td", { class: "code soft" }, value === null ? "" : exact(value)),
        make("td", { class: "soft" }, word ? `${axes} · ${word}` : axes),
        make("td", {}, make("button", { type: "button", class: "icon", "data-do": "unpin", "aria-label": say("pins.remove", { name: place(cell.tensor, cell.index) }) }, "×")));
    });
    const table = make("table", { class: "numbers pin-table" }, make("thead", {}, make("tr", {}, ...columns, make("td"))), make("tbody", {}, ...rows));
    el.replaceChildren(head, make("div", { class: "scroll", role: "group", tabindex: 0, "aria-labelledby": "pins-title" }, table));
  }

  /** Read once where it did not come with the trace. @param {CellAt} cell @returns {number | null} */
  function valueOf({ tensor, index }) {
    const value = context.tensors.value(tensor, index);
    const key = `${store.get().trace.id} ${tensor} ${index}`;
    if (value === null && !asked.has(key)) {
      asked.add(key);
      context.tensors.slice(tensor, index).then(() => life.signal.aborted || draw(), () => {}); // a new trace ends the reading
    }
    return value;
  }

  draw();
  const forget = store.subscribe((state, previous) => {
    if (state.trace !== previous.trace) asked = new Set();
    if (state.trace !== previous.trace || state.pins !== previous.pins || state.lang !== previous.lang) draw();
  });
  return () => {
    forget();
    life.abort();
    el.replaceChildren();
  };
}

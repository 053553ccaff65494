// The number under the pointer, or the one that was clicked: its value, where it sits, the stage that made it, its other names.

import { exact, fixed, place } from "../core/format.js";
import { aliases, inside } from "../core/places.js";
import { el as make } from "../doors/dom.js";
import { cellLink } from "../inspector/link.js";

/** @type {import("../types.js").Mount} */
export function mountReading(el, store, context) {
  const life = new AbortController();

  el.addEventListener("click", ({ target }) => {
    const button = target instanceof Element ? target.closest("button") : null;
    if (button?.dataset.do === "release") store.set({ pinned: null, cursor: null });
    else if (button?.dataset.tensor) store.set({ pinned: { tensor: button.dataset.tensor, index: (button.dataset.index ?? "").split(",").filter(Boolean).map(Number) }, cursor: null });
  }, { signal: life.signal });

  function draw() {
    const { trace, cursor, pinned, t, n } = store.get();
    const { say } = context;
    const cell = cursor ?? pinned ?? { tensor: "output", index: trace.tensors.output.axes.map((axis) => (axis === "T" ? t : axis === "N" ? n : 0)) };
    const { axes, dtype } = trace.tensors[cell.tensor];
    const value = context.tensors.value(cell.tensor, cell.index);
    const words = axes.indexOf("N") < 0 ? trace.text?.tokens[0] : trace.text?.tokens[cell.index[axes.indexOf("N")]];
    const where = axes.map((axis, k) => {
      const name = say(`page.axis.${axis}`);
      const word = axis === "T" ? words?.[cell.index[k]] : undefined;
      return make("div", {}, make("dt", {}, make("i", {}, axis), name.startsWith("page.") ? "" : ` ${name}`), make("dd", { class: "code" }, String(cell.index[k]), word ? ` ${word}` : ""));
    });
    const made = inside(cell.tensor) ? null : trace.stages.find(({ outputs }) => outputs.includes(cell.tensor));
    const others = aliases(trace, cell);
    el.classList.toggle("is-open", pinned !== null);
    el.replaceChildren(
      make("header", { class: "inspector-head" }, make("h2", { id: "reading-title" }, say("offline.reading")), make("p", { class: "soft" }, say(pinned && !cursor ? "offline.kept" : "offline.point")), ...(pinned ? [make("button", { type: "button", class: "icon dismiss", "data-do": "release", "aria-label": say("page.inspector.release") }, "×")] : [])),
      make("p", { class: "cell-name code" }, place(cell.tensor, cell.index)),
      make("p", { class: "value", "aria-live": "polite" }, make("output", { class: "value-short", "data-tensor": cell.tensor, "data-index": cell.index.join(), "data-value": exact(value) }, fixed(value, dtype)), make("span", { class: "value-exact code" }, exact(value))),
      make("dl", { class: "where" }, ...where),
      made ? make("p", { class: "made" }, make("code", {}, made.code), make("br"), made.says) : make("p", { class: "made", hidden: true }),
      make("p", { class: "also", hidden: others.length === 0 }, say("page.inspector.also"), ...others.flatMap((one) => [" ", cellLink(one, place(one.tensor, one.index))])),
    );
  }

  draw();
  const unsubscribe = store.subscribe((state, previous) => {
    const keys = /** @type {const} */ (["trace", "cursor", "pinned", "lang", "t", "n"]);
    if (keys.some((key) => state[key] !== previous[key])) draw();
  });
  return () => {
    unsubscribe();
    life.abort();
  };
}

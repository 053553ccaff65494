// One number in two runs and what lies between: under the pointer, else the kept one; each value as the API gives it.

import { exact, fixed, place } from "../core/format.js";
import { exists } from "../core/places.js";
import { el as make } from "../doors/dom.js";

/** @typedef {import("../types.js").CellAt} CellAt */
/** @typedef {import("../types.js").Context} Context */
/** @typedef {import("../types.js").Store} Store */
/** @typedef {{name: string, store: Store, context: Context}} Run */

/**
 * @param {HTMLElement} el
 * @param {Run[]} runs  A, B and, once it is there, A − B
 * @param {Context["say"]} say
 */
export function createReadout(el, runs, say) {
  let shown = "";
  let newest = 0;

  /** @param {CellAt | null} cell @param {boolean} kept */
  function draw(cell, kept) {
    const values = cell ? runs.map(({ store, context }) => valueIn(store, context, cell)) : [];
    const key = JSON.stringify([cell, kept, values]);
    if (key === shown) return;
    shown = key;
    el.setAttribute("aria-live", kept ? "polite" : "off"); // a passing pointer is not read out
    if (!cell) return void el.replaceChildren(make("p", { class: "quiet" }, say("compare.readout.none")));
    el.replaceChildren(
      make("p", { class: "readout-name code" }, place(cell.tensor, cell.index)),
      ...runs.map(({ name }, k) => part(name, values[k], runs[k].store.get().trace.tensors[cell.tensor]?.dtype)),
      ...(kept ? [make("button", { type: "button", class: "icon", "data-do": "release", "aria-label": say("page.inspector.release") }, "×")] : []),
    );
  }

  /** @param {string} name @param {number | null | undefined} value @param {string} [dtype] */
  function part(name, value, dtype) {
    const text = value === undefined ? say("compare.absent") : value === null ? "…" : fixed(value, dtype);
    return make("p", { class: "readout-value" }, make("b", {}, name), " ", make("data", { class: "code", "data-run": name, value: typeof value === "number" ? exact(value) : null, title: typeof value === "number" ? exact(value) : null }, text));
  }

  /** @param {Store} store @param {Context} context @param {CellAt} cell @returns {number | null | undefined} undefined: there is none; null: on its way */
  function valueIn(store, context, cell) {
    return exists(store.get().trace, cell) ? context.tensors.value(cell.tensor, cell.index) : undefined;
  }

  return {
    /** @param {CellAt | null} cursor @param {CellAt | null} pinned */
    follow(cursor, pinned) {
      const cell = cursor ?? pinned;
      const kept = cursor === null && pinned !== null;
      const mine = (newest += 1);
      draw(cell, kept);
      for (const { store, context } of runs) {
        if (!cell || !exists(store.get().trace, cell) || context.tensors.value(cell.tensor, cell.index) !== null) continue;
        const came = () => (mine === newest ? draw(cell, kept) : undefined);
        context.tensors.slice(cell.tensor, cell.index).then(came, () => undefined);
      }
    },
  };
}

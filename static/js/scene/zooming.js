// Going into the scene and back out: what one step does to the state, the same for pointer, wheel, fingers and keys.

import { homeOf, inside } from "../core/places.js";
import { cellAt, cellOf, into, out, parse, rowOf, write } from "../core/zoom.js";
import { chosen } from "../core/chosen.js";

/** @typedef {import("../types.js").AppState} AppState */
/** @typedef {import("../types.js").CellAt} CellAt */
/** @typedef {import("../types.js").Store} Store */
/** @typedef {import("../core/zoom.js").Zoom} Zoom */

/**
 * One step in, at this cell.
 * @param {Store} store @param {CellAt | null} cell  null: at the number that is pointed at or kept, else where the scene is
 * @returns {boolean} was there a step
 */
export function zoomIn(store, cell) {
  const state = store.get();
  const zoom = parse(state.zoom);
  const next = into(state.trace, zoom, cell ?? anchorOf(state, zoom));
  if (next) goTo(store, next.zoom, next.at);
  return next !== null;
}

/** One step in, at what is under a point of the window. @param {import("./types.js").Stage} stage @param {number} x @param {number} y @returns {boolean} */
export function zoomInAt(stage, x, y) {
  const cell = stage.cellAt(x, y);
  if (cell) return zoomIn(stage.store, cell);
  if (!stage.moduleAt(x, y)) return false;
  zoomIntoModule(stage.store);
  return true;
}

/** One step out. @param {Store} store @returns {boolean} was there a step */
export function zoomOut(store) {
  const { trace, zoom: text } = store.get();
  const zoom = parse(text);
  if (zoom.level === "whole") return false;
  goTo(store, out(trace, zoom));
  return true;
}

/**
 * The place, and what goes with it: its row chosen, its number kept.
 * @param {Store} store @param {Zoom} zoom @param {{n?: number, t?: number}} [at]
 */
export function goTo(store, zoom, at = {}) {
  const state = store.get();
  const now = { n: at.n ?? state.n, t: at.t ?? state.t };
  const within = zoom.level !== "whole" && inside(zoom.tensor);
  /** @type {Partial<AppState>} */
  const patch = { ...now, zoom: write(zoom), cursor: null };
  if (within && (zoom.level === "cell" || zoom.level === "number")) patch.row = rowOf(zoom.tensor);
  if (zoom.level === "number") patch.pinned = cellOf(zoom, now);
  store.set(patch);
}

/** The inside of the module: unit 0 of the chosen row. @param {Store} store */
export function zoomIntoModule(store) {
  const { trace, row, n, t } = store.get();
  goTo(store, cellAt(trace, { tensor: `${row}.h`, index: [n, t, 0] }, `${row}.h`));
}

/** @param {AppState} state @param {Zoom} zoom @returns {CellAt} */
function anchorOf(state, zoom) {
  const { trace, cursor, pinned, n, t } = state;
  if (zoom.level === "cell") return cursor ?? cellOf(zoom, { n, t });
  const { tensor } = zoom.level === "whole" ? { tensor: "output" } : zoom;
  const here = [cursor, pinned].find((cell) => cell && (zoom.level === "whole" || cell.tensor === tensor || homeOf(trace, cell).tensor === tensor));
  if (here) return here;
  const { axes, shape } = trace.tensors[tensor] ?? trace.tensors[chosen(state).cell.tensor];
  return { tensor, index: axes.map((axis, d) => Math.min(shape[d] - 1, axis === "T" ? t : axis === "N" ? n : zoom.level === "slice" && zoom.place.length && d === 0 ? Number(zoom.place[0]) : 0)) };
}

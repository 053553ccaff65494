// How far the scene is gone into: whole → block → slice → cell → number. Read from the address, written to it, one step at a time.

import { ENCODER, plain } from "./encoder.js";
import { exists, homeOf, inside, rowName } from "./places.js";

/** @typedef {import("../types.js").CellAt} CellAt */
/** @typedef {import("../types.js").Trace} Trace */
/** @typedef {"whole" | "block" | "slice" | "cell" | "number"} Level */
/** @typedef {number | "n" | "t"} Place  "n" and "t": wherever the chosen sample and step are */
/**
 * @typedef {object} Zoom
 * @property {Level} level
 * @property {string} tensor  "" for the whole
 * @property {Place[]} place  of a slice its index where that is not the step; of a cell or a number all axes
 * @property {string} from  the block on the way to a cell or to a number inside one
 */
/** @typedef {{n: number, t: number}} At */
/** @typedef {{zoom: Zoom, level: Level, name: string, index: number | null, followed: boolean}} Crumb  followed: the index is the chosen step */

/** @type {Zoom} */
export const WHOLE = { level: "whole", tensor: "", place: [], from: "" };
const LEVELS = ["block", "slice", "cell", "number"];
const NAME = /^[\w.]{1,60}$/;
const STATES = ["h_n", "c_n", "h_0", "c_0"]; // their first axis counts rows, not steps

/** @param {string} text @returns {Zoom} the whole for what is no place */
export function parse(text) {
  const [level, tensor, places = "", from = "", ...rest] = text.split("-");
  const place = places === "" ? [] : places.split(".").map((one) => (one === "n" || one === "t" ? one : /^\d{1,7}$/.test(one) ? Number(one) : NaN));
  const sound = LEVELS.includes(level) && NAME.test(tensor ?? "") && (from === "" || NAME.test(from)) && rest.length === 0 && !place.some(Number.isNaN);
  return sound ? { level: /** @type {Level} */ (level), tensor, place, from } : WHOLE;
}

/** @param {Zoom} zoom */
export function write({ level, tensor, place, from }) {
  if (level === "whole") return "";
  const parts = [level, tensor, place.join("."), from];
  while (parts.at(-1) === "") parts.pop();
  return parts.join("-");
}

/** The same place where this trace has it, else the whole. @param {Trace} trace @param {string} text */
export function fitZoom(trace, text) {
  const zoom = parse(text);
  const { level, tensor, place, from } = zoom;
  if (level === "whole" || !Object.hasOwn(trace.tensors, tensor)) return "";
  const { shape } = trace.tensors[tensor];
  if (from && !Object.hasOwn(trace.tensors, from)) return "";
  if (level === "block") return write({ ...zoom, place: [], from: "" });
  if (level === "slice") {
    const axis = sliceAxis(trace, tensor);
    if (axis < 0 || place.length > 1 || (place.length === 0 && !follows(trace, tensor))) return "";
    return place.every((k) => typeof k === "number" && k < shape[axis]) ? write({ ...zoom, from: "" }) : "";
  }
  const cell = cellOf(zoom, { n: 0, t: 0 });
  return exists(trace, cell) && (level === "number" || inside(tensor)) ? text : "";
}

/** The number that a cell or a number stands for now. @param {Zoom} zoom @param {At} at @returns {CellAt} */
export const cellOf = ({ tensor, place }, { n, t }) => ({ tensor, index: place.map((one) => (one === "n" ? n : one === "t" ? t : one)) });

/** The axis that a slice is cut along, -1 where a block is flat already. @param {Trace} trace @param {string} tensor */
export function sliceAxis(trace, tensor) {
  const { shape, axes } = trace.tensors[tensor];
  if (shape.length < 3) return -1;
  return STATES.includes(plain(tensor)) ? 0 : Math.max(0, axes.indexOf("T"));
}

/** Is the slice the one of the chosen step? An encoder counts its own. @param {Trace} trace @param {string} tensor */
const follows = (trace, tensor) => !tensor.startsWith(ENCODER) && trace.tensors[tensor].axes[sliceAxis(trace, tensor)] === "T";

/** The index of the slice that is shown, null where there is none. @param {Trace} trace @param {Zoom} zoom @param {At} at */
export function sliceIndex(trace, { level, tensor, place }, { t }) {
  if (level !== "slice") return null;
  return place.length ? Number(place[0]) : Math.min(t, trace.tensors[tensor].shape[sliceAxis(trace, tensor)] - 1);
}

/** An index with the sample and the step left to whoever chooses them. @param {Trace} trace @param {CellAt} cell @returns {Place[]} */
const placeOf = (trace, { tensor, index }) => trace.tensors[tensor].axes.map((axis, d) => (tensor.startsWith(ENCODER) ? index[d] : axis === "N" ? "n" : axis === "T" ? "t" : index[d]));

/** Sample and step of a cell, where it has them. @param {Trace} trace @param {CellAt} cell @returns {Partial<At>} */
export function atOf(trace, { tensor, index }) {
  const { axes } = trace.tensors[tensor];
  if (tensor.startsWith(ENCODER)) return {};
  const [n, t] = [axes.indexOf("N"), axes.indexOf("T")];
  return { ...(n >= 0 ? { n: index[n] } : {}), ...(t >= 0 ? { t: index[t] } : {}) };
}

/** The tensor that has every unit of a row's cell. @param {Trace} trace @param {string} row */
export const cellTensor = (trace, row) => (Object.hasOwn(trace.tensors, `${row}.c`) ? `${row}.c` : `${row}.h`);

/** "l0_reverse" of "l0_reverse.f". @param {string} tensor */
export const rowOf = (tensor) => tensor.slice(0, tensor.lastIndexOf("."));

/**
 * One step further in, at this cell: the place, and the sample and step that it is at. Null where there is nothing further in.
 * @param {Trace} trace
 * @param {Zoom} zoom
 * @param {CellAt} cell
 * @returns {{zoom: Zoom, at: Partial<At>} | null}
 */
export function into(trace, zoom, cell) {
  if (!exists(trace, cell)) return null;
  const home = homeOf(trace, cell);
  const within = inside(home.tensor) !== null;
  if (zoom.level === "whole") return { zoom: { ...WHOLE, level: "block", tensor: cell.tensor }, at: atOf(trace, cell) };
  if (zoom.level === "block" && sliceAxis(trace, cell.tensor) >= 0) return { zoom: sliceAt(trace, cell), at: atOf(trace, cell) };
  if (zoom.level !== "cell" && zoom.level !== "number" && within) return { zoom: cellAt(trace, home, cell.tensor), at: atOf(trace, home) };
  const target = within || ["input"].includes(cell.tensor) ? home : cell;
  return { zoom: { level: "number", tensor: target.tensor, place: placeOf(trace, target), from: within ? zoom.from || cell.tensor : "" }, at: atOf(trace, target) };
}

/** @param {Trace} trace @param {CellAt} cell @returns {Zoom} */
function sliceAt(trace, { tensor, index }) {
  return { level: "slice", tensor, place: follows(trace, tensor) ? [] : [index[sliceAxis(trace, tensor)]], from: "" };
}

/**
 * The inside of the cell that a number of the recurrent module belongs to.
 * @param {Trace} trace @param {CellAt} home @param {string} from @returns {Zoom}
 */
export function cellAt(trace, { tensor, index }, from) {
  return { level: "cell", tensor: cellTensor(trace, rowOf(tensor)), place: placeOf(trace, { tensor, index }), from };
}

/** The same unit of another row, or another unit of it. @param {Trace} trace @param {Zoom} zoom @param {{row?: string, unit?: number}} other @returns {Zoom} */
export function elsewhere(trace, zoom, { row = rowOf(zoom.tensor), unit }) {
  const tensor = cellTensor(trace, row);
  const from = row === rowOf(zoom.tensor) ? zoom.from : `${row}.h`;
  return { ...zoom, tensor, from, place: unit === undefined ? zoom.place : [...zoom.place.slice(0, -1), unit] };
}

/**
 * From the whole to here; the last one is here.
 * @param {Trace} trace
 * @param {Zoom} zoom
 * @param {At} at
 * @returns {Crumb[]}
 */
export function crumbs(trace, zoom, at) {
  const { level, tensor, place, from } = zoom;
  /** @type {Crumb[]} */
  const path = [{ zoom: WHOLE, level: "whole", name: "", index: null, followed: false }];
  if (level === "whole") return path;
  const block = from || tensor;
  path.push({ zoom: { ...WHOLE, level: "block", tensor: block }, level: "block", name: block, index: null, followed: false });
  if (level === "block") return path;
  if (sliceAxis(trace, block) >= 0) {
    const slice = level === "slice" ? zoom : sliceFor(trace, block, zoom, at);
    path.push({ zoom: slice, level: "slice", name: block, index: sliceIndex(trace, slice, at), followed: follows(trace, block) });
  }
  if (level === "slice") return path;
  if (inside(tensor)) path.push({ zoom: level === "cell" ? zoom : cellAt(trace, { tensor, index: /** @type {number[]} */ (place) }, from), level: "cell", name: tensor, index: Number(place.at(-1)), followed: false });
  if (level === "number") path.push({ zoom, level: "number", name: tensor, index: null, followed: false });
  return path;
}

/** The slice of a block that a number deeper in sits in. @param {Trace} trace @param {string} block @param {Zoom} zoom @param {At} at @returns {Zoom} */
function sliceFor(trace, block, zoom, at) {
  if (follows(trace, block)) return { level: "slice", tensor: block, place: [], from: "" };
  const own = cellOf(zoom, at).index[sliceAxis(trace, block)] ?? 0;
  const row = trace.positions.h_n.find(({ layer, direction }) => rowName(layer, direction === "backward") === rowOf(zoom.tensor));
  return { level: "slice", tensor: block, place: [block === zoom.tensor ? own : (row?.index ?? 0)], from: "" };
}

/** One step back out. @param {Trace} trace @param {Zoom} zoom @returns {Zoom} */
export const out = (trace, zoom) => crumbs(trace, zoom, { n: 0, t: 0 }).at(-2)?.zoom ?? WHOLE;

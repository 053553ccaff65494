// Which blocks the scene shows: the whole pipeline, one block with the room to itself, or one slice of it, flat.

import { parse, sliceAxis, sliceIndex } from "../core/zoom.js";
import { blockFrom, blockOf, planeOf } from "./blocks.js";

/** @typedef {import("./blocks.js").SceneBlock} SceneBlock */

const CELL = { w: 76, h: 34 }; // px that a slice's cell has at most: room for a number
const TALLEST = 216; // px of a cube's longest axis

/**
 * @param {SceneBlock[]} blocks  the pipeline's
 * @param {import("../types.js").AppState} state
 * @param {number} width
 * @returns {{blocks: SceneBlock[], alone: number | undefined}} alone: px of the longest axis, where there is one block
 */
export function shownOf(blocks, { trace, zoom: text, t, n }, width) {
  const zoom = parse(text);
  if (zoom.level !== "block" && zoom.level !== "slice") return { blocks, alone: undefined };
  const found = blockOf(blocks, zoom.tensor) ?? blockFrom(zoom.tensor, trace.tensors[zoom.tensor]);
  const block = { ...found, from: null };
  const index = sliceIndex(trace, zoom, { t, n });
  if (index === null) {
    const flat = block.kind === "sheet" ? Math.max(CELL.w * (block.shape.at(-1) ?? 1), CELL.h * (block.shape.at(-2) ?? 1)) : Infinity;
    return { blocks: [block], alone: Math.min(flat, width * 0.46, block.kind === "sheet" ? width * 0.8 : TALLEST) };
  }
  const plane = planeOf(block, sliceAxis(trace, zoom.tensor), index);
  const [rows, columns] = plane.shape;
  return { blocks: [plane], alone: Math.min(Math.max(CELL.w * columns, CELL.h * rows), width * 0.8, 640) };
}

/** What the blocks on show depend on. @param {import("../types.js").AppState} state */
export function shownKey({ zoom: text, t }) {
  const zoom = parse(text);
  return zoom.level === "slice" && zoom.place.length === 0 ? `${text} ${t}` : zoom.level === "cell" || zoom.level === "number" ? "" : text;
}

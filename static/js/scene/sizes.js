// How long each axis is drawn: compressed, so that 2×5×8 and 50×200×512 both read, and unequal sizes never look equal.

import { worldAxes } from "./blocks.js";

/** @typedef {import("./blocks.js").SceneBlock} SceneBlock */
/** @typedef {import("./projection.js").Vec3} Vec3 */
/** @typedef {(size: number) => number} LengthOf */

const MOST = 4.2; // the longest axis is at most this many times the shortest
const EXPONENT = 0.6; // what small sizes get: between a square root and the true proportion
const APART = 1.09; // neighbouring sizes differ by at least this factor, which the eye can see
const ANSWER = 36; // px, room for one written number of a short vector
const SLAB = 9; // px, thickness of one final state
const SPACE = 26; // px between two final states

/** Axes that are several axes run together: drawn compressed. @param {string} axis */
export const isMerged = (axis) => axis === "N·T" || axis === "T·N";

/** @param {SceneBlock[]} blocks @param {number} longest px @returns {LengthOf} */
export function lengthsOf(blocks, longest) {
  const sizes = new Set([1]);
  for (const block of blocks) {
    block.shape.forEach((size, axis) => {
      if (block.kind === "ends" && axis === 0) return;
      if (isMerged(block.axes[axis]) && size > 64) return;
      sizes.add(axis === block.shape.length - 1 ? size / block.parts : size);
    });
  }
  const sorted = [...sizes].sort((a, b) => a - b);
  const shown = sorted.filter((size) => size > 1);
  const ratio = (sorted.at(-1) ?? 1) / (shown[0] ?? 1);
  const exponent = ratio > 1 ? Math.min(EXPONENT, Math.log(MOST) / Math.log(ratio)) : EXPONENT;
  /** @type {Map<number, number>} */
  const lengths = new Map();
  let previous = 0;
  for (const size of sorted) {
    previous = size === 1 ? 0.8 * (shown[0] ?? 1) ** exponent : Math.max(size ** exponent, previous * APART);
    lengths.set(size, previous);
  }
  // two directions side by side are twice as long; the longest of all gets `longest`
  const most = Math.max(...blocks.map((block) => (lengths.get((block.shape.at(-1) ?? 1) / block.parts) ?? 0) * block.parts), previous);
  const unit = longest / most;
  return (size) => (lengths.get(size) ?? previous) * unit;
}

/**
 * @typedef {object} BoxSize
 * @property {Vec3} size  px along x, y, z with nothing pulled out
 * @property {number} gap  px between the slabs that a cut makes
 * @property {number} lift  px a pulled slice is raised (where the cut runs into depth, else it would hide)
 * @property {number} thick  px of one slab of final states, 0 for other blocks
 */

/** @param {SceneBlock} block @param {LengthOf} lengthOf @returns {BoxSize} */
export function boxOf(block, lengthOf) {
  const axes = worldAxes(block);
  const thin = block.kind === "sheet" ? [24, 26, 0] : [0, 0, 0];
  /** @type {Vec3} */
  const size = [0, 0, 0];
  axes.forEach((axis, k) => {
    if (axis < 0) size[k] = thin[k];
    else if (isMerged(block.axes[axis]) && block.shape[axis] > 64) size[k] = 1.25 * lengthOf(Infinity);
    else if (k === 0) size[k] = lengthOf(block.shape[axis] / block.parts) * block.parts;
    else size[k] = lengthOf(block.shape[axis]);
  });
  if (block.shape.length === 1 && block.shape[0] <= 6) size[0] = Math.max(size[0], ANSWER * block.shape[0]);
  if (block.kind === "ends") {
    const rows = block.shape[0];
    const space = Math.min(SPACE, (0.9 * lengthOf(Infinity)) / Math.max(1, rows - 1));
    const thick = Math.min(SLAB, 0.4 * space);
    return { size: [size[0], size[1], rows * thick + (rows - 1) * (space - thick)], gap: space - thick, lift: 0, thick };
  }
  if (block.kind !== "cube" || block.cut < 0) return { size, gap: 0, lift: 0, thick: 0 };
  const intoDepth = axes[2] === block.cut;
  return { size, gap: gapAlong(intoDepth ? 2 : 1, size), lift: intoDepth ? 0.5 * size[1] : 0, thick: 0 };
}

/** px that the pieces of a cut along x, y or z stand apart, so that one sees between them. @param {number} k @param {Vec3} size */
export const gapAlong = (k, size) => (k === 2 ? Math.max(14, 0.22 * size[2]) : Math.min(34, Math.max(14, 0.34 * size[2])));

/** The room around the drawn box: with both gaps open and the slice lifted. @param {BoxSize} box @param {SceneBlock} block @returns {Vec3} */
export function opened(box, block) {
  if (block.kind !== "cube" || block.cut < 0) return box.size;
  const k = worldAxes(block).indexOf(block.cut);
  /** @type {Vec3} */
  const size = [box.size[0], box.size[1] + box.lift, box.size[2]];
  size[k] += 2 * box.gap;
  return size;
}

// The exact cell under a point, by one 2×2 inverse; and the cell that an arrow key leads to.

import { facesOf } from "./faces.js";
import { wholeOf, worldAxes } from "./blocks.js";
import { unproject } from "./projection.js";

/** @typedef {import("./layout.js").Placed} Placed */
/** @typedef {import("./projection.js").View} View */
/** @typedef {import("./projection.js").Vec2} Vec2 */
/** @typedef {import("../types.js").CellAt} CellAt */

/**
 * @param {Placed[]} placed @param {View} view @param {number} t @param {Vec2} point
 * @returns {CellAt | null}
 */
export function pick(placed, view, t, point) {
  for (const box of placed) {
    if (!near(box, point)) continue;
    const faces = facesOf(box, view, t);
    for (let k = faces.length - 1; k >= 0; k--) {
      const face = faces[k]; // the last drawn lies on top
      const at = unproject(point, face.origin, face.along, face.down);
      if (!at || at[0] < 0 || at[0] >= 1 || at[1] < 0 || at[1] >= 1) continue;
      const index = wholeOf(box.block).shape.map(() => 0);
      if (face.fixedAxis >= 0) index[face.fixedAxis] = face.fixedIndex;
      if (face.u.axis >= 0) index[face.u.axis] = face.u.from + Math.floor(at[0] * (face.u.to - face.u.from));
      if (face.v.axis >= 0) index[face.v.axis] = face.v.from + Math.floor(at[1] * (face.v.to - face.v.from));
      return { tensor: box.block.name, index };
    }
  }
  return null;
}

/** @param {Placed} box @param {Vec2} point */
function near({ room }, [x, y]) {
  return x >= room.x - 2 && x <= room.x + room.w + 2 && y >= room.y - 2 && y <= room.y + room.h + 2;
}

/** Left and right walk the last axis, up and down the one before, page keys the first of three. */
const STEPS = /** @type {Record<string, [0 | 1 | 2, number]>} */ ({
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  ArrowUp: [1, -1],
  ArrowDown: [1, 1],
  PageUp: [2, -1],
  PageDown: [2, 1],
});

/** @param {{shape: number[]}} block @param {number[]} index @param {string} key @returns {number[] | null} null when the key is not one of ours */
export function step(block, index, key) {
  if (!Object.hasOwn(STEPS, key)) return null;
  const [k, by] = STEPS[key];
  const axis = worldAxes(block)[k];
  if (axis < 0) return index;
  const moved = [...index];
  moved[axis] = Math.min(block.shape[axis] - 1, Math.max(0, moved[axis] + by));
  return moved;
}

/** @param {CellAt | null} a @param {CellAt | null} b */
export const equal = (a, b) => a === b || (!!a && !!b && a.tensor === b.tensor && a.index.join() === b.index.join());

/** The old object where it says the same, so that nobody is notified. @param {CellAt | null} fresh @param {CellAt | null} old */
export const same = (fresh, old) => (equal(fresh, old) ? old : fresh);

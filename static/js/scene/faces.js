// The visible faces of every block, back to front. Whole slabs are sorted along the cut; the faces of one slab never overlap.

import { FLAT, project } from "./projection.js";
import { opened } from "./sizes.js";
import { worldAxes } from "./blocks.js";

/** @typedef {import("./layout.js").Placed} Placed */
/** @typedef {import("./projection.js").View} View */
/** @typedef {import("./projection.js").Vec2} Vec2 */
/** @typedef {import("./projection.js").Vec3} Vec3 */
/** @typedef {{axis: number, from: number, to: number, size: number}} Extent  axis is the tensor's, -1 for none; size is the whole axis */
/** @typedef {{from: number, to: number, low: Vec3, high: Vec3, role: "whole" | "before" | "now" | "after" | "row"}} Slab */
/**
 * One parallelogram on the screen showing one matrix: `u` runs along `along` (the matrix's columns), `v` along `down` (its rows).
 * @typedef {object} Face
 * @property {string} tensor
 * @property {number} fixedAxis  the tensor axis that stands still on this face, -1 for none
 * @property {number} fixedIndex
 * @property {Extent} u
 * @property {Extent} v
 * @property {Vec2} origin
 * @property {Vec2} along
 * @property {Vec2} down
 * @property {Slab["role"]} role
 */

const EDGE_ON = 0.02; // a face turned further away than this is a line

/** @param {Placed} placed @param {View} view */
export const viewFor = (placed, view) => (placed.block.kind === "sheet" ? FLAT : view);

/** Where the block's own (0, 0, 0) stands on the screen. @param {Placed} placed @param {View} view @returns {Vec2} */
export function originOf(placed, view) {
  const half = /** @type {Vec3} */ (opened(placed, placed.block).map((length) => -length / 2));
  return project(viewFor(placed, view), half, placed.centre);
}

/** The pieces a block is cut into, in index order. @param {Placed} placed @param {number} t @returns {Slab[]} */
export function slabsOf(placed, t) {
  const { block, size, gap, lift, thick } = placed;
  const [x, y, z] = size;
  if (block.kind === "ends") {
    return Array.from({ length: block.shape[0] }, (_, k) => {
      const front = k * (thick + gap);
      return { from: k, to: k + 1, low: [0, 0, front], high: [x, y, front + thick], role: /** @type {const} */ ("row") };
    });
  }
  const k = worldAxes(block).indexOf(block.cut);
  if (block.kind !== "cube" || block.cut < 0 || k < 0) return [{ from: 0, to: block.shape[0] ?? 1, low: [0, 0, 0], high: [x, y, z], role: "whole" }];
  const T = block.shape[block.cut];
  const now = Math.min(Math.max(0, t), T - 1);
  const pieces = /** @type {const} */ ([["before", 0, now], ["now", now, now + 1], ["after", now + 1, T]]);
  /** @type {Slab[]} */
  const slabs = [];
  pieces.forEach(([role, from, to], place) => {
    if (from >= to) return;
    const up = role === "now" ? 0 : lift;
    /** @type {Vec3} */
    const low = [0, up, 0];
    /** @type {Vec3} */
    const high = [x, y + up, z];
    low[k] += (size[k] * from) / T + place * gap;
    high[k] += (size[k] * to) / T - size[k] + place * gap;
    slabs.push({ from, to, low, high, role });
  });
  return slabs;
}

/** @param {Placed} placed @param {View} view @param {number} t @returns {Face[]} */
export function facesOf(placed, view, t) {
  if (placed.block.kind === "module") return [];
  const seen = viewFor(placed, view);
  const origin = originOf(placed, view);
  if (placed.block.plane) return [faceOfPlane(placed, placed.block.plane, origin)];
  const cutAt = worldAxes(placed.block).indexOf(placed.block.cut);
  const slabs = slabsOf(placed, t);
  if (cutAt >= 0 && seen.away[cutAt] > 0) slabs.reverse(); // what leads away is drawn from its far end
  return slabs.flatMap((slab) => facesOfSlab(placed, slab, seen, origin));
}

/** A slice faces the reader; its axes are those of its whole block. @param {Placed} placed @param {{axis: number, index: number}} plane @param {Vec2} origin @returns {Face} */
function faceOfPlane({ block, size }, plane, origin) {
  const axes = Array.from({ length: block.shape.length + 1 }, (_, d) => d).filter((d) => d !== plane.axis);
  /** @param {number} d @returns {Extent} */
  const extent = (d) => ({ axis: axes[d], from: 0, to: block.shape[d], size: block.shape[d] });
  const last = block.shape.length - 1;
  return { tensor: block.name, fixedAxis: plane.axis, fixedIndex: plane.index, u: extent(last), v: extent(last - 1), origin, along: [size[0], 0], down: [0, size[1]], role: "whole" };
}

/** @param {Placed} placed @param {Slab} slab @param {View} view @param {Vec2} origin @returns {Face[]} */
function facesOfSlab({ block }, slab, view, origin) {
  const axes = worldAxes(block);
  /** @param {number} k @returns {Extent} */
  const extent = (k) => {
    const axis = axes[k];
    if (axis < 0) return { axis, from: 0, to: 1, size: 1 };
    const size = block.shape[axis];
    return axis === block.cut && slab.role !== "whole" ? { axis, from: slab.from, to: slab.to, size } : { axis, from: 0, to: size, size };
  };
  /** @type {Face[]} */
  const faces = [];
  for (const k of [0, 1, 2]) {
    if (Math.abs(view.away[k]) < EDGE_ON) continue;
    if (block.kind === "sheet" && k !== 2) continue;
    const high = view.away[k] < 0;
    const still = extent(k);
    // the later tensor axis gives the columns, so that the matrix read from the tensor needs no transposing
    const [u, v] = k === 2 ? [0, 1] : k === 1 ? [0, 2] : [1, 2];
    /** @type {Vec3} */
    const corner = [slab.low[0], slab.low[1], slab.low[2]];
    if (high) corner[k] = slab.high[k];
    const length = (/** @type {number} */ axis) => slab.high[axis] - slab.low[axis];
    const vector = (/** @type {number} */ axis) => /** @type {Vec2} */ (view.axes[axis].map((c) => c * length(axis)));
    faces.push({
      tensor: block.name,
      fixedAxis: still.axis,
      fixedIndex: high ? still.to - 1 : still.from,
      u: extent(u),
      v: extent(v),
      origin: project(view, corner, origin),
      along: vector(u),
      down: vector(v),
      role: slab.role,
    });
  }
  return faces;
}

/**
 * The part of a face that shows these ranges of the tensor's axes (null: all of it); null when the face shows none of them.
 * @param {Face} face @param {([number, number] | null)[]} ranges by tensor axis
 * @returns {{origin: Vec2, along: Vec2, down: Vec2} | null}
 */
export function partOf(face, ranges) {
  const still = face.fixedAxis >= 0 ? ranges[face.fixedAxis] : null;
  if (still && (face.fixedIndex < still[0] || face.fixedIndex >= still[1])) return null;
  /** @param {Extent} extent @returns {Vec2 | null} */
  const share = (extent) => {
    const range = extent.axis >= 0 ? ranges[extent.axis] : null;
    if (!range) return [0, 1];
    const from = Math.max(range[0], extent.from);
    const to = Math.min(range[1], extent.to);
    const length = extent.to - extent.from;
    return from < to ? [(from - extent.from) / length, (to - extent.from) / length] : null;
  };
  const u = share(face.u);
  const v = share(face.v);
  if (!u || !v) return null;
  return {
    origin: [
      face.origin[0] + u[0] * face.along[0] + v[0] * face.down[0],
      face.origin[1] + u[0] * face.along[1] + v[0] * face.down[1],
    ],
    along: [face.along[0] * (u[1] - u[0]), face.along[1] * (u[1] - u[0])],
    down: [face.down[0] * (v[1] - v[0]), face.down[1] * (v[1] - v[0])],
  };
}

/**
 * A point inside a block, given in tensor indices (fractions allowed), on the screen. Follows the slab it lies in.
 * @param {Placed} placed @param {View} view @param {number} t @param {number[]} index @returns {Vec2}
 */
export function pointOf(placed, view, t, index) {
  const { block, size } = placed;
  if (block.plane) return pointOfPlane(placed, facesOf(placed, view, t)[0], index);
  const axes = worldAxes(block);
  const slabs = slabsOf(placed, t);
  const at = block.cut >= 0 ? index[block.cut] : 0;
  const slab = slabs.find((s) => s.role === "whole" || (at >= s.from && at < s.to)) ?? slabs[slabs.length - 1];
  const world = /** @type {Vec3} */ (
    axes.map((axis, k) => {
      if (axis < 0) return slab.low[k];
      if (block.kind === "ends" && axis === 0) return slab.low[k];
      const from = axis === block.cut && slab.role !== "whole" ? slab.from : 0;
      return slab.low[k] + ((index[axis] - from) * size[k]) / block.shape[axis];
    })
  );
  return project(viewFor(placed, view), world, originOf(placed, view));
}

/** @param {Placed} placed @param {Face} face @param {number[]} index @returns {Vec2} */
function pointOfPlane({ size }, { origin, u, v }, index) {
  return [origin[0] + (index[u.axis] / u.size) * size[0], origin[1] + (index[v.axis] / v.size) * size[1]];
}

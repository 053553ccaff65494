// The visible faces of every block, back to front. Whole slabs are sorted along the cut; the faces of one slab never overlap.

import { FLAT, project, viewOf } from "./projection.js";
import { opened } from "./sizes.js";
import { worldAxes } from "./blocks.js";
import { poseOf } from "./pose.js";

/** @typedef {import("./layout.js").Placed} Placed */
/** @typedef {import("./projection.js").View} View */
/** @typedef {import("./projection.js").Vec2} Vec2 */
/** @typedef {import("./projection.js").Vec3} Vec3 */
/** @typedef {{axis: number, from: number, to: number, size: number}} Extent  axis is the tensor's, -1 for none; size is the whole axis */
/**
 * A box that is drawn by itself. `spans` are the ranges of the tensor's axes that it holds (null: all of it), low and high
 * its corners in px; `frame` where its own axes lead, when it is turned in itself, and `at` the place of its own zero.
 * @typedef {{from: number, to: number, spans: ([number, number] | null)[], low: Vec3, high: Vec3, role: "whole" | "before" | "now" | "after" | "row", frame?: [Vec3, Vec3, Vec3], at?: Vec3}} Slab
 */
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

/** A sheet lies in the page; a cube that is being flattened turns towards the reader. @param {Placed} placed @param {View} view */
export function viewFor({ block, pose }, view) {
  if (block.kind === "sheet") return FLAT;
  if (!pose || pose.turn === 1) return view;
  return viewOf({ yaw: view.turn.yaw * pose.turn, pitch: view.turn.pitch * pose.turn });
}

/** px of the drawn box along x, y, z, with everything that is pulled out. @param {Placed} placed @returns {Vec3} */
export function extentOf({ pose, ...box }) {
  return pose ? /** @type {Vec3} */ (pose.extent.map((length, k) => length * pose.scale[k])) : opened(box, box.block);
}

/** Where the block's own (0, 0, 0) stands on the screen. @param {Placed} placed @param {View} view @returns {Vec2} */
export function originOf(placed, view) {
  const half = /** @type {Vec3} */ (extentOf(placed).map((length) => -length / 2));
  return project(viewFor(placed, view), half, placed.centre);
}

/** The tensor's axis along x, y and z. @param {Placed} placed */
export const worldOf = ({ pose, block }) => pose?.world ?? worldAxes(block);

/** The pieces a block is cut into, in index order. @param {Placed} placed @param {number} t of a cube that has no pose yet @returns {Slab[]} */
export function slabsOf(placed, t) {
  const { block, size, gap, thick, pose } = placed;
  if (pose) return pose.slabs;
  const [x, y, z] = size;
  if (block.kind === "ends") {
    return Array.from({ length: block.shape[0] }, (_, k) => {
      const front = k * (thick + gap);
      return { from: k, to: k + 1, spans: block.shape.map((_, axis) => (axis === 0 ? [k, k + 1] : null)), low: [0, 0, front], high: [x, y, front + thick], role: /** @type {const} */ ("row") };
    });
  }
  if (block.kind !== "cube" || block.cut < 0) return [{ from: 0, to: block.shape[0] ?? 1, spans: block.shape.map(() => null), low: [0, 0, 0], high: [x, y, z], role: "whole" }];
  return poseOf(placed, { form: "cut", along: "T", t, n: 0, unit: 0 }).slabs;
}

/** @param {Placed} placed @param {View} view @param {number} t @returns {Face[]} */
export function facesOf(placed, view, t) {
  if (placed.block.kind === "module") return [];
  const seen = viewFor(placed, view);
  const origin = originOf(placed, view);
  if (placed.block.plane) return [faceOfPlane(placed, placed.block.plane, origin)];
  return farFirst(placed, slabsOf(placed, t), seen).flatMap((slab) => facesOfSlab(placed, slab, seen, origin));
}

/** A slice faces the reader; its axes are those of its whole block. @param {Placed} placed @param {{axis: number, index: number}} plane @param {Vec2} origin @returns {Face} */
function faceOfPlane({ block, size }, plane, origin) {
  const axes = Array.from({ length: block.shape.length + 1 }, (_, d) => d).filter((d) => d !== plane.axis);
  /** @param {number} d @returns {Extent} */
  const extent = (d) => ({ axis: axes[d], from: 0, to: block.shape[d], size: block.shape[d] });
  const last = block.shape.length - 1;
  return { tensor: block.name, fixedAxis: plane.axis, fixedIndex: plane.index, u: extent(last), v: extent(last - 1), origin, along: [size[0], 0], down: [0, size[1]], role: "whole" };
}

/** Along the cut first, then along the other axes: what leads away is drawn from its far end. @param {Placed} placed @param {Slab[]} slabs @param {View} seen */
function farFirst(placed, slabs, seen) {
  if (slabs.length < 2) return slabs;
  const world = worldOf(placed);
  const cut = placed.pose ? placed.pose.axis : placed.block.cut;
  const order = [cut, ...world.filter((axis) => axis >= 0 && axis !== cut)].filter((axis) => axis >= 0);
  const far = order.map((axis) => (seen.away[world.indexOf(axis)] > 0 ? -1 : 1));
  return [...slabs].sort((a, b) => {
    for (const [k, axis] of order.entries()) {
      const apart = (a.spans[axis]?.[0] ?? 0) - (b.spans[axis]?.[0] ?? 0);
      if (apart) return apart * far[k];
    }
    return 0;
  });
}

/** A slab that is turned in itself, seen as if it were not. @param {View} view @param {Slab["frame"]} frame @returns {View} */
function framed(view, frame) {
  if (!frame) return view;
  const along = (/** @type {Vec3} */ axis) => project(view, axis);
  const faces = [cross(frame[1], frame[2]), cross(frame[2], frame[0]), cross(frame[0], frame[1])];
  const handed = Math.sign(dot(faces[0], frame[0])) || 1;
  const away = /** @type {Vec3} */ (faces.map((normal) => (handed * dot(normal, view.away)) / (Math.hypot(...normal) || 1)));
  return { turn: view.turn, axes: [along(frame[0]), along(frame[1]), along(frame[2])], away };
}

/** @param {Vec3} a @param {Vec3} b @returns {Vec3} */
const cross = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
/** @param {Vec3} a @param {Vec3} b */
const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

/** @param {Placed} placed @param {Slab} slab @param {View} seen @param {Vec2} start @returns {Face[]} */
function facesOfSlab(placed, slab, seen, start) {
  const { block } = placed;
  const axes = worldOf(placed);
  const view = framed(seen, slab.frame);
  const origin = slab.at ? project(seen, slab.at, start) : start;
  /** @param {number} k @returns {Extent} */
  const extent = (k) => {
    const axis = axes[k];
    if (axis < 0) return { axis, from: 0, to: 1, size: 1 };
    const size = block.shape[axis];
    const [from, to] = slab.spans[axis] ?? [0, size];
    return { axis, from, to, size };
  };
  /** @type {Face[]} */
  const faces = [];
  for (const k of [0, 1, 2]) {
    if (block.kind === "sheet" ? k !== 2 : Math.abs(view.away[k]) < EDGE_ON) continue;
    const high = view.away[k] < 0;
    const still = extent(k);
    // the later tensor axis gives the columns, so that the matrix read from the tensor needs no transposing
    const [u, v] = [0, 1, 2].filter((other) => other !== k).sort((a, b) => axes[b] - axes[a]);
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
  const { block } = placed;
  if (block.plane) return pointOfPlane(placed, facesOf(placed, view, t)[0], index);
  const slabs = slabsOf(placed, t);
  const has = (/** @type {Slab} */ { spans }, /** @type {number} */ axis) => {
    const span = spans[axis];
    const at = Math.min(index[axis], block.shape[axis] - 0.5);
    return !span || (at >= span[0] && at < span[1]);
  };
  const cut = placed.pose ? placed.pose.axis : block.cut;
  const slab = slabs.find((one) => index.every((_, axis) => has(one, axis))) ?? slabs.find((one) => cut < 0 || has(one, cut)) ?? slabs[slabs.length - 1];
  const local = /** @type {Vec3} */ (
    worldOf(placed).map((axis, k) => {
      if (axis < 0 || (block.kind === "ends" && axis === 0)) return slab.low[k];
      const [from, to] = slab.spans[axis] ?? [0, block.shape[axis]];
      return slab.low[k] + ((index[axis] - from) * (slab.high[k] - slab.low[k])) / (to - from);
    })
  );
  const seen = viewFor(placed, view);
  const start = originOf(placed, view);
  return project(framed(seen, slab.frame), local, slab.at ? project(seen, slab.at, start) : start);
}

/** @param {Placed} placed @param {Face} face @param {number[]} index @returns {Vec2} */
function pointOfPlane({ size }, { origin, u, v }, index) {
  return [origin[0] + (index[u.axis] / u.size) * size[0], origin[1] + (index[v.axis] / v.size) * size[1]];
}

// What batch_first turns: (N, T, F) into (T, N, F) and back, sample by sample, without pressing anything through itself.

import { worldAxes } from "./blocks.js";
import { between, poseOf } from "./pose.js";
import { reach } from "./projection.js";

/** @typedef {import("./layout.js").Placed} Placed */
/** @typedef {import("./faces.js").Slab} Slab */
/** @typedef {import("./pose.js").Asked} Asked */
/** @typedef {import("./pose.js").Pose} Pose */
/** @typedef {import("./projection.js").Vec3} Vec3 */

const CLOSED = 0.18; // of the way: until the cube is closed, and again for opening it at the end

/** Does a block have another order of its axes when batch_first changes. @param {{kind: string, axes: string[]}} block */
export const isTurned = ({ kind, axes }) => axes.includes("N") && axes.includes("T") && (kind === "cube" || (kind === "sheet" && axes.length === 2));

/**
 * A block on its way to where torch has it now, from where it was with the other batch_first.
 * Each sample is a plate of its own. The plates spread down the page, each turns about its upper edge, and they close up
 * again: a rotation alone cannot swap two axes, it would leave one of them mirrored.
 * @param {Placed} placed as it will be @param {Asked} asked @param {number} p 0 … 1 @param {number[] | null} [lengths] @returns {Pose}
 */
export function turning(placed, asked, p, lengths = null) {
  const { block } = placed;
  if (block.kind === "sheet") return flipped(placed, p);
  const own = worldAxes(block);
  const old = swapped(block, own);
  const first = block.axes.indexOf("N") === 0; // it comes back to (N, T, F): the same way, backwards
  const pose = (/** @type {Asked} */ how, /** @type {[number, number, number]} */ world) => poseOf(placed, how, lengths, world);
  /** @type {Asked} */
  const whole = { ...asked, form: "whole" };
  if (p <= 0) return pose(asked, old);
  if (p >= 1) return pose(asked, own);
  if (p < CLOSED) return between(block, pose(asked, old), pose(whole, old), p / CLOSED, pose(whole, old), lengths);
  if (p > 1 - CLOSED) return between(block, pose(whole, own), pose(asked, own), (p - 1 + CLOSED) / CLOSED, pose(whole, own), lengths);
  const q = (p - CLOSED) / (1 - 2 * CLOSED);
  const ends = first ? [pose(whole, own), pose(whole, old)] : [pose(whole, old), pose(whole, own)];
  return plates(placed, first ? 1 - q : q, ends, lengths);
}

/** The same axes with batch and time in each other's place. @param {{axes: string[]}} block @param {[number, number, number]} world @returns {[number, number, number]} */
function swapped({ axes }, world) {
  const [n, t] = [axes.indexOf("N"), axes.indexOf("T")];
  return /** @type {[number, number, number]} */ (world.map((axis) => (axis === n ? t : axis === t ? n : axis)));
}

/**
 * From the cube with the batch leading into depth (0) to the cube with the batch leading down (1).
 * @param {Placed} placed @param {number} q @param {Pose[]} ends the cube at 0 and at 1 @param {number[] | null} lengths @returns {Pose}
 */
function plates({ block, size, room }, q, ends, lengths) {
  const [{ world, scale: [from] }, { scale: [to] }] = ends;
  const own = worldAxes(block);
  const [width, time, batch] = world.map((axis) => size[own.indexOf(axis)]);
  const count = block.shape[block.sample];
  const thick = batch / count;
  const spread = Math.min(1, 2 * q); // first they spread down the page …
  const tilt = (Math.max(0, 2 * q - 1) * Math.PI) / 2; // … then each lies down
  const [cos, sin] = [Math.cos(tilt), Math.sin(tilt)];
  const pitch = tilt > 0 ? time * cos + thick * sin : time * spread; // px from one plate to the next
  /** @type {Vec3} */
  const extent = [width, tilt > 0 ? (count - 1) * pitch + time * cos + thick * sin : time + (count - 1) * pitch, tilt > 0 ? Math.max(thick, time * sin) : batch + (thick - batch) * spread];
  const scale = fitting(extent, room, from + (to - from) * q);
  const scaled = (/** @type {Vec3} */ vector) => /** @type {Vec3} */ (vector.map((one, k) => one * scale[k]));
  const slabs = Array.from({ length: count }, (_, n) => {
    const spans = block.shape.map((_, axis) => (axis === block.sample ? /** @type {[number, number]} */ ([n, n + 1]) : null));
    const end = lengths ? Math.min(block.shape[world[1]], lengths[n]) : block.shape[world[1]];
    if (lengths) spans[world[1]] = [0, end];
    return {
      from: n,
      to: n + 1,
      spans,
      low: /** @type {Vec3} */ ([0, 0, 0]),
      high: /** @type {Vec3} */ ([width, (time * end) / block.shape[world[1]], thick]),
      role: /** @type {const} */ ("whole"),
      frame: /** @type {[Vec3, Vec3, Vec3]} */ ([scaled([1, 0, 0]), scaled([0, cos, sin]), scaled([0, -sin, cos])]),
      at: scaled([0, n * pitch + thick * sin, tilt > 0 ? 0 : n * thick * (1 - spread)]),
    };
  });
  return { axis: block.sample, pieces: [], world, size: [width, time, batch], extent, scale, turn: 1, slabs };
}

/** Pressed down the page until it fits into its room, and no larger than `most`. @param {Vec3} extent @param {import("./layout.js").Rect} room @param {number} most @returns {Vec3} */
function fitting(extent, room, most) {
  const across = Math.min(most, room.w / reach(extent)[0]);
  const high = (/** @type {number} */ down) => reach([extent[0] * across, extent[1] * down, extent[2] * across])[1];
  if (high(most) <= room.h + 1e-6) return [across, most, across];
  let [fits, down] = [0, most];
  for (let k = 0; k < 16; k++) {
    const middle = (fits + down) / 2;
    if (high(middle) <= room.h) fits = middle;
    else down = middle;
  }
  return [across, fits, across];
}

/** A sheet is turned over about its diagonal. @param {Placed} placed @param {number} p @returns {Pose} */
function flipped({ block, size }, p) {
  const [far, near] = [(1 + Math.cos(Math.PI * p)) / 2, (1 - Math.cos(Math.PI * p)) / 2];
  const world = swapped(block, worldAxes(block));
  /** @type {Vec3} */
  const old = [size[1], size[0], 0];
  return {
    axis: -1, pieces: [], world, size: old, scale: [1, 1, 1], turn: 1,
    extent: [old[0] * far + old[1] * near, old[0] * near + old[1] * far, 0],
    slabs: [{
      from: 0, to: block.shape[0], spans: block.shape.map(() => null), low: [0, 0, 0], high: old, role: "whole",
      frame: [[far, near, 0], [near, far, 0], [0, 0, -1]],
    }],
  };
}

// How a cube lies there: whole, cut, one slice pulled out, all slices apart, or flattened; and every state in between.

import { ENCODER } from "../core/encoder.js";
import { worldAxes } from "./blocks.js";
import { reach } from "./projection.js";
import { gapAlong } from "./sizes.js";

/** @typedef {import("./layout.js").Placed} Placed */
/** @typedef {import("./faces.js").Slab} Slab */
/** @typedef {import("./projection.js").Vec3} Vec3 */
/** @typedef {"cut" | "whole" | "pull" | "apart" | "flat"} Form */
/** @typedef {"T" | "N" | "F"} Along  F is the last axis, whatever it holds */
/** @typedef {{form: Form, along: Along, t: number, n: number, unit: number}} Asked */
/** @typedef {{from: number, to: number, offset: Vec3, role: Slab["role"]}} Piece  a range of the cut axis and how far it has moved, px before scaling */
/**
 * @typedef {object} Pose  plain data: everything that facesOf needs to draw a cube
 * @property {number} axis  the tensor's axis that is cut, -1 for none
 * @property {Piece[]} pieces  in index order
 * @property {[number, number, number]} world  the tensor's axis along x, y, z
 * @property {Vec3} size  px of the whole cube along x, y, z
 * @property {Vec3} extent  px of the room that the pieces take, before scaling
 * @property {Vec3} scale
 * @property {number} turn  how much of the reader's turn it takes: 1 like every cube, 0 for what lies in the page
 * @property {Slab[]} slabs  what the above comes to
 */

const MOST_APART = 16; // slices drawn apart; of more, several stay together
const MARGIN = 14; // px between a cube and the slice that was pulled out of it
const MOST_FLAT = 2 ** 24; // numbers; more of them are not read only to be averaged away, the cube stays whole

/** @param {{axes: string[], shape: number[], sample: number}} block @param {Along} along @returns {number} the tensor's axis, -1 where it has none */
export const axisAlong = ({ axes, shape, sample }, along) => (along === "T" ? axes.indexOf("T") : along === "N" ? sample : shape.length - 1);

/** The index that the cut follows; -1 where nothing does (an encoder's steps are not the decoder's). @param {{name: string, shape: number[]}} block @param {number} axis @param {Asked} asked */
export function indexAlong({ name, shape }, axis, { along, t, n, unit }) {
  if (axis < 0 || (along === "T" && name.startsWith(ENCODER))) return -1;
  return Math.min(Math.max(0, along === "T" ? t : along === "N" ? n : unit), shape[axis] - 1);
}

/**
 * @param {Placed} placed a cube @param {Asked} asked @param {number[] | null} [lengths] where each sample ends, if the cube ends there too
 * @param {[number, number, number]} [world] another way to lie than torch's order
 * @returns {Pose}
 */
export function poseOf(placed, asked, lengths = null, world = worldAxes(placed.block)) {
  const { block, room } = placed;
  const own = worldAxes(block);
  const size = /** @type {Vec3} */ (world.map((axis) => placed.size[own.indexOf(axis)]));
  const axis = asked.form === "flat" ? world[2] : axisAlong(block, asked.along);
  const k = world.indexOf(axis);
  const at = indexAlong(block, axis, asked);
  const count = block.shape[axis] ?? 1;
  const whole = () => finish([{ from: 0, to: count, offset: [0, 0, 0], role: "whole" }], -1, size);
  if (k < 0 || asked.form === "whole" || (asked.form === "flat" && block.shape.reduce((a, b) => a * b, 1) > MOST_FLAT)) return whole();
  if (asked.form === "flat") {
    const pieces = Array.from({ length: count }, (_, i) => piece(i, i + 1, { 1: i * size[1] }, "whole"));
    return finish(pieces, axis, [size[0], count * size[1], size[2]], 0);
  }
  if (asked.form === "apart") return apart();
  if (at < 0) return whole();
  const three = /** @type {const} */ ([["before", 0, at], ["now", at, at + 1], ["after", at + 1, count]]);
  if (asked.form === "pull") {
    // along the shorter of the other two axes: towards the reader, up, or to the left
    const [first, second] = [0, 1, 2].filter((other) => other !== k);
    const d = size[first] < size[second] ? first : second;
    const away = size[d] + MARGIN;
    return finish(three.map(([role, from, to]) => piece(from, to, role === "now" ? {} : { [d]: away }, role)), axis, with_(size, d, size[d] + away));
  }
  const gap = gapAlong(k, size);
  const lift = k === 2 ? 0.5 * size[1] : 0; // where the cut runs into depth the slice would hide
  const opened = with_(with_(size, 1, size[1] + lift), k, size[k] + 2 * gap);
  return finish(three.map(([role, from, to], place) => piece(from, to, { ...(lift ? { 1: role === "now" ? 0 : lift } : {}), [k]: place * gap }, role)), axis, opened);

  function apart() {
    const groups = Math.min(count, MOST_APART);
    const most = (k === 0 ? 0.7 : 1.6) * size[k]; // what lies side by side needs the width of the page
    const gap = Math.min(k === 2 ? 0.6 * size[1] : gapAlong(k, size), most / Math.max(1, groups - 1));
    const bounds = Array.from({ length: groups + 1 }, (_, g) => Math.round((g * count) / groups));
    const pieces = bounds.slice(1).flatMap((to, g) => {
      const from = bounds[g];
      const inside = at >= from && at < to;
      const parts = inside ? [["before", from, at], ["now", at, at + 1], ["after", at + 1, to]] : [[to <= at ? "before" : "after", from, to]];
      return parts.map(([role, a, b]) => piece(Number(a), Number(b), { [k]: g * gap }, /** @type {Slab["role"]} */ (at < 0 ? "whole" : role)));
    });
    return finish(pieces, axis, with_(size, k, size[k] + (groups - 1) * gap));
  }

  /** @param {Piece[]} pieces @param {number} cut @param {Vec3} extent @param {number} [turn] @returns {Pose} */
  function finish(pieces, cut, extent, turn = 1) {
    const [width, height] = reach(extent);
    const fit = Math.min(1, room.w / width, room.h / height);
    /** @type {Vec3} */
    const scale = turn ? [fit, fit, fit] : [Math.min(1, room.w / extent[0]), Math.min(1, room.h / extent[1]), 1];
    return built(block, { axis: cut, pieces: pieces.filter(({ from, to }) => from < to), world, size, extent, scale, turn }, lengths);
  }
}

/** @param {number} from @param {number} to @param {{[k: number]: number | undefined}} moved @param {Slab["role"]} role @returns {Piece} */
const piece = (from, to, moved, role) => ({ from, to, offset: [moved[0] ?? 0, moved[1] ?? 0, moved[2] ?? 0], role });

/** @param {Vec3} vector @param {number} k @param {number} value @returns {Vec3} */
const with_ = (vector, k, value) => /** @type {Vec3} */ (vector.map((old, j) => (j === k ? value : old)));

/**
 * Part p of the way from one pose to another of the same cube: pieces move and shrink, what lies flat is turned, and
 * nothing is pressed through itself. Between two directions of cutting the cube closes first.
 * @param {import("./blocks.js").SceneBlock} block @param {Pose} a @param {Pose} b @param {number} p 0 … 1 @param {Pose} whole @param {number[] | null} [lengths] @returns {Pose}
 */
export function between(block, a, b, p, whole, lengths = null) {
  if (p <= 0) return a;
  if (p >= 1) return b;
  if (a.axis >= 0 && b.axis >= 0 && a.axis !== b.axis) {
    return p < 0.5 ? between(block, a, whole, 2 * p, whole, lengths) : between(block, whole, b, 2 * p - 1, whole, lengths);
  }
  const axis = Math.max(a.axis, b.axis);
  if (axis < 0) return b;
  const mix = (/** @type {Vec3} */ from, /** @type {Vec3} */ to) => /** @type {Vec3} */ (from.map((one, k) => one + (to[k] - one) * p));
  const ends = [a, b].flatMap((pose) => (pose.axis < 0 ? [] : pose.pieces.flatMap(({ from, to }) => [from, to])));
  const cuts = [...new Set(ends)].sort((x, y) => x - y);
  const pieceAt = (/** @type {Pose} */ pose, /** @type {number} */ at) => pose.pieces.find(({ from, to }) => pose.axis < 0 || (at >= from && at < to)) ?? pose.pieces[0];
  const pieces = cuts.slice(1).map((to, i) => {
    const [one, two] = [pieceAt(a, cuts[i]), pieceAt(b, cuts[i])];
    return { from: cuts[i], to, offset: mix(one.offset, two.offset), role: b.axis < 0 ? one.role : two.role };
  });
  return built(block, { axis, pieces, world: b.world, size: b.size, extent: mix(a.extent, b.extent), scale: mix(a.scale, b.scale), turn: a.turn + (b.turn - a.turn) * p }, lengths);
}

/** @param {import("./blocks.js").SceneBlock} block @param {Omit<Pose, "slabs">} pose @param {number[] | null} lengths @returns {Pose} */
function built(block, pose, lengths) {
  const { axis, pieces, world, size, scale } = pose;
  const slabs = pieces.flatMap(({ from, to, offset, role }) => {
    const spans = block.shape.map((_, k) => (k === axis ? /** @type {[number, number]} */ ([from, to]) : null));
    return (lengths ? stairsOf(block, spans, lengths) : [spans]).map((part) => {
      const edge = (/** @type {0 | 1} */ end) =>
        /** @type {Vec3} */ (world.map((of, k) => ((part[of]?.[end] ?? end * block.shape[of]) * (size[k] / block.shape[of]) + offset[k]) * scale[k]));
      return { from, to, spans: part, low: edge(0), high: edge(1), role };
    });
  });
  return { ...pose, slabs };
}

/**
 * The boxes that are left of a part of a cube where every sample ends at its own step; neighbours of one length are one box.
 * @param {{axes: string[], shape: number[], sample: number}} block @param {([number, number] | null)[]} spans @param {number[]} lengths
 * @returns {([number, number] | null)[][]}
 */
export function stairsOf({ axes, shape, sample }, spans, lengths) {
  const time = axes.indexOf("T");
  if (time < 0 || sample < 0) return [spans];
  const [first, last] = spans[sample] ?? [0, shape[sample]];
  const [low, high] = spans[time] ?? [0, shape[time]];
  /** @type {([number, number] | null)[][]} */
  const found = [];
  for (let n = first; n < last; ) {
    const end = Math.min(high, lengths[n]);
    let next = n + 1;
    while (next < last && Math.min(high, lengths[next]) === end) next++;
    if (end > low) found.push(spans.with(sample, [n, next]).with(time, [low, end]));
    n = next;
  }
  return found;
}

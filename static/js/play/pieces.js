// Which numbers go from where to where in a stage: the pieces that fly, in order. Counted, never listed one by one.

import { plain } from "../core/encoder.js";

/** @typedef {import("../types.js").Trace} Trace */
/** @typedef {import("../types.js").Stage} Stage */
/** @typedef {([number, number] | null)[]} Ranges  [from, to) by tensor axis; null: the whole axis */
/** @typedef {{tensor: string, ranges: Ranges}} Part  a stretch of a tensor's numbers */
/**
 * @typedef {object} Pieces
 * @property {number} count
 * @property {boolean} same  the numbers only move; else a new number is made on the way
 * @property {(k: number) => Part[]} from  what piece k is made of
 * @property {(k: number) => Part} to  where piece k goes
 * @property {(k: number) => Part[]} rest  what pieces k, k + 1, … still have to fill
 */

const MOST = 10; // pieces a stage; more would be a swarm
const SAME = ["view", "select", "squeeze", "name", "pack"]; // operations that change no number

/**
 * The pieces of a stage that is computed at once.
 * @param {Trace} trace @param {Stage} stage @returns {Pieces | null} null where nothing of it is drawn
 */
export function piecesOf(trace, stage) {
  const [target] = stage.outputs;
  const info = trace.tensors[target];
  if (!info) return null;
  const source = stage.inputs.find((name) => Object.hasOwn(trace.tensors, name)) ?? null;
  const same = SAME.includes(stage.op) && source !== null;
  const whole = () => /** @type {Ranges} */ (info.shape.map(() => null));
  const given = source === null ? null : trace.tensors[source];
  const all = (/** @type {string} */ name) => ({ tensor: name, ranges: /** @type {Ranges} */ (trace.tensors[name].shape.map(() => null)) });

  if (stage.op === "pack" && source) return packed(trace, source, target);
  if (plain(target) === "joined" && source && given) return joinedRows(trace, source, target);
  if (given && source && stage.op === "select") {
    const time = given.axes.indexOf("T");
    const from = { tensor: source, ranges: time < 0 ? all(source).ranges : all(source).ranges.with(time, [given.shape[time] - 1, given.shape[time]]) };
    return { count: 1, same, from: () => [from], to: () => ({ tensor: target, ranges: whole() }), rest: (k) => (k < 1 ? [{ tensor: target, ranges: whole() }] : []) };
  }
  const axis = orderOf(info, stage.op);
  const twin = given ? given.axes.indexOf(info.axes[axis] ?? "") : -1;
  if (given && source && axis >= 0 && twin < 0) {
    const moved = merged(given, info);
    if (moved) return spread(target, info, axis, moved.inner, same, (from, to) => [{ tensor: source, ranges: moved.ranges(from, to) }]);
  }
  if (stage.op === "mean" && source && given) {
    const over = given.axes.includes("T") ? given.axes.indexOf("T") : 0;
    const steps = given.shape[over] ?? 1;
    const count = Math.min(MOST, steps);
    const to = { tensor: target, ranges: whole() };
    return { count, same, from: (k) => [{ tensor: source, ranges: all(source).ranges.with(over, share(steps, count, k)) }], to: () => to, rest: (k) => (k < count ? [to] : []) };
  }
  return spread(target, info, axis, 1, same, (from, to) =>
    stage.inputs.flatMap((name) => {
      const one = trace.tensors[name];
      if (!one) return [];
      const along = one.axes.indexOf(info.axes[axis] ?? "");
      return [{ tensor: name, ranges: along < 0 ? all(name).ranges : all(name).ranges.with(along, [from, to]) }];
    }));
}

/** The axis along which a stage fills its tensor: time where words come one by one, else the first. @param {{axes: string[], shape: number[]}} info @param {string} op */
function orderOf({ axes }, op) {
  const time = axes.indexOf("T");
  return time >= 0 && ["tokenize", "Embedding", "decode"].includes(op) ? time : axes.length ? 0 : -1;
}

/**
 * Pieces along one axis of the target, each of whole runs of `inner` places.
 * @param {string} target @param {{shape: number[]}} info @param {number} axis @param {number} inner @param {boolean} same
 * @param {(from: number, to: number) => Part[]} sources @returns {Pieces}
 */
function spread(target, { shape }, axis, inner, same, sources) {
  const runs = axis < 0 ? 1 : Math.ceil(shape[axis] / inner);
  const count = Math.min(MOST, runs);
  const span = (/** @type {number} */ k) => /** @type {[number, number]} */ (share(runs, count, k).map((run) => run * inner));
  const cut = (/** @type {[number, number]} */ range) => ({ tensor: target, ranges: shape.map((_, k) => (k === axis ? range : null)) });
  return {
    count,
    same,
    from: (k) => sources(...span(k)),
    to: (k) => cut(span(k)),
    rest: (k) => (k < count ? [cut([span(k)[0], runs * inner])] : []),
  };
}

/**
 * Between (N, T, …) and (N·T, …): the ranges of the source for a stretch of the target's first axis; `inner` places of
 * the target belong together.
 * @param {{axes: string[], shape: number[]}} given @param {{axes: string[], shape: number[]}} info
 * @returns {{inner: number, ranges: (from: number, to: number) => Ranges} | null}
 */
function merged(given, info) {
  const rest = (/** @type {Ranges} */ ranges) => [...ranges, ...given.shape.slice(ranges.length).map(() => null)];
  if (info.axes[0] === `${given.axes[0]}·${given.axes[1]}`) {
    const inner = given.shape[1];
    return { inner, ranges: (from, to) => rest([[from / inner, to / inner]]) };
  }
  if (given.axes[0] !== `${info.axes[0]}·${info.axes[1]}`) return null;
  return { inner: 1, ranges: (from, to) => rest([[from * info.shape[1], to * info.shape[1]]]) };
}

/** The top layer's rows of h_n, side by side. @param {Trace} trace @param {string} source @param {string} target @returns {Pieces} */
function joinedRows(trace, source, target) {
  const own = source.startsWith("encoder.") && trace.encoder ? trace.encoder : trace;
  const strands = own.positions.output;
  const { shape } = trace.tensors[target];
  const ends = strands.map((strand) => own.positions.h_n.find(({ layer, direction }) => layer === strand.layer && direction === strand.direction)?.index ?? 0);
  const last = shape.length - 1;
  const whole = /** @type {Ranges} */ (shape.map(() => null));
  const rows = trace.tensors[source].shape.map(() => null);
  const to = (/** @type {number} */ k) => ({ tensor: target, ranges: whole.with(last, strands[k].features) });
  return {
    count: strands.length,
    same: true,
    from: (k) => [{ tensor: source, ranges: /** @type {Ranges} */ (rows).with(0, [ends[k], ends[k] + 1]) }],
    to,
    rest: (k) => strands.slice(k).map((_, j) => to(k + j)),
  };
}

/** Step after step, the samples that are still there. @param {Trace} trace @param {string} source @param {string} target @returns {Pieces} */
function packed(trace, source, target) {
  const { axes, shape } = trace.tensors[source];
  const time = axes.indexOf("T");
  const steps = shape[time];
  const sizes = batchSizes(trace, source.startsWith("encoder.") ? "encoder." : "", steps);
  const before = sizes.reduce((sums, size) => [...sums, (sums.at(-1) ?? 0) + size], [0]);
  const count = Math.min(MOST, steps);
  const wide = trace.tensors[target].shape.slice(1).map(() => null);
  const span = (/** @type {number} */ k) => share(steps, count, k);
  return {
    count,
    same: true,
    from: (k) => [{ tensor: source, ranges: /** @type {Ranges} */ (shape.map(() => null)).with(time, span(k)) }],
    to: (k) => ({ tensor: target, ranges: [[before[span(k)[0]], before[span(k)[1]]], ...wide] }),
    rest: (k) => (k < count ? [{ tensor: target, ranges: [[before[span(k)[0]], before[steps]], ...wide] }] : []),
  };
}

/** How many samples each step of a packed batch has. @param {Trace} trace @param {string} of @param {number} steps @returns {number[]} */
export function batchSizes(trace, of, steps) {
  const own = of && trace.encoder ? trace.encoder : trace;
  const lengths = own.text?.lengths ?? own.request.lengths ?? [];
  return Array.from({ length: steps }, (_, t) => lengths.filter((length) => length > t).length);
}

/** Piece k of `count` nearly equal ones. @param {number} length @param {number} count @param {number} k @returns {[number, number]} */
export const share = (length, count, k) => [Math.floor((k * length) / count), Math.floor(((k + 1) * length) / count)];

// The cells of a block that lie behind a sample's own end: hatched, and without colour where nothing was computed.

import { partOf, pointOf } from "./faces.js";

/** @typedef {import("./faces.js").Face} Face */
/** @typedef {import("./projection.js").Vec2} Vec2 */
/** @typedef {{lengths: number[], cut: boolean}} Ended  `cut`: the run stopped there, so the numbers are only filled up */
/** @typedef {([number, number] | null)[]} Ranges  by tensor axis */

const VEIL = "rgb(253 253 251 / 0.5)"; // on data colours, which are the same in light and dark
const LINES = "rgb(20 24 32 / 0.45)";
const CLOSE = 11; // px between two numbers
const MANY = 12; // steps that are all numbered
const MOST = 1000; // pieces; more of them than this are thinner than a line

/**
 * Where padding lies in a tensor with these axes: one piece a sample, or one a step where the two axes are merged.
 * @param {string[]} axes @param {number[]} shape @param {number[]} lengths @returns {Ranges[]}
 */
export function paddedRanges(axes, shape, lengths) {
  const [batch, time, rows] = [axes.indexOf("N"), axes.indexOf("T"), axes.indexOf("N·T")];
  /** @type {Ranges[]} */
  const found = [];
  const none = () => /** @type {Ranges} */ (axes.map(() => null));
  const across = axes.indexOf("T·N");
  const steps = time >= 0 ? shape[time] : (shape[rows] ?? shape[across] ?? 0) / lengths.length;
  lengths.forEach((length, n) => {
    if (length >= steps || found.length > MOST) return;
    if (time >= 0 && batch >= 0) found.push(none().with(time, [length, steps]).with(batch, [n, n + 1]));
    else if (rows >= 0) found.push(none().with(rows, [n * steps + length, (n + 1) * steps]));
    else if (across >= 0) for (let t = length; t < steps; t++) found.push(none().with(across, [t * lengths.length + n, t * lengths.length + n + 1]));
  });
  return found.length > MOST ? [] : found;
}

/**
 * @param {CanvasRenderingContext2D} ctx @param {Face} face @param {{axes: string[], shape: number[]}} block
 * @param {Ended} ended @param {{panel: string, strong: string}} palette
 */
export function drawPadding(ctx, face, { axes, shape }, { lengths, cut }, palette) {
  const quads = paddedRanges(axes, shape, lengths).flatMap((ranges) => partOf(face, ranges) ?? []);
  if (!quads.length) return;
  ctx.save();
  ctx.beginPath();
  for (const { origin: [x, y], along, down } of quads) {
    ctx.moveTo(x, y);
    ctx.lineTo(x + along[0], y + along[1]);
    ctx.lineTo(x + along[0] + down[0], y + along[1] + down[1]);
    ctx.lineTo(x + down[0], y + down[1]);
    ctx.closePath();
  }
  ctx.fillStyle = cut ? palette.panel : VEIL;
  ctx.fill();
  ctx.clip();
  hatch(ctx, corners(face), cut ? palette.strong : LINES);
  ctx.restore();
}

/** @param {{origin: Vec2, along: Vec2, down: Vec2}} quad @returns {Vec2[]} */
const corners = ({ origin: [x, y], along, down }) => [
  [x, y],
  [x + along[0], y + along[1]],
  [x + down[0], y + down[1]],
  [x + along[0] + down[0], y + along[1] + down[1]],
];

/** @param {CanvasRenderingContext2D} ctx @param {Vec2[]} points @param {string} colour */
function hatch(ctx, points, colour) {
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  ctx.beginPath();
  for (let x = left - (bottom - top); x < right; x += 5) {
    ctx.moveTo(x, bottom);
    ctx.lineTo(x + (bottom - top), top);
  }
  ctx.strokeStyle = colour;
  ctx.lineWidth = 0.75;
  ctx.stroke();
}

/**
 * How many samples are still running at each step: what packing calls batch_sizes, and how high the stairs are.
 * @param {number[]} lengths @param {number} steps
 */
export const batchSizes = (lengths, steps) => Array.from({ length: steps }, (_, t) => lengths.filter((length) => length > t).length);

/**
 * The numbers of batch_sizes along the cube's outer edge, each beside its step; where steps lie too close, only where they change.
 * @param {import("./layout.js").Placed} placed @param {import("./projection.js").View} view @param {number} t @param {number[]} lengths
 * @returns {{text: string, at: Vec2}[]}
 */
export function sizesBeside(placed, view, t, lengths) {
  const { block } = placed;
  const time = block.axes.indexOf("T");
  const sizes = batchSizes(lengths, block.shape[time]);
  const outer = block.shape.map((size, axis) => (axis === block.shape.length - 1 && view.turn.yaw < 0 ? 0 : size));
  /** @type {{text: string, at: Vec2}[]} */
  const found = [];
  sizes.forEach((size, step) => {
    const at = pointOf(placed, view, t, outer.with(time, step + 0.5));
    const last = found.at(-1);
    if (last && Math.hypot(at[0] - last.at[0], at[1] - last.at[1]) < CLOSE) return;
    if (last && last.text === String(size) && sizes.length > MANY) return;
    found.push({ text: String(size), at });
  });
  return found;
}

// The film drawn over the scene: what is not computed yet as empty outlines, the stage at work, numbers on their way.

import { blockOf } from "./blocks.js";
import { partOf, pointOf, worldOf } from "./faces.js";
import { chainAt } from "./marks.js";

/** @typedef {import("./draw.js").Scene} Scene */
/** @typedef {import("./faces.js").Face} Face */
/** @typedef {import("./layout.js").Placed} Placed */
/** @typedef {import("./projection.js").Vec2} Vec2 */
/** @typedef {import("../play/motion.js").Motion} Motion */
/** @typedef {import("../play/motion.js").Stop} Stop */
/** @typedef {import("../play/pieces.js").Part} Part */
/** @typedef {import("../play/pieces.js").Ranges} Ranges */
/** @typedef {{origin: Vec2, along: Vec2, down: Vec2}} Quad */
/** @typedef {(ctx: CanvasRenderingContext2D, face: Face, placed: Placed, scene: Scene) => void} DrawFace */

const MIDWAY = 34; // px: a piece is at most so large where it becomes another number
const AROUND = 7; // px between a block and its halo

/** The stage at work, behind the blocks. @param {CanvasRenderingContext2D} ctx @param {Scene} scene */
export function drawLit(ctx, { film, layout, palette }) {
  if (!film) return;
  for (const { block, room } of layout.placed) {
    if (!film.lit.some((name) => name === block.name || name === block.also)) continue;
    ctx.save();
    ctx.beginPath();
    ctx.roundRect(room.x - AROUND, room.y - AROUND, room.w + 2 * AROUND, room.h + 2 * AROUND, 8);
    ctx.fillStyle = ctx.strokeStyle = palette.now;
    ctx.globalAlpha = 0.12;
    ctx.fill();
    ctx.globalAlpha = 0.9;
    ctx.lineWidth = 1.5;
    ctx.stroke();
    ctx.restore();
  }
}

/** What of a face is not computed yet: paper with a dashed edge, never a colour. @param {CanvasRenderingContext2D} ctx @param {Face} face @param {Ranges[]} undone @param {Scene["palette"]} palette */
export function drawUndone(ctx, face, undone, palette) {
  for (const ranges of undone) {
    const quad = partOf(face, ranges);
    if (!quad) continue;
    ctx.save();
    outlined(ctx, quad);
    ctx.fillStyle = palette.paper;
    ctx.fill();
    ctx.setLineDash([3, 3]);
    ctx.strokeStyle = palette.strong;
    ctx.lineWidth = 1;
    ctx.stroke();
    ctx.restore();
  }
}

/** Numbers on their way from one block to another. @param {CanvasRenderingContext2D} ctx @param {Scene} scene @param {DrawFace} drawFace */
export function drawFlights(ctx, scene, drawFace) {
  const { film } = scene;
  if (!film) return;
  for (const flight of film.flights) {
    const { from, to } = endsOf(scene, flight);
    if (!from || !to) continue;
    const g = eased(flight.g);
    if (flight.same) {
      const part = "tensor" in flight.to ? flight.to : flight.from;
      card(ctx, scene, between(from, to, g), "tensor" in part ? part : null, drawFace);
      continue;
    }
    const middle = midway(from, to);
    if (g < 0.5) card(ctx, scene, between(from, shrunk(from, middle), 2 * g), asPart(flight.from), drawFace);
    else card(ctx, scene, between(shrunk(to, middle), to, 2 * g - 1), asPart(flight.to), drawFace);
  }
}

/** @param {Stop} stop */
const asPart = (stop) => ("tensor" in stop ? stop : null);

/** Slow at both ends. @param {number} g */
const eased = (g) => g * g * (3 - 2 * g);

/** Inside the module a piece keeps its shape and is small. @param {Scene} scene @param {import("../play/motion.js").Flight} flight */
function endsOf(scene, { from, to }) {
  const [a, b] = [quadAt(scene, from), quadAt(scene, to)];
  if (!a || !b) return { from: null, to: null };
  const tensors = ["tensor" in from, "tensor" in to];
  return { from: !tensors[0] && tensors[1] ? shrunk(b, centre(a)) : a, to: tensors[0] && !tensors[1] ? shrunk(a, centre(b)) : b };
}

/** @param {Scene} scene @param {Stop} stop @returns {Quad | null} */
function quadAt(scene, stop) {
  const { layout, modules } = scene;
  if ("module" in stop) {
    const placed = layout.placed.find(({ block }) => block.name === stop.module);
    const module = modules[stop.module];
    if (!placed || !module) return null;
    const [x, y] = chainAt(placed, module, stop.row.index);
    return { origin: [x - 10, y - 5], along: [20, 0], down: [0, 10] };
  }
  const block = blockOf(layout.placed.map(({ block }) => block), stop.tensor);
  const placed = layout.placed.find((one) => one.block === block);
  return placed && !placed.block.plane ? quadOf(placed, scene, stop.ranges) : null; // one slice alone has nowhere to send it
}

/** The parallelogram that a part of a block stands in; a part of three axes is seen from the side where it is thinnest. @param {Placed} placed @param {Scene} scene @param {Ranges} ranges @returns {Quad} */
function quadOf(placed, { view, t }, ranges) {
  const { u, v, low, high } = spanned(placed, ranges);
  const at = (/** @type {number} */ axis) => pointOf(placed, view, t, low.map((from, k) => (k === axis ? high[k] : from)));
  const origin = pointOf(placed, view, t, low);
  const minus = (/** @type {Vec2} */ [x, y]) => /** @type {Vec2} */ ([x - origin[0], y - origin[1]]);
  return { origin, along: u < 0 ? [placed.size[0], 0] : minus(at(u)), down: v < 0 ? [0, placed.size[1]] : minus(at(v)) };
}

/** @param {Placed} placed @param {Ranges} ranges */
function spanned(placed, ranges) {
  const { block, size } = placed;
  const low = block.shape.map((_, axis) => ranges[axis]?.[0] ?? 0);
  const high = block.shape.map((length, axis) => ranges[axis]?.[1] ?? length);
  const world = worldOf(placed);
  const axes = world.filter((axis) => axis >= 0);
  if (axes.length === 3) {
    const px = (/** @type {number} */ axis) => ((high[axis] - low[axis]) / block.shape[axis]) * size[block.shape.length - 1 - axis];
    const thin = axes.reduce((least, axis) => (px(axis) < px(least) ? axis : least));
    axes.splice(axes.indexOf(thin), 1);
  }
  return { u: axes[0] ?? -1, v: axes[1] ?? -1, low, high };
}

/** One picture of real numbers; a piece of the module has none of its own. @param {CanvasRenderingContext2D} ctx @param {Scene} scene @param {Quad} quad @param {Part | null} part @param {DrawFace} drawFace */
function card(ctx, scene, quad, part, drawFace) {
  const { layout, palette } = scene;
  const block = part && blockOf(layout.placed.map(({ block }) => block), part.tensor);
  const placed = layout.placed.find((one) => one.block === block);
  outlined(ctx, quad);
  ctx.fillStyle = ctx.strokeStyle = palette.paper;
  ctx.lineWidth = 6; // a border that sets it off from what it passes over
  ctx.stroke();
  ctx.fill();
  if (part && placed) {
    const { u, v, low, high } = spanned(placed, part.ranges);
    const { shape } = placed.block;
    const extent = (/** @type {number} */ axis) => (axis < 0 ? { axis, from: 0, to: 1, size: 1 } : { axis, from: low[axis], to: high[axis], size: shape[axis] });
    const still = shape.findIndex((_, axis) => axis !== u && axis !== v);
    drawFace(ctx, { tensor: placed.block.name, fixedAxis: still, fixedIndex: still < 0 ? 0 : low[still], u: extent(u), v: extent(v), role: "now", ...quad }, placed, scene);
  }
  outlined(ctx, quad);
  ctx.strokeStyle = palette.now;
  ctx.lineWidth = 2;
  ctx.stroke();
}

/** @param {CanvasRenderingContext2D} ctx @param {Quad} quad */
function outlined(ctx, { origin: [x, y], along, down }) {
  ctx.beginPath();
  ctx.moveTo(x, y);
  ctx.lineTo(x + along[0], y + along[1]);
  ctx.lineTo(x + along[0] + down[0], y + along[1] + down[1]);
  ctx.lineTo(x + down[0], y + down[1]);
  ctx.closePath();
}

/** @param {Quad} a @param {Quad} b @param {number} g @returns {Quad} */
function between(a, b, g) {
  const mix = (/** @type {Vec2} */ p, /** @type {Vec2} */ q) => /** @type {Vec2} */ ([p[0] + (q[0] - p[0]) * g, p[1] + (q[1] - p[1]) * g]);
  return { origin: mix(a.origin, b.origin), along: mix(a.along, b.along), down: mix(a.down, b.down) };
}

/** @param {Quad} quad @returns {Vec2} */
const centre = ({ origin, along, down }) => [origin[0] + (along[0] + down[0]) / 2, origin[1] + (along[1] + down[1]) / 2];

/** @param {Quad} a @param {Quad} b @returns {Vec2} */
function midway(a, b) {
  const [p, q] = [centre(a), centre(b)];
  return [(p[0] + q[0]) / 2, (p[1] + q[1]) / 2];
}

/** The same shape, small, around a point. @param {Quad} quad @param {Vec2} at @returns {Quad} */
function shrunk({ along, down }, at) {
  const by = Math.min(1, MIDWAY / Math.max(Math.hypot(...along), Math.hypot(...down), 1));
  /** @type {Quad} */
  const small = { origin: [0, 0], along: [along[0] * by, along[1] * by], down: [down[0] * by, down[1] * by] };
  const [x, y] = centre(small);
  return { ...small, origin: [at[0] - x, at[1] - y] };
}

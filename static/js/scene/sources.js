// What the chosen number is computed from: its ranges outlined wherever they sit, and one thin arrow from each to the number.

import { inside } from "../core/places.js";
import { plain } from "../core/encoder.js";
import { facesOf, partOf, pointOf } from "./faces.js";

/** @typedef {import("../core/reads.js").Range} Range */
/** @typedef {import("../core/reads.js").Sources} Sources */
/** @typedef {import("../types.js").CellAt} CellAt */
/** @typedef {import("./draw.js").Scene} Scene */
/** @typedef {import("./draw.js").Quad} Quad */
/** @typedef {import("./layout.js").Placed} Placed */
/** @typedef {import("./projection.js").Vec2} Vec2 */
/** @typedef {import("./projection.js").View} View */
/** @typedef {{quads: Quad[], arrows: [Vec2, Vec2][]}} Drawn */

const DASH = [5, 3]; // px: not by its colour alone
const HEAD = 7; // px
const CELL = { w: 16, h: 16 }; // px around a single number, which stays readable
const SHORT = 14; // px: between neighbours an arrow would only hide them

/**
 * Outlines and arrows on the screen; one arrow a range, from the first of its places that is in the scene.
 * @param {Placed[]} placed
 * @param {View} view
 * @param {number} t
 * @param {Sources} sources
 * @returns {Drawn}
 */
export function layoutSources(placed, view, t, { to, marked }) {
  const end = targetOf(placed, view, t, to);
  /** @type {Drawn} */
  const drawn = { quads: [], arrows: [] };
  for (const { places } of marked) {
    const seen = distinct(places.flatMap((range) => {
      const box = boxOf(placed, range.tensor);
      return box ? [{ box, range }] : [];
    }));
    for (const { box, range } of seen) drawn.quads.push(...quadsOf(box, view, t, range));
    const [first] = seen;
    const from = first && middleOf(first.box, view, t, first.range);
    if (from && end && Math.hypot(end.middle[0] - from[0], end.middle[1] - from[1]) > SHORT) {
      const one = first.range.spans.every(([low, high]) => high - low === 1);
      drawn.arrows.push([one ? edge({ middle: from, ...CELL }, end.middle) : from, edge(end, from)]);
    }
  }
  return drawn;
}

/** Two names of one block are one place. @param {{box: Placed, range: Range}[]} seen */
const distinct = (seen) => seen.filter(({ box, range }, k) => seen.findIndex((one) => one.box === box && one.range.spans.join() === range.spans.join()) === k);

/** @param {Placed[]} placed @param {string} tensor */
const boxOf = (placed, tensor) => placed.find(({ block }) => block.kind !== "module" && (block.name === tensor || block.also === tensor));

/** @param {Placed} box @param {View} view @param {number} t @param {Range} range @returns {Quad[]} */
const quadsOf = (box, view, t, { spans }) => facesOf(box, view, t).flatMap((face) => partOf(face, spans) ?? []);

/** The middle of the largest part that is seen; of what lies inside a block, where it lies. @param {Placed} box @param {View} view @param {number} t @param {Range} range @returns {Vec2} */
function middleOf(box, view, t, range) {
  const area = (/** @type {Quad} */ { along, down }) => Math.abs(along[0] * down[1] - along[1] * down[0]);
  const [quad] = quadsOf(box, view, t, range).sort((a, b) => area(b) - area(a));
  if (!quad) return pointOf(box, view, t, range.spans.map(([from, to]) => (from + to) / 2));
  const { origin, along, down } = quad;
  return [origin[0] + (along[0] + down[0]) / 2, origin[1] + (along[1] + down[1]) / 2];
}

/** @typedef {{middle: Vec2, w: number, h: number}} Target */

/**
 * The number itself, by the first of its names that is in the scene; of what is inside the module, the module.
 * @param {Placed[]} placed @param {View} view @param {number} t @param {CellAt[]} names @returns {Target | null}
 */
function targetOf(placed, view, t, names) {
  for (const { tensor, index } of names) {
    const box = boxOf(placed, tensor);
    if (box) return { middle: middleOf(box, view, t, { tensor, spans: index.map((k) => [k, k + 1]) }), ...CELL };
  }
  const module = names.some(({ tensor }) => inside(tensor)) && placed.find(({ block }) => block.kind === "module" && plain(block.name) === block.name);
  if (!module) return null;
  const { x, y, w, h } = module.room;
  return { middle: [x + w / 2, y + h / 2], w, h };
}

/** Where the way to the middle meets the outline. @param {Target} target @param {Vec2} from @returns {Vec2} */
function edge({ middle: [x, y], w, h }, from) {
  const [dx, dy] = [from[0] - x, from[1] - y];
  const part = Math.min(dx ? w / 2 / Math.abs(dx) : Infinity, dy ? h / 2 / Math.abs(dy) : Infinity, 1);
  return [x + dx * part, y + dy * part];
}

/** @param {CanvasRenderingContext2D} ctx @param {Scene} scene @returns {boolean} may an arrow pass behind words */
export function drawSources(ctx, { layout, view, t, sources, palette }) {
  if (!sources) return false;
  const { quads, arrows } = layoutSources(layout.placed, view, t, sources);
  for (const quad of quads) drawOutline(ctx, quad, palette);
  for (const [from, to] of arrows) drawWay(ctx, from, to, palette);
  return arrows.length > 0;
}

/** @param {CanvasRenderingContext2D} ctx @param {Quad} quad @param {Scene["palette"]} palette */
function drawOutline(ctx, { origin: [x, y], along, down }, palette) {
  ctx.beginPath();
  ctx.moveTo(x, y);
  ctx.lineTo(x + along[0], y + along[1]);
  ctx.lineTo(x + along[0] + down[0], y + along[1] + down[1]);
  ctx.lineTo(x + down[0], y + down[1]);
  ctx.closePath();
  ctx.strokeStyle = palette.paper;
  ctx.lineWidth = 4;
  ctx.stroke();
  ctx.save();
  ctx.setLineDash(DASH);
  ctx.strokeStyle = palette.source;
  ctx.lineWidth = 2.25;
  ctx.stroke();
  ctx.restore();
}

/** A curve that sags a little, so that it is not taken for an edge of a block. @param {CanvasRenderingContext2D} ctx @param {Vec2} from @param {Vec2} to @param {Scene["palette"]} palette */
function drawWay(ctx, from, to, palette) {
  const { control, left, right, neck } = wayOf(from, to);
  for (const [colour, width] of /** @type {const} */ ([[palette.paper, 3.5], [palette.source, 1.25]])) {
    ctx.beginPath();
    ctx.moveTo(...from);
    ctx.quadraticCurveTo(...control, ...neck);
    ctx.strokeStyle = colour;
    ctx.lineWidth = width;
    ctx.stroke();
  }
  ctx.fillStyle = palette.source;
  ctx.beginPath();
  ctx.arc(from[0], from[1], 2.25, 0, 2 * Math.PI);
  ctx.fill();
  ctx.beginPath();
  ctx.moveTo(...to);
  ctx.lineTo(...left);
  ctx.lineTo(...right);
  ctx.closePath();
  ctx.fill();
}

/** @param {Vec2} from @param {Vec2} to @returns {{control: Vec2, neck: Vec2, left: Vec2, right: Vec2}} */
function wayOf(from, to) {
  const length = Math.hypot(to[0] - from[0], to[1] - from[1]);
  /** @type {Vec2} */
  const control = [(from[0] + to[0]) / 2, (from[1] + to[1]) / 2 + Math.min(60, length * 0.12)];
  const reach = Math.hypot(to[0] - control[0], to[1] - control[1]) || 1;
  const [dx, dy] = [(to[0] - control[0]) / reach, (to[1] - control[1]) / reach];
  const half = HEAD * 0.45;
  /** @type {Vec2} */
  const neck = [to[0] - dx * HEAD, to[1] - dy * HEAD];
  return { control, neck, left: [neck[0] - dy * half, neck[1] + dx * half], right: [neck[0] + dy * half, neck[1] - dx * half] };
}

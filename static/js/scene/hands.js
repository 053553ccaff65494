// What is done by hand, on the picture: held numbers hatched wherever they sit, and what differs because of it marked step by step.

import { heldIn } from "../core/hands.js";
import { inside } from "../core/places.js";
import { mirrorsOf } from "../core/reads.js";
import { wholeOf } from "./blocks.js";
import { facesOf, partOf, pointOf } from "./faces.js";
import { drawLabel } from "./marks.js";

/** @typedef {import("./draw.js").Scene} Scene */
/** @typedef {import("./layout.js").Placed} Placed */
/** @typedef {{held: import("../core/reads.js").Range[], within: string[], changed: Map<string, (number | null)[] | null>}} Hands  within: held names inside the module; changed: by tensor, its largest |Δ| a step where it has steps */

const MOST_DOTS = 120; // along one edge; of more steps only as many are looked at
const DOT = 2.75; // px

/**
 * @param {Pick<import("../types.js").AppState, "trace" | "changed">} state
 * @returns {Hands | null} null where nothing is done by hand
 */
export function handsOf({ trace, changed }) {
  if (!trace.request.interventions?.length) return null;
  const own = heldIn(trace);
  const held = own.flatMap((range) => [range, ...mirrorsOf(trace, range)]);
  const within = [...new Set(own.map(({ tensor }) => tensor).filter((tensor) => inside(tensor)))];
  const differ = (changed?.tensors ?? []).filter(({ max_abs_diff: most }) => most === null || most > 0);
  return { held, within, changed: new Map(differ.map(({ name, per_step: steps }) => [name, steps])) };
}

/** The steps of which something differs, at most so many. @param {(number | null)[]} steps @returns {number[]} */
export function stepsThatDiffer(steps) {
  const found = steps.flatMap((most, t) => (most === 0 ? [] : [t]));
  const every = Math.ceil(found.length / MOST_DOTS);
  return found.filter((_, k) => k % every === 0);
}

/** @param {CanvasRenderingContext2D} ctx @param {Placed} placed @param {Scene} scene @param {Hands} hands */
export function drawHands(ctx, placed, scene, hands) {
  const { palette, t } = scene;
  if (placed.block.kind === "module") return drawWithin(ctx, placed, scene, hands);
  const block = wholeOf(placed.block);
  const names = [block.name, block.also];
  for (const { tensor, spans } of hands.held) {
    if (!names.includes(tensor)) continue;
    for (const face of facesOf(placed, scene.view, t)) {
      const quad = partOf(face, spans);
      if (quad) hatch(ctx, quad, palette.now);
    }
  }
  const name = names.find((one) => one !== null && hands.changed.has(one));
  if (!name) return;
  const title = placed.labels.find(({ role }) => role === "name");
  if (title) {
    ctx.font = `600 13px ${palette.code}`;
    const half = title.align === "center" ? ctx.measureText(title.text).width / 2 : 0;
    drawLabel(ctx, { text: "≠", x: title.x - half - 11, y: title.y, role: "name", align: "center" }, { ...palette, inkSoft: palette.now, ink: palette.now });
  }
  const time = block.axes.indexOf("T");
  const steps = hands.changed.get(name);
  if (time < 0 || !steps || placed.block.plane) return;
  ctx.fillStyle = palette.now;
  for (const step of stepsThatDiffer(steps)) {
    const [x, y] = pointOf(placed, scene.view, t, block.shape.map((_, axis) => (axis === time ? Math.min(step, block.shape[axis] - 1) + 0.5 : 0)));
    ctx.beginPath();
    ctx.arc(x, y, DOT, 0, 2 * Math.PI);
    ctx.fill();
  }
}

/** Names of what is held inside, below the module's box. @param {CanvasRenderingContext2D} ctx @param {Placed} placed @param {Scene} scene @param {Hands} hands */
function drawWithin(ctx, { room, centre, block }, { palette }, { within }) {
  if (block.name !== "rnn" || within.length === 0) return;
  const text = within.length > 3 ? `${within.slice(0, 3).join(", ")}, …` : within.join(", ");
  ctx.fillStyle = palette.now;
  ctx.fillRect(room.x + 8, room.y + room.h + 6, room.w - 16, 2);
  drawLabel(ctx, { text, x: centre[0], y: room.y + room.h + 17, role: "op", align: "center" }, palette);
}

/** Slanted lines over a part of a face, and its outline. @param {CanvasRenderingContext2D} ctx @param {import("./draw.js").Quad} quad @param {string} colour */
function hatch(ctx, { origin: [x, y], along, down }, colour) {
  const corners = [[x, y], [x + along[0], y + along[1]], [x + along[0] + down[0], y + along[1] + down[1]], [x + down[0], y + down[1]]];
  ctx.save();
  ctx.beginPath();
  corners.forEach(([px, py], k) => (k ? ctx.lineTo(px, py) : ctx.moveTo(px, py)));
  ctx.closePath();
  ctx.strokeStyle = colour;
  ctx.lineWidth = 2;
  ctx.stroke();
  ctx.clip();
  const [left, right, top, bottom] = [Math.min(...corners.map(([px]) => px)), Math.max(...corners.map(([px]) => px)), Math.min(...corners.map(([, py]) => py)), Math.max(...corners.map(([, py]) => py))];
  ctx.beginPath();
  for (let at = left - (bottom - top); at < right; at += 6) {
    ctx.moveTo(at, bottom);
    ctx.lineTo(at + (bottom - top), top);
  }
  ctx.lineWidth = 1;
  ctx.stroke();
  ctx.restore();
}

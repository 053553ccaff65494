// The scene on a canvas: for every visible face one setTransform and one drawImage, then the lines and words around it.

import { plain } from "../core/encoder.js";
import { wholeOf, worldAxes } from "./blocks.js";
import { extentOf, facesOf, originOf, partOf, pointOf, slabsOf, viewFor, worldOf } from "./faces.js";
import { project } from "./projection.js";
import { axisAlong, indexAlong } from "./pose.js";
import { mergedAxis } from "./posed.js";
import { drawCells } from "./cells.js";
import { drawFlights, drawLit, drawUndone } from "./film.js";
import { drawHands } from "./hands.js";
import { drawPadding, sizesBeside } from "./padding.js";
import { drawArrow, drawConnector, drawLabel, drawModule, drawTag } from "./marks.js";
import { drawSources } from "./sources.js";

/** @typedef {import("./layout.js").Layout} Layout */
/** @typedef {import("./layout.js").Placed} Placed */
/** @typedef {import("./faces.js").Face} Face */
/** @typedef {import("./projection.js").View} View */
/** @typedef {import("./projection.js").Vec2} Vec2 */
/** @typedef {import("../types.js").CellAt} CellAt */
/** @typedef {import("../core/colour.js").Scale} Scale */
/** @typedef {{origin: Vec2, along: Vec2, down: Vec2}} Quad */
/** @typedef {Record<"paper" | "panel" | "ink" | "inkSoft" | "rule" | "strong" | "accent" | "now" | "h" | "source" | "text" | "code", string>} Palette */
/**
 * @typedef {object} Scene
 * @property {Layout} layout
 * @property {View} view
 * @property {number} t
 * @property {number} n
 * @property {Mark[]} marked  the last lies on top
 * @property {import("../core/reads.js").Sources | null} sources  what the chosen number is computed from
 * @property {import("./pose.js").Asked} asked  how the cubes lie
 * @property {(block: import("./blocks.js").SceneBlock) => string} nowText  the tag of the slice that is cut out
 * @property {string} word  the token that sample n has at step t, "" for none
 * @property {EndLink[]} links
 * @property {Record<string, Scale>} scales
 * @property {Palette} palette
 * @property {number} ratio  device pixels a CSS pixel
 * @property {import("./bitmaps.js").Bitmaps} bitmaps
 * @property {(tensor: string, index: number[]) => number | null} value
 * @property {Record<string, {layers: number, both: boolean, cell: string, sizes: string}>} modules  by the name of their block
 * @property {import("../play/motion.js").Motion | null} film  null where everything is shown computed
 * @property {import("./hands.js").Hands | null} [hands]  what is done by hand and what it changed
 * @property {(name: string) => import("./padding.js").Ended | null} ended  where the samples of a block end, null where nothing says so
 */
/** @typedef {CellAt & {kind: "pinned" | "cursor" | "alias"}} Mark  alias: the same number in another place */
/** @typedef {{row: number, ranges: ([number, number] | null)[], from: number[]}} EndLink  the part of output that equals h_n[row] */

const GRID = "rgb(20 24 32 / 0.2)"; // on data colours, which are the same in light and dark
const EDGE = "rgb(20 24 32 / 0.55)";
export const SAMPLE = "#14181f"; // the outline of the chosen sample
const GRID_FROM = 5; // px: smaller cells get no grid

/** @param {CanvasRenderingContext2D} ctx @param {Scene} scene */
export function drawScene(ctx, scene) {
  const { layout, palette, ratio } = scene;
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  ctx.clearRect(0, 0, ctx.canvas.width, ctx.canvas.height);
  ctx.lineJoin = "round";
  for (const arrow of layout.arrows) drawArrow(ctx, arrow, palette);
  drawLit(ctx, scene);
  for (const placed of layout.placed) {
    if (placed.block.kind === "module") drawModule(ctx, placed, scene);
    else drawBlock(ctx, placed, scene);
  }
  const linked = drawLinks(ctx, scene);
  const crossed = drawSources(ctx, scene) || linked;
  for (const placed of layout.placed) {
    for (const label of placed.labels) drawLabel(ctx, turned(label, scene.view), palette, crossed);
    if (placed.block.kind === "ends") drawLeaders(ctx, placed, scene);
    if (placed.block.kind === "cube") drawLetters(ctx, placed, scene);
    if (placed.block.name === "output") drawSizes(ctx, placed, scene);
    if (placed.block.name === "tokens") drawWord(ctx, placed, scene);
    if (scene.hands) drawHands(ctx, placed, scene, scene.hands);
  }
  for (const { labels } of layout.arrows) for (const label of labels) drawLabel(ctx, label, palette, crossed);
  drawFlights(ctx, scene, drawFace);
}

/** Seen from the left, the first axis leads up to the left. @param {import("./layout.js").Label} label @param {View} view */
const turned = (label, { turn }) => (turn.yaw < 0 && label.text.startsWith("↗") ? { ...label, text: `↖${label.text.slice(1)}` } : label);

/** @param {CanvasRenderingContext2D} ctx @param {Placed} placed @param {Scene} scene */
function drawBlock(ctx, placed, scene) {
  const block = wholeOf(placed.block);
  const faces = facesOf(placed, scene.view, scene.t);
  const sample = block.shape.map((_, axis) => (axis === block.sample ? /** @type {[number, number]} */ ([scene.n, scene.n + 1]) : null));
  const oneOfMany = block.sample >= 0 && block.shape[block.sample] > 1;
  const step = placed.block.plane ? null : stepIn(placed, scene);
  const flat = placed.pose?.turn === 0;
  // so many states, or samples above one another, that outlines would hide them
  const dense = placed.block.kind === "ends" ? placed.gap < 6 : flat && Math.hypot(...faces[0].down) < 9;
  const marked = scene.marked.filter(({ tensor, index }) => tensor === block.name && index.length === block.shape.length);
  const ended = scene.ended(block.name);
  const undone = scene.film?.undone(block.name) ?? [];
  for (const face of faces) {
    drawFace(ctx, face, placed, scene);
    // packing cuts what the module makes, not what it is given
    if (ended) drawPadding(ctx, face, block, { ...ended, cut: ended.cut && plain(block.name) === "output" }, scene.palette);
    drawUndone(ctx, face, undone, scene.palette);
    if (block.name === "output" && !(flat && dense)) for (const link of scene.links) outline(ctx, partOf(face, link.ranges), scene.palette.h, 2);
    if (block.parts > 1) drawSeam(ctx, face, block);
    if (oneOfMany && (!dense || face.fixedAxis === 0) && !undone.some((ranges) => partOf(face, ranges))) outline(ctx, partOf(face, sample), SAMPLE, 1.25);
    if (step && !(flat && dense) && face.role !== "now") outline(ctx, partOf(face, step), scene.palette.now, 2.5);
    outline(ctx, face, face.role === "now" ? scene.palette.now : dense ? GRID : EDGE, face.role === "now" ? 2.5 : 1);
    for (const mark of marked) drawMark(ctx, face, mark, scene.palette);
  }
  if (placed.block.kind === "sheet" && faces.length) drawCells(ctx, placed, faces[0], scene);
}

/** The current slice of what is in one piece: of a sheet its step, of a cube where it would be cut. @param {Placed} placed @param {Scene} scene @returns {([number, number] | null)[] | null} */
function stepIn({ block, pose }, { t, asked }) {
  if (pose && asked.form !== "whole" && asked.form !== "flat") return null;
  const axis = pose && block.kind === "cube" ? axisAlong(block, asked.along) : block.kind === "sheet" ? block.cut : -1;
  const at = pose && block.kind === "cube" ? indexAlong(block, axis, asked) : t;
  return axis < 0 || at < 0 ? null : block.shape.map((_, k) => (k === axis ? [at, at + 1] : null));
}

/** @param {CanvasRenderingContext2D} ctx @param {Face} face @param {Placed} placed @param {Scene} scene */
function drawFace(ctx, face, placed, scene) {
  const { ratio, palette } = scene;
  // the true length of an axis, not the foreshortened one: the picture must not be made anew while it turns
  const [uPx, vPx] = [face.u, face.v].map((extent) => lengthOn(placed, extent) * ratio);
  const bitmap = scene.bitmaps.get(face, scene.scales[face.tensor], uPx, vPx);
  if (!bitmap) return drawEmpty(ctx, face, palette);
  const { canvas, smooth, partial } = bitmap;
  const [sx, sw] = [(canvas.width * face.u.from) / face.u.size, (canvas.width * (face.u.to - face.u.from)) / face.u.size];
  const [sy, sh] = [(canvas.height * face.v.from) / face.v.size, (canvas.height * (face.v.to - face.v.from)) / face.v.size];
  if (partial) drawEmpty(ctx, face, palette);
  ctx.save();
  ctx.transform(face.along[0], face.along[1], face.down[0], face.down[1], face.origin[0], face.origin[1]);
  ctx.imageSmoothingEnabled = smooth;
  ctx.drawImage(canvas, sx, sy, sw, sh, 0, 0, 1, 1);
  ctx.restore();
  const [cellU, cellV] = [Math.hypot(...face.along) / (face.u.to - face.u.from), Math.hypot(...face.down) / (face.v.to - face.v.from)];
  if (cellU > GRID_FROM && cellV > GRID_FROM) drawGrid(ctx, face);
}

/** px of the whole axis as laid out. @param {Placed} placed @param {import("./faces.js").Extent} extent */
function lengthOn({ size, pose, block }, extent) {
  if (extent.axis < 0) return size[1];
  if (block.plane) return size[extent.axis === [0, 1, 2].findLast((axis) => axis !== block.plane?.axis) ? 0 : 1];
  const k = worldAxes(block).indexOf(extent.axis);
  // what is flattened is pressed together, so that its rows are averaged
  return size[k] * (pose?.turn === 0 ? pose.scale[k] : 1);
}

/** @param {CanvasRenderingContext2D} ctx @param {Quad} quad */
function trace(ctx, { origin: [x, y], along, down }) {
  ctx.moveTo(x, y);
  ctx.lineTo(x + along[0], y + along[1]);
  ctx.lineTo(x + along[0] + down[0], y + along[1] + down[1]);
  ctx.lineTo(x + down[0], y + down[1]);
  ctx.closePath();
}

/** @param {CanvasRenderingContext2D} ctx @param {Quad | null} quad @param {string} colour @param {number} width */
function outline(ctx, quad, colour, width) {
  if (!quad) return;
  ctx.beginPath();
  trace(ctx, quad);
  ctx.strokeStyle = colour;
  ctx.lineWidth = width;
  ctx.stroke();
}

/** @param {CanvasRenderingContext2D} ctx @param {Face} face @param {Mark} mark @param {Palette} palette */
function drawMark(ctx, face, { index, kind }, palette) {
  const quad = partOf(face, index.map((k) => /** @type {[number, number]} */ ([k, k + 1])));
  outline(ctx, quad, palette.paper, kind === "pinned" ? 6 : 4.5);
  outline(ctx, quad, kind === "pinned" ? palette.accent : palette.ink, kind === "pinned" ? 3 : kind === "cursor" ? 2 : 1);
}

/** @param {CanvasRenderingContext2D} ctx @param {Face} face */
function drawGrid(ctx, { origin: [x, y], along, down, u, v }) {
  ctx.beginPath();
  const [columns, rows] = [u.to - u.from, v.to - v.from];
  for (let k = 1; k < columns; k++) {
    const [px, py] = [x + (along[0] * k) / columns, y + (along[1] * k) / columns];
    ctx.moveTo(px, py);
    ctx.lineTo(px + down[0], py + down[1]);
  }
  for (let k = 1; k < rows; k++) {
    const [px, py] = [x + (down[0] * k) / rows, y + (down[1] * k) / rows];
    ctx.moveTo(px, py);
    ctx.lineTo(px + along[0], py + along[1]);
  }
  ctx.strokeStyle = GRID;
  ctx.lineWidth = 1;
  ctx.stroke();
}

/** The two directions lie side by side in the last axis. @param {CanvasRenderingContext2D} ctx @param {Face} face @param {{shape: number[], parts: number}} block */
function drawSeam(ctx, face, block) {
  const last = block.shape.length - 1;
  const half = block.shape[last] / block.parts;
  const ranges = block.shape.map((_, axis) => (axis === last ? /** @type {[number, number]} */ ([0, half]) : null));
  if (face.u.axis === last || face.v.axis === last) outline(ctx, partOf(face, ranges), EDGE, 1.5);
}

/** No data yet looks like nothing else: paper with sparse slanted lines. @param {CanvasRenderingContext2D} ctx @param {Quad} quad @param {Palette} palette */
function drawEmpty(ctx, quad, palette) {
  ctx.save();
  ctx.beginPath();
  trace(ctx, quad);
  ctx.fillStyle = palette.panel;
  ctx.fill();
  ctx.clip();
  const { origin, along, down } = quad;
  const xs = [origin[0], origin[0] + along[0], origin[0] + down[0], origin[0] + along[0] + down[0]];
  const ys = [origin[1], origin[1] + along[1], origin[1] + down[1], origin[1] + along[1] + down[1]];
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  ctx.beginPath();
  for (let x = left - (bottom - top); x < right; x += 9) {
    ctx.moveTo(x, bottom);
    ctx.lineTo(x + (bottom - top), top);
  }
  ctx.strokeStyle = palette.rule;
  ctx.lineWidth = 1;
  ctx.stroke();
  ctx.restore();
}

/** From the slice of output where a final state was read off to that state. @param {CanvasRenderingContext2D} ctx @param {Scene} scene @returns {boolean} do the lines pass behind words, from one row to the next */
function drawLinks(ctx, scene) {
  const output = scene.layout.placed.find(({ block }) => block.name === "output");
  const ends = scene.layout.placed.find(({ block }) => block.name === "h_n");
  if (!output || !ends) return false;
  const wrapped = ends.room.x < output.room.x + output.room.w;
  const last = output.block.shape.length - 1;
  for (const link of scene.links) {
    // to a lower row, leave on the side that leads there; where time runs into depth that side is hidden, so leave below
    const aside = output.lift > 0 ? link.from.with(1, output.block.shape[1]) : link.from.with(last, link.ranges[last]?.[0] ?? 0);
    const from = wrapped ? aside : link.from;
    const row = ends.block.shape.length === 3 ? [link.row, 0, 0] : [link.row, 0];
    drawConnector(ctx, pointOf(output, scene.view, scene.t, from), pointOf(ends, scene.view, scene.t, row), scene.palette);
  }
  return wrapped;
}

/** A thin line from each named final state to its name. @param {CanvasRenderingContext2D} ctx @param {Placed} placed @param {Scene} scene */
function drawLeaders(ctx, placed, scene) {
  const slabs = slabsOf(placed, scene.t);
  const origin = originOf(placed, scene.view);
  ctx.strokeStyle = scene.palette.strong;
  ctx.lineWidth = 0.75;
  ctx.beginPath();
  for (const { index, x, y } of placed.rows) {
    const { low, high } = slabs[index];
    const [px, py] = project(scene.view, [high[0], low[1] + 0.5 * (high[1] - low[1]), scene.view.turn.yaw > 0 ? high[2] : low[2]], origin);
    ctx.moveTo(px + 1, py);
    ctx.lineTo(x - 8, y);
    ctx.lineTo(x, y);
  }
  ctx.stroke();
}

/** The letter of each axis beside an outer edge, and the tag of the current slice beside it. @param {CanvasRenderingContext2D} ctx @param {Placed} placed @param {Scene} scene */
function drawLetters(ctx, placed, scene) {
  const { block, pose } = placed;
  const slabs = slabsOf(placed, scene.t);
  if (slabs.some(({ frame }) => frame)) return; // on their way to other places
  const view = viewFor(placed, scene.view);
  const origin = originOf(placed, scene.view);
  const [x, y, z] = extentOf(placed);
  const right = view.turn.yaw >= 0;
  const [across, down, depth] = worldOf(placed).map((axis) => block.axes[axis]);
  /** @param {string} text @param {import("./projection.js").Vec3} at @param {number} dx @param {number} dy @param {"center" | "left" | "right"} [align] */
  const letter = (text, at, dx, dy, align = "center") => {
    const [px, py] = project(view, at, origin);
    drawLabel(ctx, { text, x: px + dx, y: py + dy, role: "op", align }, scene.palette);
  };
  const slab = slabs.find(({ role }) => role === "now");
  const upright = slab && pose?.axis === worldOf(placed)[0]; // its tag stands below it: to its left are the others
  const foot = upright && project(view, [(slab.low[0] + slab.high[0]) / 2, slab.high[1], slab.low[2]], origin);
  if (foot) drawTag(ctx, scene.nowText(block), foot[0], foot[1] + 11, scene.palette, "center");
  const under = project(view, [x / 2, y, 0], origin);
  if (!foot || Math.abs(under[0] - foot[0]) > 44) letter(across, [x / 2, y, 0], 0, 11);
  if (pose?.turn === 0) return letter(mergedAxis(block), [0, y / 2, 0], -6, 0, "right");
  if (Math.abs(view.turn.yaw) > 0.12) letter(depth, [right ? x : 0, y, z / 2], right ? 9 : -9, 8);
  const back = right ? 0 : 1;
  const hidden = scene.asked.form === "apart" && pose?.axis === worldOf(placed)[2]; // by what stands before it
  const tag = slab && !upright && project(view, [slab.low[0], hidden ? slab.low[1] + 5 : (slab.low[1] + slab.high[1]) / 2, back ? slab.high[2] : slab.low[2]], origin);
  if (tag) drawTag(ctx, scene.nowText(block), tag[0] - 6, tag[1], scene.palette);
  const body = slabs.filter((one) => one !== slab);
  const middle = body.length ? (Math.min(...body.map(({ low }) => low[1])) + Math.max(...body.map(({ high }) => high[1]))) / 2 : y / 2;
  const edge = project(view, [right ? 0 : x, middle, 0], origin);
  if (!right || !tag || Math.abs(edge[1] - tag[1]) > 14) letter(down, [right ? 0 : x, middle, 0], right ? -10 : 10, 0);
}

/** Packed, the batch_sizes beside the stairs. @param {CanvasRenderingContext2D} ctx @param {Placed} placed @param {Scene} scene */
function drawSizes(ctx, placed, scene) {
  const ended = scene.ended("output");
  if (!ended?.cut || placed.block.kind !== "cube" || placed.pose?.turn === 0 || slabsOf(placed, scene.t).some(({ frame }) => frame)) return;
  const left = scene.view.turn.yaw < 0;
  for (const { text, at: [x, y] } of sizesBeside(placed, scene.view, scene.t, ended.lengths)) {
    drawLabel(ctx, { text, x: x + (left ? -6 : 6), y, role: "op", align: left ? "right" : "left" }, scene.palette);
  }
}

/** The word whose number stands in the current column. @param {CanvasRenderingContext2D} ctx @param {Placed} placed @param {Scene} scene */
function drawWord(ctx, { block, room }, { t, word, palette }) {
  if (!word || block.cut !== block.shape.length - 1) return;
  const x = room.x + ((t + 0.5) / block.shape[block.cut]) * room.w;
  drawLabel(ctx, { text: word.length > 14 ? `${word.slice(0, 13)}…` : word, x, y: room.y - 10, role: "note", align: "center" }, palette);
}

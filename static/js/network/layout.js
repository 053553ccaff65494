// The unrolled network as plain data: every box, label and arrow at its place, for one window of steps.

import { arrowsOf } from "./arrows.js";
import { columnsThatFit, windowAt } from "./window.js";

/** @typedef {import("../types").Trace} Trace */
/** @typedef {import("./arrows.js").Arrow} Arrow */
/** @typedef {import("./arrows.js").Point} Point */

/** @typedef {{x: number, y: number, w: number, h: number}} Box */
/** One layer in one direction; `index` is its place in h_n and c_n.
 * @typedef {{name: string, index: number, layer: number, direction: "forward" | "backward"}} Row */
/** @typedef {{rows: Row[], layers: number, directions: number, steps: number, samples: number, hasC: boolean, units: number, beside: Net[]}} Net  beside: on the same time axis */
/** `live`: how many steps of the sample are computed (fewer than T only in a packed batch).
 * @typedef {{width: number, first: number, live?: number}} View */
/** @typedef {{row: number, t: number, box: Box, h: Box, c: Box | null, live: boolean}} NodeBox */
/** @typedef {{t: number, box: Box}} StepBox */
/** @typedef {{layer: number, t: number, box: Box}} Bar */
/** @typedef {{tensor: "h_n" | "c_n" | "h_0" | "c_0", row: number, side: "left" | "right", final: boolean, box: Box, label: Point, caption: Point | null}} End */
/** @typedef {{row: number, box: Box, label: Box}} Band */
/** @typedef {{t: number, x: number, w: number, center: number}} Column */
/** A shape printed near the block that it belongs to; `beside`: axes on a second line.
 * @typedef {{tensor: string, at: Point, anchor: "start" | "end", beside: boolean}} ShapeLabel */
/** @typedef {{width: number, height: number, narrow: boolean, first: number, count: number, pitch: number, gutter: number,
 *   columns: Column[], bands: Band[], cells: NodeBox[], bars: Bar[], inputs: StepBox[], outputs: StepBox[], ends: End[],
 *   shapes: ShapeLabel[], arrows: Arrow[], glow: {top: number, bottom: number},
 *   labels: {output: number, input: number, token: number}}} Layout */

const PITCH = 54; // px: the least distance of two columns
const GUTTER = 20; // px: room for one arrow head and one line that passes
const ROOMY = 150; // px: beyond this, columns do not read as one sequence
const STRIP_H = 18;
const STRIP_C = 10;
const STRIP_X = 14;
const INSET = 6; // from a cell's edge to its strips
const BETWEEN = 6; // from the strip of c to the strip of h
const BAR = 9;
const LETTER = 6.93; // px: a letter of a shape, in code type of 11.5 px

/**
 * The network a trace belongs to; its columns stand under those of the runs `beside` it.
 * @param {Trace} trace
 * @param {Trace[]} [beside]
 * @returns {Net}
 */
export function netOf(trace, beside = []) {
  const { num_layers, bidirectional, cell } = trace.request.model;
  const directions = bidirectional ? 2 : 1;
  /** @type {Row[]} */
  const rows = [];
  for (let layer = 0; layer < num_layers; layer++)
    for (let d = 0; d < directions; d++)
      rows.push({ name: `l${layer}${d ? "_reverse" : ""}`, index: rows.length, layer, direction: d ? "backward" : "forward" });
  const [samples = 1, steps = 1, units = 1] = trace.tensors["l0.h"]?.shape ?? [];
  return { rows, layers: num_layers, directions, steps, samples, hasC: cell === "lstm", units, beside: beside.map((other) => netOf(other)) };
}

/**
 * How many steps of sample n are computed: all, but for a short sample of a packed batch.
 * @param {Trace} trace
 * @param {number} n
 */
export function liveSteps(trace, n) {
  const steps = netOf(trace).steps;
  const last = trace.positions.h_n.find((position) => position.direction === "forward")?.step[n];
  return last === undefined ? steps : Math.min(steps, last + 1);
}

/**
 * The index of sample n at step t (or a run of steps, or null: all) in a tensor with these axes; the last axis whole.
 * @param {string[]} axes
 * @param {number} n
 * @param {import("../types").IndexPart} t
 * @returns {import("../types").IndexPart[]}
 */
export function indexOf(axes, n, t) {
  return axes.map((axis) => (axis === "N" ? n : axis === "T" ? t : null));
}

/**
 * The margins beside the columns: row labels, then what enters or leaves at the end of a row.
 * @param {Net} net
 * @param {number} width
 */
function margins(net, width) {
  const narrow = width < 620;
  const all = [net, ...net.beside];
  const digits = all.some(({ rows }) => rows.length > 10) ? 7 : 0; // h_n[15] is wider than h_n[5]
  const end = (narrow ? 76 : 88) + digits; // strip and name
  const label = narrow ? 0 : 84;
  const gap = narrow ? 16 : 26;
  const shape = narrow ? 0 : Math.max(...all.map(({ rows, samples, units }) => `h_n (${rows.length}, ${samples}, ${units})`.length)) * LETTER + 4;
  return { narrow, label, gap, left: label + end + gap, right: Math.max(end, shape) + gap };
}

/**
 * How many columns a host of this width shows.
 * @param {Net} net
 * @param {number} width
 */
export function columnsFor(net, width) {
  const { left, right } = margins(net, width);
  return columnsThatFit(width - left - right, axisOf(net), PITCH, GUTTER);
}

/** How many steps the time axis has: those of the longest run on it. @param {Net} net */
const axisOf = (net) => Math.max(net.steps, ...net.beside.map(({ steps }) => steps));

/**
 * Everything the network's picture consists of, rebuilt from scratch for a view.
 * @param {Net} net
 * @param {View} view
 * @returns {Layout}
 */
export function layoutNetwork(net, view) {
  const { narrow, label, gap, left, right } = margins(net, view.width);
  const room = view.width - left - right;
  const axis = windowAt(view.first, columnsFor(net, view.width), axisOf(net));
  const run = { first: axis.first, count: Math.min(axis.count, net.steps - axis.first) };
  const pitch = Math.min(ROOMY, Math.floor((room + GUTTER) / axis.count));
  const gutter = Math.max(GUTTER, Math.min(40, Math.round(pitch * 0.34)));
  const cellW = pitch - gutter;
  const start = left + Math.max(0, Math.floor((room - (pitch * axis.count - gutter)) / 2));
  const columns = Array.from({ length: run.count }, (_, k) => {
    const x = start + k * pitch;
    return { t: run.first + k, x, w: cellW, center: x + cellW / 2 };
  });
  const lastEdge = start + run.count * pitch - gutter;
  const live = view.live ?? net.steps;

  const top = narrow ? 24 : 6;
  const labels = { output: top + 12, input: 0, token: 0 };
  const outputs = columns.map(({ t, x, w }) => ({ t, box: { x, y: top + 20, w, h: STRIP_X + 6 } }));
  let y = top + 20 + STRIP_X + 6;

  const cellH = INSET * 2 + STRIP_H + (net.hasC ? STRIP_C + BETWEEN : 0);
  const header = narrow ? 32 : 11;
  const footer = narrow ? 27 : 12;
  const stripW = narrow ? 30 : 40;
  /** @type {Band[]} */ const bands = [];
  /** @type {NodeBox[]} */ const cells = [];
  /** @type {Bar[]} */ const bars = [];
  /** @type {End[]} */ const ends = [];

  for (let row = net.rows.length - 1; row >= 0; row--) {
    const { layer, direction } = net.rows[row];
    const topOfLayer = direction === "backward" || net.directions === 1;
    y += row === net.rows.length - 1 ? 20 : topOfLayer ? (net.directions === 2 ? 18 : 20) : 14;
    if (topOfLayer && net.directions === 2 && row < net.rows.length - 1) {
      for (const { t, x, w } of columns) bars.push({ layer, t, box: { x, y, w, h: BAR } });
      y += BAR + 16;
    }
    const band = { x: 0.5, y, w: view.width - 1, h: header + cellH + footer };
    bands.push({ row, box: band, label: narrow ? { x: 0, y, w: 104, h: header } : { x: 0, y, w: label, h: band.h } });
    const cellY = y + header;
    const cY = cellY + INSET;
    const hY = cellY + INSET + (net.hasC ? STRIP_C + BETWEEN : 0);
    for (const { t, x, w } of columns) {
      const inner = { x: x + INSET, w: w - INSET * 2 };
      cells.push({
        row, t, live: t < live, box: { x, y: cellY, w, h: cellH },
        h: { ...inner, y: hY, h: STRIP_H }, c: net.hasC ? { ...inner, y: cY, h: STRIP_C } : null,
      });
    }
    for (const side of /** @type {const} */ (["left", "right"])) {
      const final = (side === "right") === (direction === "forward");
      const x = side === "left" ? start - gap - stripW : lastEdge + gap;
      const textX = side === "left" ? x - 5 : x + stripW + 5;
      const edge = side === "left" ? 6 : view.width - 6;
      const caption = final ? { x: narrow ? edge : side === "left" ? x + stripW : x, y: cellY + cellH + (narrow ? 11 : 6) } : null;
      ends.push({ tensor: final ? "h_n" : "h_0", row, side, final, box: { x, y: hY, w: stripW, h: STRIP_H }, label: { x: textX, y: hY + 13 }, caption });
      if (net.hasC)
        ends.push({ tensor: final ? "c_n" : "c_0", row, side, final, box: { x, y: cY, w: stripW, h: STRIP_C }, label: { x: textX, y: cY + 8.5 }, caption: null });
    }
    y += band.h;
  }
  y += 22;
  const inputs = columns.map(({ t, x, w }) => ({ t, box: { x, y, w, h: STRIP_X + 6 } }));
  labels.input = y + STRIP_X + 6 + 15;
  labels.token = labels.input + 18;
  const shapes = shapeLabels(net, { narrow, width: view.width, inputY: y, endX: lastEdge + gap, bottom: labels.token });
  const height = narrow ? labels.token + 8 + (net.hasC ? 3 : 2) * 18 : labels.token + 12;
  const places = { columns, cells, bars, ends, inputs, outputs, gutter };
  return {
    width: view.width, height, narrow, first: run.first, count: run.count, pitch, gutter, columns, bands, cells, bars, inputs, outputs, ends, shapes,
    arrows: arrowsOf(net, places, live), glow: { top: top - 2, bottom: labels.token + 8 }, labels,
  };
}

/**
 * Shapes stand beside their blocks; on a narrow screen above and below, where a line has the whole width.
 * @param {Net} net
 * @param {{narrow: boolean, width: number, inputY: number, endX: number, bottom: number}} at
 * @returns {ShapeLabel[]}
 */
function shapeLabels(net, at) {
  const finals = net.hasC ? ["h_n", "c_n"] : ["h_n"];
  if (at.narrow) {
    const below = ["input", ...finals].map((tensor, k) => (
      { tensor, at: { x: 0, y: at.bottom + 22 + k * 18 }, anchor: /** @type {const} */ ("start"), beside: false }));
    return [{ tensor: "output", at: { x: 0, y: 13 }, anchor: "start", beside: false }, ...below];
  }
  return [
    { tensor: "output", at: { x: 0, y: 36 }, anchor: "start", beside: true },
    { tensor: "input", at: { x: 0, y: at.inputY + 10 }, anchor: "start", beside: true },
    ...finals.map((tensor, k) => ({
      tensor, at: { x: at.endX - 1, y: at.inputY + 2 + k * 34 }, anchor: /** @type {const} */ ("start"), beside: true })),
  ];
}

// Numbers as colour on a canvas: a vector as a strip of bars, a T×H block as an image; "no data yet" as hatching.

import { colourOf, paint, roundUp } from "../core/colour.js";
import { image, valuesPerPixel } from "./window.js";

/** @typedef {import("../core/colour.js").Scale} Scale */
/** @typedef {import("./layout.js").Box} Box */

const GRID_FROM = 8; // px: cells wider than this are separated by a line
const SPLIT = 3; // px between the forward and the backward half

/**
 * A canvas of this size in CSS pixels, sharp on the screen it is shown on, and cleared.
 * @param {HTMLCanvasElement} canvas
 * @param {number} width
 * @param {number} height
 */
export function prepare(canvas, width, height) {
  const ratio = canvas.ownerDocument.defaultView?.devicePixelRatio ?? 1;
  const w = Math.max(1, Math.round(width * ratio));
  const h = Math.max(1, Math.round(height * ratio));
  if (canvas.width !== w) canvas.width = w;
  if (canvas.height !== h) canvas.height = h;
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  return pen;
}

/**
 * A vector as the bars that fit into a strip: its values, or means of neighbours where a bar would be thinner than a pixel.
 * @param {import("../types.js").Numbers} data
 * @param {Box} box
 * @param {number} [split]
 * @returns {{box: Box, bars: import("../types.js").Numbers, averaged: boolean}[]} one run of bars, or two halves
 */
export function barsOf(data, box, split = 0) {
  if (split > 0 && split < data.length) {
    const w = (box.w - SPLIT) / 2;
    return [...barsOf(data.subarray(0, split), { ...box, w }), ...barsOf(data.subarray(split), { ...box, x: box.x + w + SPLIT, w })];
  }
  const bars = image(data, 1, data.length, 1, box.w).data;
  return [{ box, bars, averaged: bars.length < data.length }];
}

/**
 * Paints bars from left to right.
 * @param {CanvasRenderingContext2D} pen
 * @param {Box} box
 * @param {import("../types.js").Numbers} bars
 * @param {Scale} scale
 */
export function paintBars(pen, box, bars, scale) {
  const line = box.w / bars.length > GRID_FROM ? 1 : 0;
  for (let k = 0; k < bars.length; k++) {
    const from = Math.round(box.x + (k * box.w) / bars.length);
    const to = Math.round(box.x + ((k + 1) * box.w) / bars.length);
    pen.fillStyle = colourOf(bars[k], scale);
    pen.fillRect(from, box.y, Math.max(1, to - from - (k < bars.length - 1 ? line : 0)), box.h);
  }
}

/**
 * Means lie closer to zero than what they are means of: they get their own scale, which the legend shows.
 * @param {Scale} scale
 * @param {Iterable<import("../types.js").Numbers>} means
 * @returns {Scale}
 */
export function scaleOfMeans(scale, means) {
  if (scale.kind !== "diverging") return scale;
  let reach = 0;
  for (const some of means) for (const mean of some) if (Math.abs(mean) > reach) reach = Math.abs(mean);
  const high = reach > 0 ? Math.min(scale.high, roundUp(reach)) : scale.high;
  return { kind: "diverging", low: -high, high };
}

/**
 * The unit under a pixel of a strip.
 * @param {number} x from the strip's left edge
 * @param {number} width
 * @param {number} units
 * @param {number} [split]
 * @returns {number}
 */
export function unitAt(x, width, units, split = 0) {
  if (split > 0 && split < units) {
    const half = (width - SPLIT) / 2;
    return x < half + SPLIT / 2 ? unitAt(x, half, split) : split + unitAt(x - half - SPLIT, half, units - split);
  }
  return Math.max(0, Math.min(units - 1, Math.floor((x / width) * units)));
}

/**
 * Where one unit's bar lies on a strip.
 * @param {Box} box
 * @param {number} unit
 * @param {number} units
 * @param {number} [split]
 * @returns {Box}
 */
export function barOf(box, unit, units, split = 0) {
  if (split > 0 && split < units) {
    const half = (box.w - SPLIT) / 2;
    return unit < split
      ? barOf({ ...box, w: half }, unit, split)
      : barOf({ ...box, x: box.x + half + SPLIT, w: half }, unit - split, units - split);
  }
  const from = Math.round(box.x + (unit * box.w) / units);
  return { x: from, y: box.y, w: Math.max(2, Math.round(box.x + ((unit + 1) * box.w) / units) - from), h: box.h };
}

/**
 * A T×H block as the image that fits into a box, and how many values a pixel averages each way (1: none).
 * @param {{data: import("../types.js").Numbers, shape: number[]}} block
 * @param {Box} box
 */
export function imageOf({ data, shape: [steps, units] }, box) {
  return { ...image(data, steps, units, box.w, box.h), steps: valuesPerPixel(steps, box.w), units: valuesPerPixel(units, box.h) };
}

/**
 * Paints an image over the whole of a box: time to the right, units down.
 * @param {CanvasRenderingContext2D} pen
 * @param {Box} box
 * @param {{columns: number, rows: number, data: import("../types.js").Numbers}} image
 * @param {Scale} scale
 * @param {string} [grid] colour of the lines between cells that are large enough
 */
export function paintImage(pen, box, { columns, rows, data }, scale, grid) {
  const bitmap = pen.canvas.ownerDocument.createElement("canvas");
  bitmap.width = columns;
  bitmap.height = rows;
  /** @type {CanvasRenderingContext2D} */ (bitmap.getContext("2d")).putImageData(new ImageData(paint(data, scale), columns, rows), 0, 0);
  pen.imageSmoothingEnabled = false;
  pen.drawImage(bitmap, box.x, box.y, box.w, box.h);
  if (grid) paintGrid(pen, box, columns, rows, grid);
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {Box} box
 * @param {number} columns
 * @param {number} rows
 * @param {string} colour
 */
function paintGrid(pen, box, columns, rows, colour) {
  pen.fillStyle = colour;
  if (box.w / columns > GRID_FROM)
    for (let k = 1; k < columns; k++) pen.fillRect(Math.round(box.x + (k * box.w) / columns), box.y, 1, box.h);
  if (box.h / rows > GRID_FROM)
    for (let k = 1; k < rows; k++) pen.fillRect(box.x, Math.round(box.y + (k * box.h) / rows), box.w, 1);
}

/**
 * Hatching says "no numbers here": it cannot be taken for data.
 * @param {CanvasRenderingContext2D} pen
 * @param {Box} box
 * @param {string} colour
 */
export function paintHatch(pen, box, colour) {
  pen.save();
  pen.beginPath();
  pen.rect(box.x, box.y, box.w, box.h);
  pen.clip();
  pen.strokeStyle = colour;
  pen.lineWidth = 1;
  pen.beginPath();
  for (let x = box.x - box.h; x < box.x + box.w; x += 6) {
    pen.moveTo(x, box.y + box.h);
    pen.lineTo(x + box.h, box.y);
  }
  pen.stroke();
  pen.restore();
}

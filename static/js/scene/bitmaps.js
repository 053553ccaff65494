// One small picture for each face: painted once, averaged where a cell is under a pixel, the oldest let go.

import { paint } from "../core/colour.js";

/** @typedef {import("./faces.js").Face} Face */
/** @typedef {import("../core/colour.js").Scale} Scale */
/** @typedef {import("../types.js").Tensors} Tensors */
/** @typedef {{canvas: HTMLCanvasElement, smooth: boolean, partial: boolean}} Bitmap  partial: some of it has not come yet */
/** @typedef {{get(face: Face, scale: Scale, uPx: number, vPx: number): Bitmap | null, stop(): void}} Bitmaps */

const CAP_PIXELS = 6e6; // 24 MB of RGBA
const AT_ONCE = 4; // readings under way; more would only queue behind the slice that is wanted now
const WHOLE = 2 ** 20; // numbers; a larger matrix is read in bands of rows
const MOST = 2 ** 24; // numbers; beyond this nothing is read only to be averaged away

/**
 * Averages of a row-major matrix over bins that cover it evenly.
 * @param {import("../types.js").Numbers} data @param {number} rows @param {number} columns @param {number} outRows @param {number} outColumns
 */
export function average(data, rows, columns, outRows, outColumns) {
  if (outRows === rows && outColumns === columns) return data;
  const out = new Float32Array(outRows * outColumns);
  const counts = new Uint32Array(outRows * outColumns);
  addTo(out, counts, data, { rows, columns, outRows, outColumns, first: 0, count: rows });
  return out.map((sum, k) => sum / counts[k]);
}

/**
 * @param {import("../types.js").Numbers} sums @param {Uint32Array} counts @param {import("../types.js").Numbers} data
 * @param {{rows: number, columns: number, outRows: number, outColumns: number, first: number, count: number}} how rows [first, first + count) of the matrix
 */
function addTo(sums, counts, data, { rows, columns, outRows, outColumns, first, count }) {
  const column = Uint32Array.from({ length: columns }, (_, c) => Math.floor((c * outColumns) / columns));
  for (let r = 0, at = 0; r < count; r++) {
    const base = Math.floor(((first + r) * outRows) / rows) * outColumns;
    for (let c = 0; c < columns; c++, at++) {
      sums[base + column[c]] += data[at];
      counts[base + column[c]]++;
    }
  }
}

/** How many bins an axis gets: one a cell, or one a device pixel where cells are smaller. @param {number} cells @param {number} px */
export const binsFor = (cells, px) => Math.max(1, Math.min(cells, Math.ceil(px)));

/**
 * @param {() => Tensors} tensors read afresh each time, it changes with the trace
 * @param {() => void} arrived called when a face that was missing can be drawn
 * @returns {Bitmaps}
 */
export function createBitmaps(tensors, arrived) {
  /** @type {Map<string, Bitmap>} */
  const kept = new Map();
  /** @type {Set<string>} */
  const asked = new Set();
  /** @type {Map<string, Bitmap>} */
  const bands = new Map();
  let pixels = 0;
  let stopped = false;
  const pixelsOf = (/** @type {Bitmap} */ { canvas }) => canvas.width * canvas.height;

  /** @param {import("../types.js").Numbers} data @param {number} width @param {number} height @param {Scale} scale @param {HTMLCanvasElement} [onto] */
  function picture(data, width, height, scale, onto) {
    const canvas = onto ?? document.createElement("canvas");
    if (!onto) Object.assign(canvas, { width, height });
    canvas.getContext("2d")?.putImageData(new ImageData(paint(data, scale), width, height), 0, 0);
    return canvas;
  }

  /** @param {string} key @param {() => Promise<void>} read @returns {boolean} is it being read */
  function ask(key, read) {
    if (asked.has(key)) return true;
    if (asked.size >= AT_ONCE) return false;
    asked.add(key);
    // a failed reading is told by the page's own status; the face stays hatched and may be asked again by the next change
    const done = () => {
      asked.delete(key);
      if (!stopped) arrived();
    };
    read().then(done, () => setTimeout(() => asked.delete(key), 2000));
    return true;
  }

  /** @param {Face} face @param {Scale} scale @param {number} width @param {number} height @param {string} key @returns {Bitmap | null} */
  function banded(face, scale, width, height, key) {
    const bitmap = bands.get(key);
    if (bitmap) return bitmap;
    const [rows, columns] = [face.v.size, face.u.size];
    if (rows * columns > MOST) return null;
    const fresh = { canvas: Object.assign(document.createElement("canvas"), { width, height }), smooth: true, partial: true };
    const sums = new Float32Array(width * height);
    const counts = new Uint32Array(width * height);
    const band = Math.max(1, Math.floor(WHOLE / 2 / columns));
    const begun = ask(key, async () => {
      for (let first = 0; first < rows && !stopped; first += band) {
        const count = Math.min(band, rows - first);
        const block = await tensors().slice(face.tensor, [[first, first + count], null]);
        addTo(sums, counts, block.data, { rows, columns, outRows: height, outColumns: width, first, count });
        const full = Math.floor(((first + count) * height) / rows); // picture rows that will not change any more
        if (full > 0) picture(sums.subarray(0, full * width).map((sum, k) => sum / counts[k]), width, full, scale, fresh.canvas);
        fresh.partial = first + count < rows;
        arrived();
      }
    });
    if (!begun) return null;
    bands.set(key, fresh);
    return fresh;
  }

  return {
    get(face, scale, uPx, vPx) {
      const [rows, columns] = [face.v.size, face.u.size];
      const [width, height] = [binsFor(columns, uPx), binsFor(rows, vPx)];
      const key = `${face.tensor}|${face.fixedAxis}|${face.fixedIndex}|${width}×${height}|${scale.kind}${scale.high}`;
      const have = kept.get(key);
      if (have) {
        kept.delete(key); // newest goes last
        kept.set(key, have);
        return have;
      }
      const rank = [face.fixedAxis, face.u.axis, face.v.axis].filter((axis) => axis >= 0).length;
      const index = Array.from({ length: rank }, (_, axis) => (axis === face.fixedAxis ? face.fixedIndex : null));
      const block = tensors().peek(face.tensor, index);
      if (!block) {
        if (rows * columns > WHOLE && rank === 2) return banded(face, scale, width, height, key);
        ask(key, async () => void (await tensors().slice(face.tensor, index)));
        return null;
      }
      const data = average(block.data, rows, columns, height, width);
      const bitmap = { canvas: picture(data, width, height, scale), smooth: uPx < 2 * columns || vPx < 2 * rows, partial: false };
      kept.set(key, bitmap);
      pixels += pixelsOf(bitmap);
      for (const [oldest, old] of kept) {
        if (pixels <= CAP_PIXELS || oldest === key) break;
        kept.delete(oldest);
        pixels -= pixelsOf(old);
      }
      return bitmap;
    },
    stop() {
      stopped = true;
    },
  };
}

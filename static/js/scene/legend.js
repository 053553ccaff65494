// The colour legend: one bar for each quantity on show, with the range that its ends stand for.

import { stops } from "../core/colour.js";
import { fontOf } from "./marks.js";

/** @typedef {import("../core/colour.js").Scale} Scale */
/** @typedef {{names: string[], scale: Scale}} Entry */
/** @typedef {{scale: Scale | null, colour: string, text: string, low: string, high: string, x: number, y: number, bar: [number, number], w: number}} LegendItem  no scale: a note */
/** @typedef {{text: string, colour: string}} Note  words about the picture; `colour` is that of the outline they explain, or "" */

const BAR_HEIGHT = 9;
const LINE = 24;
const SWATCH = 14;

/**
 * The quantities of these blocks, each with the names of the blocks that share its scale.
 * @param {import("./blocks.js").SceneBlock[]} blocks @param {Record<string, Scale & {quantity: string}>} scales @returns {Entry[]}
 */
export function entriesOf(blocks, scales) {
  /** @type {Map<string, Entry>} */
  const entries = new Map();
  for (const { name } of blocks) {
    const scale = scales[name];
    if (!scale) continue;
    const entry = entries.get(scale.quantity) ?? { names: [], scale };
    entry.names.push(name);
    entries.set(scale.quantity, entry);
  }
  return [...entries.values()];
}

/**
 * @param {Entry[]} entries @param {Note[]} notes @param {number} width @param {number} top @param {import("./layout.js").Measure} measure
 * @returns {{items: LegendItem[], height: number}}
 */
export function legendLayout(entries, notes, width, top, measure) {
  /** @type {LegendItem[]} */
  const items = [];
  const narrow = width < 600;
  const [pad, gap, bar] = narrow ? [8, 16, 60] : [16, 28, 84];
  let [x, y] = [pad, top + LINE / 2];
  /** @param {Omit<LegendItem, "x" | "y" | "bar">} item @param {number} before px from the item's edge to its bar */
  const add = (item, before) => {
    if (x > pad && x + item.w > width - pad) [x, y] = [pad, y + LINE];
    items.push({ ...item, x, y, bar: [x + before, bar] });
    x += item.w + gap;
  };
  for (const { scale, names } of entries) {
    const [low, high] = [endText(scale.low), endText(scale.high)];
    const text = fit(names, width - 2 * pad - bar - measure(low, "cell") - measure(high, "cell") - 24, measure);
    const before = measure(text, "op") + 10 + measure(low, "cell") + 6;
    add({ scale, colour: "", text, low, high, w: before + bar + 6 + measure(high, "cell") }, before);
  }
  for (const { text, colour } of notes) add({ scale: null, colour, text, low: "", high: "", w: measure(text, "axis") + (colour ? SWATCH + 7 : 0) }, 0);
  return { items, height: items.length ? y + LINE / 2 - top : 0 };
}

/** As many names as fit. @param {string[]} names @param {number} room @param {import("./layout.js").Measure} measure */
function fit(names, room, measure) {
  for (let count = names.length; count > 1; count--) {
    const text = names.slice(0, count).join(", ") + (count < names.length ? ", …" : "");
    if (measure(text, "op") <= room) return text;
  }
  return names[0] + (names.length > 1 ? ", …" : "");
}

/** @param {number} value */
const endText = (value) => String(Number(value.toPrecision(3))).replace("-", "−");

/** @param {CanvasRenderingContext2D} ctx @param {LegendItem[]} items @param {import("./draw.js").Palette} palette */
export function drawLegend(ctx, items, palette) {
  ctx.textBaseline = "middle";
  ctx.textAlign = "left";
  for (const { scale, colour, text, low, high, x, y, bar } of items) {
    ctx.font = fontOf(scale ? "op" : "axis", palette);
    ctx.fillStyle = scale ? palette.ink : palette.inkSoft;
    if (colour) swatch(ctx, x, y, colour);
    ctx.fillText(text, x + (colour ? SWATCH + 7 : 0), y);
    if (!scale) continue;
    const [left, w] = bar;
    ctx.fillStyle = palette.inkSoft;
    ctx.fillText(low, left - 6 - ctx.measureText(low).width, y);
    ctx.fillText(high, left + w + 6, y);
    const colours = stops(scale, 25);
    const ramp = ctx.createLinearGradient(left, 0, left + w, 0);
    colours.forEach((stop, k) => ramp.addColorStop(k / (colours.length - 1), stop));
    ctx.fillStyle = ramp;
    ctx.beginPath();
    ctx.roundRect(left, y - BAR_HEIGHT / 2, w, BAR_HEIGHT, 2);
    ctx.fill();
    ctx.strokeStyle = palette.strong;
    ctx.lineWidth = 0.75;
    ctx.stroke();
  }
}

/** A small pale cell with the outline that the words explain: dark outlines must show on dark paper too. @param {CanvasRenderingContext2D} ctx @param {number} x @param {number} y @param {string} colour */
function swatch(ctx, x, y, colour) {
  ctx.save();
  ctx.fillStyle = "#e9edf3";
  ctx.fillRect(x, y - SWATCH / 2, SWATCH, SWATCH);
  ctx.strokeStyle = colour;
  ctx.lineWidth = 2;
  ctx.strokeRect(x + 2, y - SWATCH / 2 + 2, SWATCH - 4, SWATCH - 4);
  ctx.restore();
}

// The numbers of the network's picture: read, put on scales, painted on the canvas that lies above the drawn boxes.

import { trueLengths } from "../core/places.js";
import { shownYet } from "./film.js";
import { legendOf } from "./legend.js";
import { scaleOfQuantity, widen } from "./scales.js";
import { barsOf, paintBars, paintHatch, prepare, scaleOfMeans } from "./strip.js";
import { summary } from "./window.js";

/** @typedef {import("../core/colour.js").Scale} Scale */
/** @typedef {import("../types").AppState} AppState */
/** @typedef {import("../types").Block} Block */
/** @typedef {import("../types").Context} Context */
/** @typedef {import("./legend.js").Quantity} Quantity */
/** @typedef {import("./places.js").Spot} Spot */
/** @typedef {import("./reader.js").Reader} Reader */
/** @typedef {import("./scales.js").Range} Range */
/** @typedef {Pick<import("../views/network.js").Picture, "layout" | "net" | "spots" | "overview">} Painted */

/**
 * Paints every strip; what is not here yet is hatched and asked for.
 * @param {Painted} picture
 * @param {{canvas: HTMLCanvasElement, head: HTMLElement, note: HTMLElement, hatch: string, n: number, film?: import("../play/motion.js").Motion | null}} on
 * @param {AppState["trace"]} trace
 * @param {Reader} reader
 * @param {Context} context
 * @returns {Record<Quantity, Scale>} the colours of its numbers
 */
export function paintNumbers({ layout, net, spots, overview }, { canvas, head, note, hatch, n, film = null }, trace, reader, context) {
  const { wholes, seen } = readAll(spots, trace, reader);
  const scales = {
    h: scaleOfQuantity(trace, "h", seen.h, context.beside), c: scaleOfQuantity(trace, "c", seen.c, context.beside), x: scaleOfQuantity(trace, "x", seen.x, context.beside),
  };
  const tensors = context.tensors;
  const painted = spots.map((spot) => {
    const data = wholes.get(spot.tensor) ? (tensors.peek(spot.tensor, spot.index)?.data ?? null) : null;
    return { spot, parts: data && barsOf(data, spot.box, spot.split) };
  });
  const means = meansOf(painted.flatMap(({ spot, parts }) => (parts ?? []).map((part) => ({ ...part, quantity: spot.quantity }))), scales);

  const pen = prepare(canvas, layout.width, layout.height);
  for (const { spot, parts } of painted)
    if (!shownYet(film, spot)) continue;
    else if (parts === null) paintHatch(pen, spot.box, hatch);
    else for (const { box, bars, averaged } of parts) paintBars(pen, box, bars, (averaged && means[spot.quantity]) || scales[spot.quantity]);
  overview?.paint(net.rows.map((row) => wholes.get(`${row.name}.h`) ?? reader.read(`${row.name}.h`, [n, null, null])), scales.h, hatch, (row) => film?.undone(`${row.name}.h`) ?? []);

  head.replaceChildren(...legendOf(context.say, net, scales, means));
  const cellWidth = layout.cells[0]?.h.w ?? 1;
  note.textContent = [
    reader.failed() ? context.say("network.failed") : [...wholes.values()].includes(null) ? context.say("network.waiting") : "",
    net.units > cellWidth ? context.say("network.averaged.cell", { units: Math.round(net.units / Math.floor(cellWidth)) }) : "",
    layout.cells.some((cell) => !cell.live) ? context.say("network.padding") : layout.cells.some(({ t }) => t >= (trueLengths(trace)?.[n] ?? Infinity)) ? context.say("network.ended") : "",
  ].filter(Boolean).join(" ");
  return scales;
}

/**
 * One question a tensor; and the ranges that the trace does not tell (gates and c of a large one).
 * @param {Spot[]} spots
 * @param {AppState["trace"]} trace
 * @param {Reader} reader
 */
function readAll(spots, trace, reader) {
  /** @type {Map<string, Block | null>} */
  const wholes = new Map();
  /** @type {Partial<Record<Quantity, Range>>} */
  const seen = {};
  for (const { tensor, whole, quantity } of spots) {
    if (wholes.has(tensor)) continue;
    const block = reader.read(tensor, whole);
    wholes.set(tensor, block);
    const range = block && trace.tensors[tensor].max === null ? summary(block.data) : null;
    if (range) seen[quantity] = widen(seen[quantity] ?? null, range);
  }
  return { wholes, seen };
}

/**
 * @param {{bars: import("../types.js").Numbers, averaged: boolean, quantity: Quantity}[]} parts
 * @param {Record<Quantity, Scale>} scales
 * @returns {Record<Quantity, Scale | null>}
 */
function meansOf(parts, scales) {
  /** @param {Quantity} quantity */
  const of = (quantity) => {
    const averaged = parts.filter((part) => part.averaged && part.quantity === quantity).map((part) => part.bars);
    const scale = averaged.length ? scaleOfMeans(scales[quantity], averaged) : null;
    return scale?.high === scales[quantity].high ? null : scale; // the legend shows a second scale only where it differs
  };
  return { h: of("h"), c: of("c"), x: of("x") };
}

// The film in the network's picture: which strips have numbers yet, the cell at work, and h, c and x on their way to it.

import { isDone, READ, WRITE } from "../play/motion.js";
import { barsOf, paintBars } from "./strip.js";

/** @typedef {import("../play/motion.js").Motion} Motion */
/** @typedef {import("./layout.js").Box} Box */
/** @typedef {import("./places.js").Spot} Spot */
/** @typedef {import("../core/colour.js").Scale} Scale */
/** @typedef {{spot: Spot, box: Box}} Travelling  a strip's numbers, where they are now */

/** Is what a strip shows computed? @param {Motion | null} film @param {Spot} spot */
export const shownYet = (film, { tensor, index }) => !film || isDone(film.undone(tensor), index);

/**
 * The numbers that travel at this instant: into the cell at work, then out of it.
 * @param {Spot[]} spots @param {{rows: {layer: number}[]}} net @param {Motion | null} film @returns {Travelling[]}
 */
export function travelling(spots, net, film) {
  const at = film?.computing;
  if (!at || at.module !== "rnn" || at.g >= 1) return [];
  const { row, step, g } = at;
  const inRow = (/** @type {"h" | "c"} */ quantity, /** @type {number} */ t) => spots.find((spot) => spot.row === row.index && spot.t === t && spot.quantity === quantity && spot.tensor === `${row.name}.${quantity}`);
  const enters = (/** @type {string} */ name) => spots.find((spot) => spot.tensor === name && spot.row === row.index);
  const before = row.backward ? step + 1 : step - 1;
  const here = inRow("h", step);
  if (!here) return [];
  if (g < READ) {
    const from = row.layer === 0 ? spots.filter(({ tensor, t }) => tensor === "input" && t === step) : below(spots, net, row.layer, step);
    return [
      ...from.map((spot) => moving(spot, spot.box, here.box, g / READ)),
      ...(["h", "c"]).flatMap((quantity) => {
        const kind = /** @type {"h" | "c"} */ (quantity);
        const [was, is] = [inRow(kind, before) ?? (known(film, row, before) ? undefined : enters(`${kind}_0`)), inRow(kind, step)];
        return was && is ? [moving(was, was.box, is.box, g / READ)] : [];
      }),
    ];
  }
  if (g < WRITE) return [];
  const above = row.top ? spots.filter(({ tensor, t }) => tensor === "output" && t === step) : [];
  return above.map((spot) => moving(here, here.box, spot.box, (g - WRITE) / (1 - WRITE)));
}

/** Was the step before computed, though it is not on the screen? @param {Motion} film @param {{name: string, backward: boolean}} row @param {number} before */
const known = (film, row, before) => before >= 0 && before < (film.computing?.steps ?? 0) && isDone(film.undone(`${row.name}.h`), [0, before, 0]) && film.computing?.step !== before;

/** What the layer reads of the layer below: both directions' h, or what dropout left of them. @param {Spot[]} spots @param {{rows: {layer: number}[]}} net @param {number} layer @param {number} step */
function below(spots, net, layer, step) {
  const dropped = spots.filter(({ tensor, t }) => tensor === `dropped_l${layer - 1}` && t === step);
  return dropped.length ? dropped : spots.filter((spot) => spot.row !== null && spot.t === step && spot.quantity === "h" && net.rows[spot.row]?.layer === layer - 1);
}

/** @param {Spot} spot @param {Box} from @param {Box} to @param {number} g @returns {Travelling} */
function moving(spot, from, to, g) {
  const eased = g * g * (3 - 2 * g);
  const mix = (/** @type {keyof Box} */ key) => from[key] + (to[key] - from[key]) * eased;
  return { spot, box: { x: mix("x"), y: mix("y"), w: mix("w"), h: mix("h") } };
}

/**
 * @param {CanvasRenderingContext2D} pen @param {Travelling[]} some @param {Record<"h" | "c" | "x", Scale>} scales
 * @param {(spot: Spot) => import("../types").Numbers | null} read @param {{now: string, paper: string}} inks
 */
export function paintTravelling(pen, some, scales, read, { now, paper }) {
  for (const { spot, box } of some) {
    const data = read(spot);
    pen.fillStyle = paper;
    pen.fillRect(box.x - 3, box.y - 3, box.w + 6, box.h + 6);
    if (data) for (const part of barsOf(data, box, spot.split)) paintBars(pen, part.box, part.bars, scales[spot.quantity]);
    pen.strokeStyle = now;
    pen.lineWidth = 2;
    pen.strokeRect(box.x - 1, box.y - 1, box.w + 2, box.h + 2);
  }
}

/** Marks the cell at work and those that are still to come. @param {SVGSVGElement} svg @param {{name: string, index: number}[]} rows @param {Motion | null} film */
export function markCells(svg, rows, film) {
  const at = film?.computing?.module === "rnn" ? film.computing : null;
  for (const cell of svg.querySelectorAll(".net-cell")) {
    const [row, t] = [cell.getAttribute("data-row") ?? "", Number(cell.getAttribute("data-t"))];
    const done = !film || isDone(film.undone(`${row}.h`), [0, t, 0]);
    cell.classList.toggle("is-undone", !done);
    cell.classList.toggle("is-computing", at !== null && at.row.name === row && at.step === t);
  }
  for (const end of svg.querySelectorAll(".net-final")) {
    const name = end.getAttribute("data-end");
    if (name) end.classList.toggle("is-undone", Boolean(film) && !isDone(film?.undone(name) ?? [], [Number(end.getAttribute("data-index"))]));
  }
}

// One heat map: a quantity of one row and sample as a T×H picture with axes, legend, the current step, and single values to read.

import { fixed } from "../core/format.js";
import { ramp } from "./legend.js";
import { imageOf, paintHatch, paintImage, prepare } from "./strip.js";
import { placeOf, stepAt, summary, ticks } from "./window.js";

/** @typedef {import("../core/colour.js").Scale} Scale */
/** @typedef {import("../types").Block} Block */
/** @typedef {import("../types").CellAt} CellAt */
/** @typedef {import("../types").Say} Say */
/** @typedef {import("../core/hands.js").Held} Held */
/** @typedef {import("../core/reads.js").Marked} Marked  what the chosen number is computed from */
/**
 * What a map shows now. `block` is null while its numbers are on their way; steps from `live` on are not computed; those from `end` on are
 * padding all the same.
 * @typedef {{say: Say, tensor: string, row: string, n: number, block: Block | null, failed: boolean, live: number, end: number, scale: Scale, hatch: string, grid: string}} Shown
 */
/** @typedef {{pointed: (cell: CellAt | null) => void, chosen: (cell: CellAt) => void, now: () => number}} Told */
/** @typedef {{el: HTMLElement, paint: (shown: Shown) => {steps: number, units: number}, mark: (t: number, cursor: CellAt[], pinned: CellAt[], also: {read: Marked[], held: Held[]}) => void}} Heat */

const LEAST = 96; // px: a picture lower than this cannot be read
const MOST = 168;
const CELL = 20; // px a unit, if there is room
const EDGE = 14; // px
const COLOURS = /** @type {{[symbol: string]: string}} */ ({ h: "--state-h", c: "--state-c" });

/**
 * @param {string} symbol i, f, g, o, c, h, r, z or n
 * @param {{steps: number, units: number}} size
 * @param {Say} say
 * @param {Told} told
 * @returns {Heat}
 */
export function createHeat(symbol, { steps, units }, say, told) {
  const height = Math.max(LEAST, Math.min(MOST, units * CELL));
  const el = make("figure", "heat");
  const title = make("figcaption", "heat-title");
  const letter = make("b", "heat-symbol");
  letter.textContent = symbol;
  letter.style.color = `var(${COLOURS[symbol] ?? `--gate-${symbol}`})`;
  const name = make("span", "heat-name");
  name.textContent = say(`heatmaps.${symbol}`);
  const readout = make("output", "heat-readout");
  title.append(letter, name, readout);
  const plot = make("div", "heat-plot");
  plot.tabIndex = 0;
  plot.setAttribute("role", "application");
  plot.style.height = `${height}px`;
  const canvas = make("canvas", "heat-canvas");
  const now = make("div", "heat-now");
  const marks = make("div", "net-marks");
  const axes = make("div", "heat-axes");
  axes.setAttribute("aria-hidden", "true");
  plot.append(canvas, now, marks, axes);
  const foot = make("div", "heat-foot");
  el.append(title, plot, foot);

  /** @type {Shown | null} */ let shown = null;
  let width = 0;
  /** Where the keyboard is. */
  let at = { t: 0, u: 0 };

  /** @param {number} t @param {number} u @returns {CellAt | null} */
  const cell = (t, u) => (shown ? { tensor: shown.tensor, index: [shown.n, t, u] } : null);

  /** @param {MouseEvent} event */
  function under(event) {
    const { left, top } = plot.getBoundingClientRect();
    return { t: stepAt(event.clientX - left, width, steps), u: stepAt(event.clientY - top, height, units) };
  }

  plot.addEventListener("pointermove", (event) => {
    const { t, u } = under(event);
    told.pointed(cell(t, u));
  });
  plot.addEventListener("pointerleave", () => told.pointed(null));
  plot.addEventListener("click", (event) => {
    at = under(event);
    const here = cell(at.t, at.u);
    if (here) told.chosen(here);
  });
  plot.addEventListener("focus", () => {
    if (!plot.matches(":focus-visible")) return;
    at = { t: told.now(), u: Math.min(at.u, units - 1) };
    told.pointed(cell(at.t, at.u));
  });
  plot.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const by = /** @type {{[key: string]: [number, number]}} */ ({
      ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1], Home: [-steps, 0], End: [steps, 0],
    })[event.key];
    if (by) {
      at = { t: clamp(at.t + by[0], steps), u: clamp(at.u + by[1], units) };
      told.pointed(cell(at.t, at.u));
    } else if (event.key === "Enter" || event.key === " ") {
      const here = cell(at.t, at.u);
      if (here) told.chosen(here);
    } else return;
    event.preventDefault();
    event.stopPropagation(); // the page's own arrow keys and space move t
  });

  /** Ticks at the middle of their cells. */
  function drawAxes() {
    const across = ticks(steps, Math.max(2, Math.floor(width / 44))).map((t) => {
      const middle = ((t + 0.5) / steps) * width;
      const last = width - middle < EDGE; // such a label ends at the edge instead of hanging over it
      const tick = text("span", last ? "heat-xtick is-last" : "heat-xtick", t === 0 ? "t=0" : String(t));
      tick.style.left = `${last ? width : middle}px`;
      return tick;
    });
    const down = ticks(units, Math.max(2, Math.floor(height / 18))).map((u) => {
      const tick = text("span", "heat-ytick", String(u));
      tick.style.top = `${((u + 0.5) / units) * height}px`;
      return tick;
    });
    axes.replaceChildren(...across, ...down);
  }

  /** @param {CellAt[]} cells @param {string} name */
  const boxes = (cells, name) => cells.flatMap(({ tensor, index }) => frame(tensor, index.map((k) => [k, k + 1]), name));

  /** @param {Marked[]} read */
  const sources = (read) => read.flatMap(({ key, places }) => places.flatMap(({ tensor, spans }) => frame(tensor, spans, "net-source", key)));

  /** @param {string} tensor @param {[number, number][]} spans @param {string} name @param {string} [source] */
  function frame(tensor, spans, name, source) {
    if (tensor !== shown?.tensor || spans[0][0] !== shown.n) return [];
    const [, [t0, t1], [u0, u1]] = spans;
    const x = placeOf({ first: t0, count: t1 - t0 }, width, steps, 3);
    const y = placeOf({ first: u0, count: u1 - u0 }, height, units, 3);
    const box = make("div", name);
    if (source) box.dataset.source = source;
    Object.assign(box.style, { left: `${x.x - 2}px`, top: `${y.x - 2}px`, width: `${x.w + 4}px`, height: `${y.w + 4}px` });
    return [box];
  }

  return {
    el,
    paint(next) {
      shown = next;
      width = Math.floor(plot.clientWidth);
      const box = { x: 0, y: 0, w: width, h: height };
      const pen = prepare(canvas, width, height);
      const image = next.block && imageOf(next.block, box);
      if (image) paintImage(pen, box, image, next.scale, next.grid);
      else paintHatch(pen, box, next.hatch);
      if (image && next.live < steps) {
        const padding = { ...box, x: Math.round((next.live / steps) * width), w: width };
        pen.clearRect(padding.x, padding.y, padding.w, padding.h);
        paintHatch(pen, padding, next.hatch);
      } else if (image && next.end < steps) paintHatch(pen, { ...box, x: Math.round((next.end / steps) * width) }, next.hatch);
      drawAxes();
      const range = next.block && summary(next.block.data.subarray(0, next.live * units));
      const words = { name: next.say(`heatmaps.${symbol}`), symbol, row: next.row, sample: next.n, units, steps };
      const numbers = range && { min: fixed(range.min), max: fixed(range.max), mean: fixed(range.mean) };
      plot.setAttribute("aria-label", numbers ? next.say("heatmaps.label", { ...words, ...numbers }) : next.say("heatmaps.label.waiting", words));
      foot.replaceChildren(
        ramp(next.say, symbol, next.scale),
        text("span", "heat-range", numbers ? next.say("heatmaps.range", short(/** @type {NonNullable<typeof range>} */ (range)))
          : next.say(next.failed ? "heatmaps.failed" : "heatmaps.waiting")),
      );
      return image ? { steps: image.steps, units: image.units } : { steps: 1, units: 1 };
    },
    mark(t, cursor, pinned, { read: marked, held }) {
      const { x, w } = placeOf({ first: Math.min(t, steps - 1), count: 1 }, width, steps, 2);
      now.style.left = `${x - (w < 7 ? 0 : 1)}px`;
      now.style.width = `${w + (w < 7 ? 0 : 2)}px`;
      now.classList.toggle("is-thin", w < 7);
      const hands = held.flatMap(({ tensor, spans }) => frame(tensor, spans, "net-held"));
      marks.replaceChildren(...hands, ...sources(marked), ...boxes(pinned, "net-pin"), ...boxes(cursor, "net-cursor"));
      const read = [...cursor, ...pinned].find((one) => one.tensor === shown?.tensor && one.index[0] === shown.n);
      const value = read && shown?.block ? shown.block.data[read.index[1] * units + read.index[2]] : null;
      if (read && value !== null) {
        readout.textContent = `[${read.index.join(", ")}] = ${fixed(value)}`;
        readout.dataset.tensor = read.tensor;
        readout.dataset.index = read.index.join(",");
      } else {
        readout.textContent = "";
        delete readout.dataset.tensor;
        delete readout.dataset.index;
      }
    },
  };
}

/**
 * A range in two decimals, in four where two would say nothing; never a minus zero.
 * @param {{min: number, max: number, mean: number}} range
 */
function short({ min, max, mean }) {
  const digits = Math.max(Math.abs(min), Math.abs(max)) < 0.1 ? 4 : 2;
  const text = (/** @type {number} */ value) => value.toFixed(digits).replace(/^-(?=[0.]+$)/, "").replace("-", "−");
  return { min: text(min), max: text(max), mean: text(mean) };
}

/** @param {number} value @param {number} count */
const clamp = (value, count) => Math.max(0, Math.min(count - 1, value));

/** @param {string} tag @param {string} name @param {string} words */
function text(tag, name, words) {
  const el = document.createElement(tag);
  el.className = name;
  el.textContent = words;
  return el;
}

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {string} name
 */
function make(tag, name) {
  const el = document.createElement(tag);
  el.className = name;
  return el;
}

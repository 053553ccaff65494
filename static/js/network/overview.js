// A long sequence as one strip a row, with a window that can be dragged: the columns below show what lies inside it.

import { rowName } from "./draw.js";
import { meanOf, minus } from "./legend.js";
import { barOf, imageOf, paintHatch, paintImage, prepare, scaleOfMeans } from "./strip.js";
import { placeOf, stepAt, ticks, windowAt } from "./window.js";

/** @typedef {import("../types").Block} Block */
/** @typedef {import("../types").Say} Say */
/** @typedef {import("./layout.js").Net} Net */
/** @typedef {import("./layout.js").Row} Row */
/** @typedef {import("./window.js").Run} Run */
/** @typedef {import("../core/colour.js").Scale} Scale */
/**
 * What the strips need and whom they tell.
 * @typedef {{say: Say, net: Net, width: number, moved: (first: number) => void, stepped: (t: number) => void,
 *   pointed: (row: Row, t: number, unit: number) => void, left: () => void, chosen: (row: Row) => void}} Wiring
 * @typedef {{el: HTMLElement, paint: (blocks: (Block | null)[], scale: Scale, hatch: string, undone?: (row: Row) => ([number, number] | null)[][]) => void,
 *   mark: (run: Run, t: number, row: string) => void}} Overview
 */

const EDGE = 14; // px: a label nearer to the right edge ends there

/**
 * @param {Wiring} wiring
 * @returns {Overview}
 */
export function createOverview(wiring) {
  const { say, net } = wiring;
  const narrow = wiring.width < 620;
  const label = narrow ? 40 : 142;
  const width = wiring.width - label;
  const height = net.rows.length > 6 ? 24 : net.rows.length > 2 ? 30 : 44; // never lower than a finger's target
  const el = make("div", "net-overview");
  const plot = make("div", "net-strips");
  /** @type {HTMLButtonElement[]} */
  const names = [];
  const canvases = net.rows.map((row) => {
    const line = make("div", "net-strip");
    const name = make("button", "net-stripname");
    name.type = "button";
    name.textContent = `${narrow ? `l${row.layer}` : rowName(say, row)} ${row.direction === "forward" ? "→" : "←"}`;
    name.title = say("network.row.choose", { row: rowName(say, row) });
    name.style.width = `${label}px`;
    name.addEventListener("click", () => wiring.chosen(row));
    names.push(name);
    const canvas = make("canvas", "net-stripcanvas");
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", say("network.strip.label", { row: rowName(say, row), steps: net.steps, units: net.units }));
    line.append(name, canvas);
    plot.prepend(line);
    return canvas;
  });
  const brush = make("div", "net-brush");
  brush.tabIndex = 0;
  brush.setAttribute("role", "slider");
  brush.setAttribute("aria-label", say("network.window.label"));
  brush.setAttribute("aria-valuemin", "0");
  const now = make("div", "net-now");
  plot.append(now, brush);
  const note = make("p", "net-note");
  el.append(plot, axis(net.steps, width, label), note);

  /** @type {Run} */
  let run = { first: 0, count: 1 };
  watchPointer();

  brush.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -run.count, PageUp: run.count, Home: -Infinity, End: Infinity }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    wiring.moved(windowAt(Math.max(0, Math.min(net.steps, run.first + by)), run.count, net.steps).first);
  });

  function watchPointer() {
    /** Where in the window it was taken hold of, in steps; null while the pointer scrubs t. @type {number | null} */
    let hold = null;
    let down = false;
    /** @param {PointerEvent} event */
    const stepOf = (event) => ((event.clientX - plot.getBoundingClientRect().left - label) / width) * net.steps;
    plot.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || (event.target instanceof Element && event.target.closest("button"))) return;
      down = true;
      hold = event.target === brush ? stepOf(event) - run.first : null;
      plot.setPointerCapture(event.pointerId);
      if (hold === null) wiring.stepped(stepAt(stepOf(event), net.steps, net.steps));
    });
    plot.addEventListener("pointermove", (event) => {
      if (down && hold !== null) wiring.moved(windowAt(stepOf(event) - hold, run.count, net.steps).first);
      else if (down) wiring.stepped(stepAt(stepOf(event), net.steps, net.steps));
      else point(event);
    });
    const up = () => (down = false);
    plot.addEventListener("pointerup", up);
    plot.addEventListener("pointercancel", up);
    plot.addEventListener("pointerleave", () => wiring.left());
    /** @param {PointerEvent} event */
    function point(event) {
      const at = canvases.findIndex((canvas) => {
        const { top, bottom, left } = canvas.getBoundingClientRect();
        return event.clientY >= top && event.clientY < bottom && event.clientX >= left;
      });
      if (at < 0) return wiring.left();
      const unit = Math.floor(((event.clientY - canvases[at].getBoundingClientRect().top) / height) * net.units);
      wiring.pointed(net.rows[at], stepAt(stepOf(event), net.steps, net.steps), Math.max(0, Math.min(net.units - 1, unit)));
    }
  }

  return {
    el,
    paint(blocks, scale, hatch, undone = () => []) {
      const box = { x: 0, y: 0, w: width, h: height };
      const images = blocks.map((block) => block && imageOf(block, box));
      const sample = images.find((image) => image !== null);
      const averaged = sample && (sample.steps > 1 || sample.units > 1);
      const used = averaged ? scaleOfMeans(scale, images.flatMap((image) => (image ? [image.data] : []))) : scale;
      canvases.forEach((canvas, k) => {
        const pen = prepare(canvas, width, height);
        const image = images[k];
        if (image) paintImage(pen, box, image, used);
        else paintHatch(pen, box, hatch);
        for (const [, steps] of undone(net.rows[k])) if (steps) pen.clearRect((steps[0] / net.steps) * width, 0, ((steps[1] - steps[0]) / net.steps) * width, height);
      });
      note.textContent = [
        say("network.window.help"),
        averaged
          ? say("network.averaged.strip", { what: meanOf(say, sample), low: minus(used.low), high: used.high })
          : "",
      ].filter(Boolean).join(" ");
    },
    mark(shown, t, row) {
      run = shown;
      const place = placeOf(run, width, net.steps, 24); // 24 px: a finger can take hold of it
      brush.style.left = `${label + place.x}px`;
      brush.style.width = `${place.w}px`;
      brush.setAttribute("aria-valuemax", String(net.steps - run.count));
      brush.setAttribute("aria-valuenow", String(run.first));
      brush.setAttribute("aria-valuetext", say("network.window.steps", { from: run.first, to: run.first + run.count - 1, steps: net.steps }));
      const at = barOf({ x: label, y: 0, w: width, h: 0 }, t, net.steps);
      now.style.left = `${at.x}px`;
      now.style.width = `${at.w}px`;
      now.classList.toggle("is-thin", at.w < 7);
      names.forEach((name, k) => name.setAttribute("aria-pressed", String(net.rows[k].name === row)));
    },
  };
}

/** @param {number} steps @param {number} width @param {number} label */
function axis(steps, width, label) {
  const line = make("div", "net-axis");
  line.setAttribute("aria-hidden", "true");
  for (const t of ticks(steps, Math.floor(width / 60))) {
    const middle = ((t + 0.5) / steps) * width;
    const tick = make("span", width - middle < EDGE ? "net-tick is-last" : "net-tick");
    tick.textContent = t === 0 ? "t=0" : String(t);
    tick.style.left = `${label + (width - middle < EDGE ? width : middle)}px`;
    line.append(tick);
  }
  return line;
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

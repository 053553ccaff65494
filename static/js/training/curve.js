// The loss while it is learned: a line for each cell, the baseline dashed, a legend, and the same as a table.

import { fixed } from "../core/format.js";
import { el as make, svg } from "../doors/dom.js";
import { lossAxis, pathOf, round, thinned } from "./plot.js";
import { NAMES, snapshotAt, stepsOf } from "./run.js";

/** @typedef {import("./types.js").Run} Run */
/** @typedef {import("./types.js").Cell} Cell */

const HEIGHT = 280;
const LEFT = 52;
const RIGHT = 14;
const TOP = 14;
const BOTTOM = 36;

/**
 * @param {HTMLElement} host @param {import("../types.js").Say} say
 */
export function mountCurve(host, say) {
  const drawing = make("div", { class: "curve-drawing" });
  const legend = make("ul", { class: "curve-legend" });
  const caption = make("p", { class: "soft curve-caption" });
  const head = make("tr");
  const body = make("tbody");
  const table = make("details", { class: "curve-table" }, make("summary", {}, say("train.table")), make("div", { class: "curve-scroll", tabindex: 0, role: "region", "aria-label": say("train.table") }, make("table", {}, make("thead", {}, head), body)));
  host.replaceChildren(caption, drawing, legend, table);
  /** @type {Run | null} */
  let shown = null;
  let at = 0;
  new ResizeObserver(() => draw()).observe(drawing);

  function draw() {
    if (!shown) return;
    const width = Math.max(260, drawing.clientWidth);
    drawing.replaceChildren(picture(shown, at, width, say, caption));
  }

  return {
    /** @param {Run} run @param {number} step the snapshot that is looked at */
    show(run, step) {
      shown = run;
      at = step;
      draw();
      legend.replaceChildren(
        ...run.cells.map((cell) => make("li", { "data-cell": cell }, mark(cell), NAMES[cell])),
        make("li", { class: "curve-base" }, say("train.baseline")),
      );
      const accurate = Boolean(run.about?.classes.length);
      head.replaceChildren(
        make("th", { scope: "col" }, say("train.table.step")),
        ...run.cells.flatMap((cell) => [
          make("th", { scope: "col" }, say("train.table.loss", { cell: NAMES[cell] })),
          accurate && make("th", { scope: "col" }, say("train.table.accuracy", { cell: NAMES[cell] })),
        ].filter((each) => each instanceof Node)),
      );
      body.replaceChildren(
        ...stepsOf(run).map((each) =>
          make("tr", {}, make("th", { scope: "row" }, String(each)), ...run.cells.flatMap((cell) => {
            const found = snapshotAt(run, cell, each);
            const cells = [make("td", { "data-cell": cell, "data-loss": true }, fixed(found?.loss ?? null))];
            if (accurate) cells.push(make("td", {}, fixed(found?.accuracy ?? null)));
            return cells;
          }))),
      );
    },
  };
}

/** @param {Cell} cell */
function mark(cell) {
  return svg("svg", { class: "curve-mark", viewBox: "-14 -7 28 14", "aria-hidden": "true" }, svg("path", { class: "curve-line", d: "M-13 0H13" }), shape(cell, 0, 0));
}

/** A mark of its own for each cell, so that colour is not needed. @param {Cell} cell @param {number} x @param {number} y */
function shape(cell, x, y) {
  if (cell === "lstm") return svg("circle", { class: "curve-dot", cx: x, cy: y, r: 3.4 });
  if (cell === "gru") return svg("rect", { class: "curve-dot", x: x - 3, y: y - 3, width: 6, height: 6 });
  return svg("path", { class: "curve-dot", d: `M${x} ${y - 4}l4 7h-8z` });
}

/** @param {Run} run @param {number} step @param {number} width @param {import("../types.js").Say} say @param {HTMLElement} caption */
function picture(run, step, width, say, caption) {
  const right = width - RIGHT;
  const bottom = HEIGHT - BOTTOM;
  const x = (/** @type {number} */ k) => LEFT + ((right - LEFT) * k) / Math.max(1, run.steps);
  const base = run.about?.baseline ?? null;
  const values = [...run.progress.flatMap((each) => Object.values(each.loss)), ...run.snapshots.map((each) => each.loss), base];
  const axis = lossAxis(values.flatMap((value) => (value == null ? [] : [value])), TOP, bottom);
  caption.textContent = say("train.loss") + (axis.log ? ` · ${say("train.loss.log")}` : "");
  const parts = axis.ticks.flatMap((tick) => [
    svg("path", { class: "curve-grid", d: `M${LEFT} ${axis.at(tick).toFixed(1)}H${right}` }),
    svg("text", { class: "curve-text", x: LEFT - 6, y: axis.at(tick) + 4, "text-anchor": "end" }, String(tick)),
  ]);
  for (const tick of round(run.steps).filter((each) => Number.isInteger(each))) {
    parts.push(svg("text", { class: "curve-text", x: x(tick), y: bottom + 16, "text-anchor": x(tick) > right - 12 ? "end" : "middle" }, String(tick)));
  }
  parts.push(svg("text", { class: "curve-text", x: (LEFT + right) / 2, y: HEIGHT - 4, "text-anchor": "middle" }, say("train.axis")));
  parts.push(svg("path", { class: "curve-now", d: `M${x(step).toFixed(1)} ${TOP}V${bottom}` }));
  if (base !== null) {
    parts.push(svg("path", { class: "curve-baseline", d: `M${LEFT} ${axis.at(base).toFixed(1)}H${right}` }));
  }
  for (const cell of run.cells) {
    const batches = thinned(run.progress.filter((each) => each.loss[cell] != null), right - LEFT);
    const thin = pathOf(batches.map((each) => [x(each.step), axis.at(Number(each.loss[cell]))]));
    const held = run.snapshots.filter((each) => each.cell === cell && each.loss !== null);
    const points = held.map((each) => /** @type {[number, number]} */ ([x(each.step), axis.at(Number(each.loss))]));
    parts.push(
      svg("g", { "data-cell": cell },
        svg("path", { class: "curve-batches", d: thin }),
        svg("path", { class: "curve-line", d: pathOf(points) }),
        ...points.map(([px, py]) => shape(cell, px, py)),
      ),
    );
  }
  if (base !== null) {
    parts.push(svg("text", { class: "curve-text curve-base-text", x: right, y: axis.at(base) - 5, "text-anchor": "end" }, say("train.baseline")));
  }
  const told = run.cells.map((cell) => {
    const last = run.snapshots.filter((each) => each.cell === cell).at(-1);
    return say("train.curve.part", { cell: NAMES[cell], loss: fixed(last?.loss ?? null), step: last?.step ?? 0 });
  });
  const label = say("train.curve.label", { cells: told.join("; "), baseline: fixed(base) });
  return svg("svg", { class: "curve", role: "img", "aria-label": label, width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}` }, ...parts);
}

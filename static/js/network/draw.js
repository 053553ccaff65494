// The network's picture as SVG nodes, made from its layout; colours come from the style sheet, numbers are painted above it.

import { trueLengths } from "../core/places.js";
import { headPath, linePath } from "./arrows.js";

/** @typedef {import("../types").Say} Say */
/** @typedef {import("../types").Trace} Trace */
/** @typedef {import("./layout.js").Box} Box */
/** @typedef {import("./layout.js").Layout} Layout */
/** @typedef {import("./layout.js").Net} Net */
/** @typedef {import("./layout.js").Row} Row */
/** @typedef {{say: Say, trace: Trace, n: number, measure: (text: string, size: number, code?: boolean) => number}} Words */

const HEAD = { length: 6.5, half: 3.1 };
const SHAPE = 11.5; // px, as in the style sheet
const SVG = "http://www.w3.org/2000/svg";

/**
 * An SVG node with attributes and children; strings become text.
 * @param {string} tag
 * @param {{[name: string]: string | number | null}} attributes
 * @param {...(SVGElement | string | null)} children
 */
export function node(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== null) element.setAttribute(name, String(value));
  for (const child of children) if (child !== null) element.append(child);
  return element;
}

/**
 * A row in words: "layer 1 · backward".
 * @param {Say} say
 * @param {Row} row
 */
export function rowName(say, row) {
  return say("network.row", { layer: row.layer, direction: say(`network.${row.direction}`) });
}

/**
 * The whole picture.
 * @param {Layout} layout
 * @param {Net} net
 * @param {Words} words
 */
export function drawNetwork(layout, net, words) {
  const { say } = words;
  const svg = node("svg", {
    class: "net-picture", width: layout.width, height: layout.height, viewBox: `0 0 ${layout.width} ${layout.height}`,
    role: "grid", "aria-label": say("network.label", { rows: net.rows.length, steps: net.steps, sample: words.n }),
    "aria-colcount": net.steps,
  });
  svg.append(
    node("g", { class: "net-bands", "aria-hidden": "true" }, ...layout.bands.map((band) => (
      node("rect", { class: "net-band", "data-row": net.rows[band.row].name, ...box(band.box), rx: 6 })))),
    node("rect", { class: "net-glow", rx: 6 }),
    arrows(layout),
    node("g", { class: "net-boxes", "aria-hidden": "true" },
      ...layout.bars.map((bar) => node("rect", { class: "net-bar", ...box(grow(bar.box, 1)), rx: 2 })),
      ...layout.inputs.map((input) => node("rect", { class: "net-input", "data-t": input.t, ...box(input.box), rx: 3 })),
      ...layout.outputs.map((output) => node("rect", { class: "net-output", "data-t": output.t, ...box(output.box), rx: 3 })),
      ...layout.ends.map((end) => node("rect", {
        class: `net-end net-${end.tensor[0]}${end.final ? " net-final" : ""}`, "data-end": end.tensor, "data-index": end.row, ...box(grow(end.box, 1)), rx: 2 }))),
    stepLabels(layout, words),
    endLabels(layout, net, words),
    joinedLabels(layout, net, words),
    shapeLabels(layout, words),
    ...net.rows.toReversed().map((row) => rowGroup(layout, row, words)),
  );
  return /** @type {SVGSVGElement} */ (svg);
}

/** @param {Layout} layout */
function arrows({ arrows: all }) {
  const group = node("g", { class: "net-arrows", "aria-hidden": "true" });
  /** @param {typeof all} some @param {string} name */
  const draw = (some, name) => {
    if (some.length === 0) return;
    group.append(
      node("path", { class: `net-line ${name}`, d: some.map((arrow) => linePath(arrow, HEAD.length - 1, 5)).join("") }),
      node("path", { class: `net-head ${name}`, d: some.map(({ points }) => headPath(points, HEAD.length, HEAD.half)).join("") }),
    );
  };
  for (const kind of ["c", "h"])
    for (const skips of [false, true])
      draw(all.filter((arrow) => arrow.kind === kind && arrow.skips === skips), `net-${kind}${skips ? " net-skips" : ""}`);
  draw(all.filter((arrow) => arrow.kind === "x"), "net-x");
  draw(all.filter((arrow) => arrow.kind === "up"), "net-up");
  return group;
}

/**
 * A row for the keyboard and for screen readers: its label, which selects it, and its cells.
 * @param {Layout} layout
 * @param {Row} row
 * @param {Words} words
 */
function rowGroup(layout, row, { say, trace, n }) {
  const band = layout.bands.find((candidate) => candidate.row === row.index);
  const group = node("g", { role: "row", class: "net-row", "data-row": row.name });
  if (band) {
    const { x, y, w, h } = band.label;
    const arrow = row.direction === "forward" ? "→" : "←";
    const middle = y + h / 2;
    group.append(node("g", { role: "rowheader" }, node("g", {
      role: "button", tabindex: 0, class: "net-rowlabel", "data-row": row.name, "aria-label": `${say("network.layer", { layer: row.layer })} ${say(`network.${row.direction}`)} ${arrow}`,
    },
    node("rect", { class: "net-rowhit", x, y, width: w, height: h, rx: 6 }),
    node("text", { x: 12, y: middle - (layout.narrow ? 1 : 4), class: "net-layer" }, say("network.layer", { layer: row.layer })), " ",
    node("text", { x: 12, y: middle + 12, class: "net-direction" }, `${say(`network.${row.direction}`)} ${arrow}`))));
  }
  for (const cell of layout.cells) {
    if (cell.row !== row.index) continue;
    const over = cell.live && cell.t >= ended(trace, n);
    const key = over ? "network.cell.ended" : cell.live ? "network.cell" : "network.cell.padding";
    group.append(node("g", {
      role: "gridcell", tabindex: -1, class: over ? "net-cell net-ended" : cell.live ? "net-cell" : "net-cell net-padding", "data-row": row.name, "data-t": cell.t,
      "aria-colindex": cell.t + 1, "aria-label": say(key, { layer: row.layer, direction: say(`network.${row.direction}`), step: cell.t }),
    }, node("rect", { class: "net-ring", ...box(grow(cell.box, 3)), rx: 7 }), node("rect", { class: "net-cellbox", ...box(cell.box), rx: 5 })));
  }
  return group;
}

/** From this step on sample n is padding. @param {Words["trace"]} trace @param {number} n */
const ended = (trace, n) => trueLengths(trace)?.[n] ?? Infinity;

/** @param {Layout} layout @param {Words} words */
function stepLabels(layout, { say, trace, n, measure }) {
  const batchFirst = trace.tensors.output?.axes[0] === "N";
  const group = node("g", { class: "net-steps", "aria-hidden": "true" });
  for (const { t, center } of layout.columns) {
    const index = trace.tensors.output?.axes.includes("N") ? (batchFirst ? `[${n},${t}]` : `[${t},${n}]`) : `[${t}]`;
    const full = `output${index}`;
    group.append(node("text", { class: "net-code net-outputname", "data-t": t, x: center, y: layout.labels.output, "text-anchor": "middle" },
      measure(full, 11, true) > layout.pitch - 6 ? index : full));
    group.append(node("text", { class: "net-code net-inputname", "data-t": t, x: center, y: layout.labels.input, "text-anchor": "middle" },
      "x", node("tspan", { class: "net-sub", dy: 3 }, String(t))));
    const token = trace.text?.tokens[n]?.[t];
    const padded = t >= ended(trace, n);
    group.append(node("text", {
      class: `net-token${padded ? " net-pad" : ""}`, "data-t": t, x: center, y: layout.labels.token, "text-anchor": "middle",
    }, trace.text ? shorten(token ?? "<pad>", layout.pitch - 6, measure) : say("network.step", { step: t })));
  }
  return group;
}

/** @param {Layout} layout @param {Net} net @param {Words} words */
function endLabels(layout, net, { say, trace }) {
  const group = node("g", { class: "net-endlabels" });
  for (const end of layout.ends) {
    const row = net.rows[end.row];
    const anchor = end.side === "left" ? "end" : "start";
    const name = `${end.tensor}[${end.row}]`;
    const full = say("network.end", { name, row: rowName(say, row) });
    group.append(node("text", { class: `net-code net-endname net-${end.tensor[0]}${end.final ? " net-final" : ""}`, ...end.label, "text-anchor": anchor },
      node("title", {}, trace.tensors[end.tensor] ? full : say("network.end.zero", { name: full })), name));
    if (end.caption) group.append(caption(end.caption, anchor, row, layout.narrow, say));
  }
  return group;
}

/**
 * Which row an end belongs to: one line, or two that keep clear of the columns.
 * @param {{x: number, y: number}} at @param {"start" | "end"} anchor @param {Row} row @param {boolean} narrow @param {Say} say
 */
function caption({ x, y }, anchor, row, narrow, say) {
  if (!narrow) return node("text", { class: "net-caption", x, y, "text-anchor": anchor }, rowName(say, row));
  const lines = [say("network.layer", { layer: row.layer }), say(`network.${row.direction}`)];
  return node("text", { class: "net-caption", y, "text-anchor": anchor === "start" ? "end" : "start" },
    ...lines.map((line, k) => node("tspan", { x, dy: k * 12 }, line)));
}

/** What the bars between the layers are: both directions' h side by side, or what dropout left of them. @param {Layout} layout @param {Net} net @param {Words} words */
function joinedLabels(layout, net, { say, trace }) {
  const group = node("g", { class: "net-joined" });
  const firsts = layout.narrow ? [] : layout.bars.filter((bar) => bar.t === layout.first);
  for (const { layer, box: { y, h } } of firsts) {
    const key = Object.hasOwn(trace.tensors, `dropped_l${layer}`) ? "network.dropped" : "network.joined";
    group.append(node("text", { class: "net-caption", x: 12, y: y + h }, say(key, { width: net.units * 2 })));
  }
  return group;
}

/** @param {Layout} layout @param {Words} words */
function shapeLabels(layout, { trace, measure }) {
  const group = node("g", { class: "net-shapes" });
  for (const { tensor, at, beside } of layout.shapes) {
    const info = trace.tensors[tensor];
    if (!info) continue;
    const text = `${tensor} (${info.shape.join(", ")})`;
    const axes = `(${info.axes.join(", ")})`;
    const kind = tensor === "output" || tensor === "input" ? tensor : tensor[0];
    const x = Math.max(0, Math.min(at.x, layout.width - measure(text, SHAPE, true) - 2)); // large sizes are long
    group.append(node("text", { class: `net-code net-shape net-${kind}`, "data-shape": tensor, x, y: at.y },
      `${text} `, beside ? node("tspan", { class: "net-axes", x, dy: 15 }, axes) : node("tspan", { class: "net-axes", dx: 8 }, axes)));
  }
  return group;
}

/**
 * Text cut to a width, with an ellipsis.
 * @param {string} text
 * @param {number} room
 * @param {(text: string, size: number) => number} measure
 */
function shorten(text, room, measure) {
  if (measure(text, 13) <= room) return text;
  const letters = [...text];
  while (letters.length > 1 && measure(`${letters.join("")}…`, 13) > room) letters.pop();
  return `${letters.join("")}…`;
}

/** @param {Box} b */
const box = ({ x, y, w, h }) => ({ x, y, width: w, height: h });

/** @param {Box} b @param {number} by @returns {Box} */
const grow = ({ x, y, w, h }, by) => ({ x: x - by, y: y - by, w: w + 2 * by, h: h + 2 * by });

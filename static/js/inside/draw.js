// A cell's diagram as SVG: every wire with its number and a broad, unseen stroke that the pointer finds.

import { svg } from "../doors/dom.js";

/** @typedef {import("./layout.js").Diagram} Diagram */
/** @typedef {import("./layout.js").Point} Point */
/** @typedef {import("./facts.js").Fact} Fact */

const BEND = 9; // px, radius of a corner
const HEAD = { length: 8, half: 4.5 };

/**
 * @param {Diagram} diagram
 * @param {{[wire: string]: Fact}} facts
 * @param {{label: string, names: {[wire: string]: string}, gates: {[quantity: string]: {says: string, inner: string, held: boolean}}, narrow: boolean}} words
 */
export function drawCell(diagram, facts, { label, names, gates, narrow }) {
  const root = svg("svg", { class: narrow ? "cell-picture is-narrow" : "cell-picture", width: diagram.width, height: diagram.height, viewBox: `0 0 ${diagram.width} ${diagram.height}`, role: "group", "aria-label": label });
  root.append(...diagram.wires.map((wire) => wireOf(wire, facts[wire.id], names[wire.id] ?? "")));
  root.append(...diagram.wires.map((wire) => labelOf(wire, facts[wire.id], names[wire.id] ?? "")));
  root.append(svg("g", { "aria-hidden": "true" }, ...diagram.dots.map(({ at: [x, y], role }) => svg("circle", { cx: x, cy: y, r: 3.5, class: `cell-dot role-${role}` }))));
  for (const { quantity, sign, x, y, w, h } of diagram.gates) {
    const { inner, held, says } = gates[quantity] ?? { inner: "", held: false, says: "" };
    root.append(svg("g", { class: `cell-gate role-${quantity}${held ? " is-held" : ""}`, "data-gate": quantity, role: "button", tabindex: -1, "aria-label": says },
      svg("rect", { x, y, width: w, height: h, rx: 8 })));
    root.append(svg("g", { class: `cell-words role-${quantity}`, "aria-hidden": "true" },
      svg("text", { x: x + w / 2, y: y + 22, "text-anchor": "middle", class: "cell-letter" }, quantity),
      svg("text", { x: x + w / 2, y: y + 40, "text-anchor": "middle", class: "cell-inner" }, inner || sign)));
  }
  root.append(svg("g", { class: "cell-ops", "aria-hidden": "true" }, ...diagram.ops.flatMap(({ sign, x, y, r, id }) => {
    const wide = sign.length > 1;
    const half = wide ? Math.max(18, sign.length * 4 + 6) : r;
    return [svg("rect", { x: x - half, y: y - r, width: 2 * half, height: 2 * r, rx: r, class: wide ? "cell-pill" : "cell-op", "data-op": id }), svg("text", { x, y: y + (wide ? 4 : 5), "text-anchor": "middle", class: wide ? "cell-sign" : "cell-symbol" }, sign)];
  })));
  return root;
}

/** @param {import("./layout.js").Wire} wire @param {Fact | undefined} fact @param {string} name */
function wireOf({ id, role, points, arrow }, fact, name) {
  /** @type {{[name: string]: string}} */
  const known = fact ? { "data-value": fact.exact, "aria-label": `${fact.name} = ${fact.exact}` } : { "aria-disabled": "true", "aria-label": name || id };
  const group = svg("g", { class: `cell-wire role-${role}`, "data-wire": id, role: "button", tabindex: -1, ...known });
  const line = pathOf(arrow ? shortened(points) : points);
  group.append(svg("path", { d: line, class: "cell-hit" }), svg("path", { d: line, class: "cell-line" }));
  if (arrow) group.append(svg("path", { d: headOf(points), class: "cell-head" }));
  return group;
}

/** Its words, which the wire's own name says already. @param {import("./layout.js").Wire} wire @param {Fact | undefined} fact @param {string} name */
function labelOf({ id, role, label, name: nameAt }, fact, name) {
  const group = svg("g", { class: `cell-label role-${role}`, "data-of": id, "aria-hidden": "true" });
  if (nameAt && name) group.append(svg("text", { x: nameAt.x, y: nameAt.y, "text-anchor": nameAt.anchor, class: "cell-name-of" }, name));
  if (label && fact?.short) group.append(svg("text", { x: label.x, y: label.y, "text-anchor": label.anchor, class: "cell-value" }, fact.short));
  return group;
}

/** Straight pieces with round corners. @param {Point[]} points */
export function pathOf(points) {
  const parts = [`M${points[0].join(" ")}`];
  for (let k = 1; k < points.length; k++) {
    const [x, y] = points[k];
    const next = points[k + 1];
    if (!next) parts.push(`L${x} ${y}`);
    else {
      const before = towards([x, y], points[k - 1], BEND);
      const after = towards([x, y], next, BEND);
      parts.push(`L${before.join(" ")}Q${x} ${y} ${after.join(" ")}`);
    }
  }
  return parts.join("");
}

/** @param {Point} from @param {Point} to @param {number} by px, at most half the way @returns {Point} */
function towards([x, y], [tx, ty], by) {
  const length = Math.hypot(tx - x, ty - y) || 1;
  const part = Math.min(by, length / 2) / length;
  return [x + (tx - x) * part, y + (ty - y) * part];
}

/** The line ends where its arrow head begins. @param {Point[]} points @returns {Point[]} */
function shortened(points) {
  const last = points.length - 1;
  return [...points.slice(0, last), towards(points[last], points[last - 1], HEAD.length - 1)];
}

/** @param {Point[]} points */
function headOf(points) {
  const [x, y] = points[points.length - 1];
  const [bx, by] = points[points.length - 2];
  const length = Math.hypot(x - bx, y - by) || 1;
  const [dx, dy] = [(x - bx) / length, (y - by) / length];
  const [nx, ny] = [x - dx * HEAD.length, y - dy * HEAD.length];
  return `M${x} ${y}L${nx - dy * HEAD.half} ${ny + dx * HEAD.half}L${nx + dy * HEAD.half} ${ny - dx * HEAD.half}Z`;
}

// What the chosen number is computed from, on the network's picture: outlined strips, and one arrow from each to the number.

import { headPath } from "./arrows.js";
import { node } from "./draw.js";
import { placesOf } from "./places.js";

/** @typedef {import("../core/reads.js").Range} Range */
/** @typedef {import("../core/reads.js").Sources} Sources */
/** @typedef {import("../types").CellAt} CellAt */
/** @typedef {import("./layout.js").Box} Box */
/** @typedef {import("./layout.js").Layout} Layout */
/** @typedef {import("./layout.js").Net} Net */
/** @typedef {import("./places.js").Spot} Spot */
/** @typedef {{key: string, box: Box}} Outline */
/** @typedef {{from: {x: number, y: number}, to: {x: number, y: number}}} Way */

const HEAD = { length: 6, half: 2.8 };
const SHORT = 10; // px

/**
 * Where a range lies on the strips: from the bar of its first number to that of its last.
 * @param {Spot[]} spots
 * @param {Range} range
 * @returns {Box[]}
 */
export function boxesOf(spots, { tensor, spans }) {
  const along = spans.findIndex(([from, to]) => to - from > 1);
  const length = along < 0 ? 1 : spans[along][1] - spans[along][0];
  const at = (/** @type {number} */ k) => ({ tensor, index: spans.map(([from], axis) => (axis === along ? from + k : from)) });
  if (along >= 0 && along < spans.length - 1) return Array.from({ length }, (_, k) => placesOf(spots, at(k))).flat(); // one number a step
  return spots.flatMap((spot) => {
    const [first] = placesOf([spot], at(0));
    const [last] = placesOf([spot], at(length - 1));
    return first && last ? [{ ...first, w: last.x + last.w - first.x }] : [];
  });
}

/**
 * @param {{layout: Layout, net: Net, spots: Spot[]}} picture
 * @param {Sources} sources
 * @returns {{outlines: Outline[], ways: Way[]}}
 */
export function layoutSources({ layout, net, spots }, { to, marked }) {
  const end = targetOf(layout, net, spots, to);
  /** @type {Outline[]} */
  const outlines = [];
  /** @type {Way[]} */
  const ways = [];
  for (const { key, places } of marked) {
    const boxes = places.flatMap((range) => boxesOf(spots, range));
    for (const box of boxes) outlines.push({ key, box });
    if (!end) continue;
    const far = (/** @type {Box} */ box) => distance(middle(box), middle(end));
    const [nearest] = boxes.toSorted((a, b) => far(a) - far(b));
    if (nearest && far(nearest) > SHORT) ways.push({ from: middle(nearest), to: edge(end, middle(nearest)) });
  }
  return { outlines, ways };
}

/**
 * The number's own bar; a gate has none, so the cell it works in.
 * @param {Layout} layout @param {Net} net @param {Spot[]} spots @param {CellAt[]} names @returns {Box | null}
 */
function targetOf(layout, net, spots, names) {
  for (const name of names) {
    const [box] = placesOf(spots, name);
    if (box) return box;
  }
  const [{ tensor, index }] = names;
  const cell = layout.cells.find(({ row, t }) => tensor.startsWith(`${net.rows[row].name}.`) && t === index[1]);
  return cell?.box ?? null;
}

/** @param {Box} box */
const middle = ({ x, y, w, h }) => ({ x: x + w / 2, y: y + h / 2 });

/** @param {{x: number, y: number}} a @param {{x: number, y: number}} b */
const distance = (a, b) => Math.hypot(a.x - b.x, a.y - b.y);

/** Where the line from `from` to the middle of a box meets its outline. @param {Box} box @param {{x: number, y: number}} from */
function edge(box, from) {
  const to = middle(box);
  const [dx, dy] = [from.x - to.x, from.y - to.y];
  const part = Math.min(dx ? (box.w / 2 + 2) / Math.abs(dx) : Infinity, dy ? (box.h / 2 + 2) / Math.abs(dy) : Infinity, 1);
  return { x: to.x + dx * part, y: to.y + dy * part };
}

/**
 * The arrows as one SVG picture over the numbers.
 * @param {Layout} layout
 * @param {Way[]} ways
 */
export function drawWays({ width, height }, ways) {
  const lines = ways.flatMap(({ from, to }) => [
    node("path", { class: "net-way", d: `M${from.x} ${from.y}L${to.x} ${to.y}` }),
    node("circle", { class: "net-wayhead", cx: from.x, cy: from.y, r: 2 }),
    node("path", { class: "net-wayhead", d: headPath([from, to], HEAD.length, HEAD.half) }),
  ]);
  return node("svg", { class: "net-ways", width, height, "aria-hidden": "true" }, ...lines);
}

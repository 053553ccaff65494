// Shapes as text with the axis that does not fit marked: in brackets, underlined, and named for whoever listens.

import { el as make } from "../doors/dom.js";

/** @typedef {import("../types.js").MarkedShape} MarkedShape */

/**
 * One line a shape: whose it is, then its axes.
 * @param {MarkedShape[]} shapes
 * @param {import("../types.js").Say} say
 */
export function markedList(shapes, say) {
  return make("ul", { class: "marked-list" }, ...shapes.map((shape) => line(shape, say)));
}

/**
 * @param {MarkedShape} shape
 * @param {import("../types.js").Say} say
 */
function line({ name, role, argument, axes }, say) {
  const parts = argument
    ? ["=", make("mark", { class: "fault" }, String(axes[0].size ?? axes[0].axis))]
    : [" (", ...axes.flatMap((axis, k) => [k ? ", " : "", axisOf(axis)]), axes.length === 1 ? ",)" : ")"];
  return make("li", { class: "marked", "data-role": role }, make("span", { class: "whose" }, say(`page.diagnose.${role}`)), " ", make("code", {}, name, ...parts));
}

/** @param {import("../types.js").MarkedAxis} axis */
function axisOf({ axis, size, fault }) {
  return make(fault ? "mark" : "span", fault ? { class: "fault" } : {}, make("i", {}, axis), size === null ? "" : `=${size}`);
}

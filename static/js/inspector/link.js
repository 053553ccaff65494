// A number that leads to where it stands: a button the inspector answers to.

import { place } from "../core/format.js";
import { plain } from "../core/encoder.js";
import { inside } from "../core/places.js";
import { el as make } from "../doors/dom.js";

/**
 * @param {import("../types.js").CellAt} cell
 * @param {string} label
 * @param {string} [role]
 */
export function cellLink({ tensor, index }, label, role) {
  return make("button", { type: "button", class: role ? `cell-link role-${role}` : "cell-link", "data-tensor": tensor, "data-index": index.join(), title: place(tensor, index) }, label);
}

const ELSEWHERE = /** @type {{[name: string]: string}} */ ({ h_n: "h", h_0: "h", c_n: "c", c_0: "c", output: "h", input: "x", embedding: "x" });

/** The letter whose colour a tensor's numbers have. @param {string} tensor @returns {string | undefined} */
export function roleIn(tensor) {
  return inside(tensor)?.part ?? (tensor.startsWith("dropped_l") ? "h" : ELSEWHERE[plain(tensor)]);
}

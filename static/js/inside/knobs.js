// A gate's knob and its buttons: drag it, or press 0 or 1, and this unit's gate is held there; press again and it is let go.

import { add, parse, rangeOf, write } from "../core/hands.js";
import { el as make } from "../doors/dom.js";

/** @typedef {import("../hands.types.js").Clamp} Clamp */
/** @typedef {import("../hands.types.js").Intervention} Intervention */
/** @typedef {{row: string, n: number, t: number, u: number}} Where */

/** Is this number held by this change? @param {Intervention} change @param {Where} where @param {string} quantity */
export function holds({ clamp }, { row, n, t, u }, quantity) {
  if (!clamp || clamp.row !== row || clamp.quantity !== quantity) return false;
  const { units, samples, from = 0, to = null } = clamp;
  return (!units || units.includes(u)) && (!samples || samples.includes(n)) && t >= from && (to === null || t < to);
}

/** The last change that holds it. @param {string} interventions @param {Where} where @param {string} quantity @returns {Clamp | null} */
export const heldAt = (interventions, where, quantity) => parse(interventions).findLast((change) => holds(change, where, quantity))?.clamp ?? null;

/**
 * Held at a value from now on. @param {string} interventions @param {Where} where @param {string} quantity @param {number} value @param {string} steps "once", "from" or "always"
 */
export function held(interventions, where, quantity, value, steps) {
  /** @type {Clamp} */
  const clamp = { row: where.row, quantity, value, units: [where.u], samples: [where.n] };
  if (steps !== "always" && where.t > 0) clamp.from = where.t;
  if (steps === "once") clamp.to = where.t + 1;
  return add(released(interventions, where, quantity), { clamp });
}

/** Without every change that holds it. @param {string} interventions @param {Where} where @param {string} quantity */
export const released = (interventions, where, quantity) => write(parse(interventions).filter((change) => !holds(change, where, quantity)));

/**
 * @param {import("./layout.js").Gate} gate
 * @param {{value: number | null, held: Clamp | null, narrow: boolean, say: import("../types.js").Say}} now
 * @param {(value: number | null) => void} hold  null: let go
 * @returns {HTMLElement | null} null for what has no ends to be dragged to
 */
export function knobOf({ quantity, x, y, w, h }, { value, held: clamp, narrow, say }, hold) {
  const { low, high, offered } = rangeOf(quantity);
  if (high > 1) return null;
  const knob = make("input", { type: "range", class: "knob", min: low, max: high, step: 0.01, value: value ?? 0, "data-knob": quantity, "aria-label": say("inside.knob", { name: quantity }), "aria-valuetext": value === null ? null : String(value) });
  knob.addEventListener("change", () => hold(knob.valueAsNumber));
  const ends = narrow ? offered.slice(-2) : offered;
  const buttons = ends.map((end) => {
    const on = clamp?.value === end;
    const button = make("button", { type: "button", class: "knob-end", "data-end": end, "data-knob": quantity, "aria-pressed": String(on), "aria-label": say(on ? "inside.release" : "hold.at.value", { name: quantity, value: end }) }, String(end).replace("-", "−"));
    button.addEventListener("click", () => hold(on ? null : end));
    return button;
  });
  const root = make("div", { class: `knobs role-${quantity}${clamp ? " is-held" : ""}` }, knob, make("div", { class: "knob-ends" }, ...buttons));
  Object.assign(root.style, { left: `${x + 3}px`, top: `${y + h - 62}px`, width: `${w - 6}px` });
  return root;
}

// What the network's lines and colours mean: one entry a quantity, with its line, its name and its scale.

import { stops } from "../core/colour.js";

/** @typedef {import("../core/colour.js").Scale} Scale */
/** @typedef {import("../types").Say} Say */
/** @typedef {import("./layout.js").Net} Net */
/** @typedef {"h" | "c" | "x"} Quantity */

/**
 * @param {Say} say
 * @param {Net} net
 * @param {Record<Quantity, Scale>} scales of single values
 * @param {Record<Quantity, Scale | null>} means scales of averaged strips, where strips are averaged
 * @returns {HTMLElement[]}
 */
export function legendOf(say, net, scales, means) {
  const order = span("net-order", say(net.directions === 2 ? "network.legend.both" : "network.legend.one"));
  const quantities = /** @type {Quantity[]} */ (net.hasC ? ["h", "c", "x"] : ["h", "x"]);
  const keys = quantities.map((quantity) => {
    const key = span(`net-key net-${quantity}`, span("net-keyline"), bold(quantity), say(`network.legend.${quantity}`), ramp(say, quantity, scales[quantity]));
    const mean = means[quantity];
    if (mean) key.append(say("network.legend.mean"), ramp(say, quantity, mean));
    return key;
  });
  return [order, ...keys];
}

/**
 * A scale as a bar between its two ends.
 * @param {Say} say
 * @param {string} quantity
 * @param {Scale} scale
 */
export function ramp(say, quantity, scale) {
  const bar = span("net-rampbar");
  bar.style.background = `linear-gradient(to right, ${stops(scale, 9).join(", ")})`;
  const whole = span("net-scale", minus(scale.low), bar, minus(scale.high));
  whole.setAttribute("role", "img");
  whole.setAttribute("aria-label", say("network.legend.scale", { quantity, low: scale.low, high: scale.high }));
  return whole;
}

/** A number with a true minus sign. @param {number} value */
export const minus = (value) => String(value).replace("-", "−");

/**
 * What one pixel is the mean of: "17 units", "2.4 steps", "2.4 steps × 17 units".
 * @param {Say} say
 * @param {{steps: number, units: number}} average how many values a pixel stands for, each way
 */
export function meanOf(say, { steps, units }) {
  const rounded = { steps: round(steps), units: round(units) };
  return say(steps > 1 && units > 1 ? "network.mean.both" : steps > 1 ? "network.mean.steps" : "network.mean.units", rounded);
}

/** @param {number} value */
const round = (value) => (value < 10 ? Math.round(value * 10) / 10 : Math.round(value));

/** @param {string} name @param {...(Node | string)} children */
function span(name, ...children) {
  const el = document.createElement("span");
  el.className = name;
  el.append(...children);
  return el;
}

/** @param {string} text */
function bold(text) {
  const el = document.createElement("b");
  el.textContent = text;
  return el;
}

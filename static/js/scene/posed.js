// The layout with every cube in its pose: as the state asks, or part of the way there. A pure function of both and a number.

import { ENCODER, plain } from "../core/encoder.js";
import { axisText, shapeText } from "./layout.js";
import { between, poseOf } from "./pose.js";
import { isTurned, turning } from "./turning.js";

/** @typedef {import("./layout.js").Layout} Layout */
/** @typedef {import("./layout.js").Placed} Placed */
/** @typedef {import("./pose.js").Asked} Asked */
/** @typedef {{from: Asked | null, turned: boolean, p: number}} Way  `from` another pose, or `turned` by batch_first; p 0 … 1 of the way */

/** Nothing is on its way. @type {Way} */
export const STILL = { from: null, turned: false, p: 1 };

/** @param {Pick<import("../types.js").AppState, "pose" | "cut" | "t" | "n" | "unit">} state @returns {Asked} */
export const askedOf = ({ pose, cut, t, n, unit }) => ({ form: pose, along: cut, t, n, unit });

/**
 * @param {Layout} layout @param {Asked} asked @param {Way} way
 * @param {{say: import("../types.js").Say, ended: (name: string) => import("./padding.js").Ended | null}} how
 * @returns {Layout}
 */
export function posed(layout, asked, way, { say, ended }) {
  return { ...layout, placed: layout.placed.map(inPose) };

  /** @param {Placed} placed @returns {Placed} */
  function inPose(placed) {
    const { block } = placed;
    const moves = way.p < 1;
    if (moves && way.turned && isTurned(block) && !block.name.startsWith(ENCODER)) return { ...placed, pose: turning(placed, asked, way.p, lengthsOf(placed)) };
    if (block.kind !== "cube") return placed;
    const lengths = lengthsOf(placed);
    const there = poseOf(placed, asked, lengths);
    const labels = there.turn === 0 ? flatLabels(placed, say) : placed.labels;
    if (!moves || !way.from) return { ...placed, pose: there, labels };
    const whole = poseOf(placed, { ...asked, form: "whole" }, lengths);
    return { ...placed, labels, pose: between(block, poseOf(placed, way.from, lengths), there, way.p, whole, lengths) };
  }

  /** Packed, what the module makes ends where each sample ends. @param {Placed} placed */
  function lengthsOf({ block }) {
    const end = plain(block.name) === "output" ? ended(block.name) : null;
    return end?.cut ? end.lengths : null;
  }
}

/** "N·T", "T·N": the first two axes run together. @param {{axes: string[]}} block */
export const mergedAxis = ({ axes }) => `${axes[0]}·${axes[1]}`;

/** (N, T, H) lies there as (N·T, H). @param {Placed} placed @param {import("../types.js").Say} say @returns {Placed["labels"]} */
function flatLabels({ block, labels }, say) {
  const [first, second, ...rest] = block.shape;
  const merged = mergedAxis(block);
  const text = axisText(merged, first * second, say);
  const [short, words] = [`${merged} = ${first * second}`, text.slice(merged.length, text.lastIndexOf("=")).trim()];
  let axis = 0;
  let kept = false;
  return labels.map((label) => {
    if (label.role === "shape") return { ...label, text: shapeText([first * second, ...rest]) };
    if (label.role !== "axis") return label;
    kept ||= label.text.startsWith("→"); // the last axis stays what it is
    return kept ? label : { ...label, text: [`↓ ${short}`, words][axis++] ?? "" };
  });
}

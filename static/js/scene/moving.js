// From one pose to the next: when a motion began, where it came from, and how far it is at a given instant.

import { askedOf } from "./posed.js";
import { isTurned } from "./turning.js";
import { blocksOf } from "./blocks.js";

/** @typedef {import("../types.js").AppState} AppState */
/** @typedef {import("./posed.js").Way} Way */

const OPENS = 520; // ms
const TURNS = 1300; // ms: two axes change places, which the eye must follow

/** Slow at both ends. @param {number} p */
const eased = (p) => p * p * (3 - 2 * p);

/** @param {() => boolean} reducedMotion then nothing moves, it stands where it goes */
export function createMoving(reducedMotion) {
  /** @type {{from: Way["from"], turned: boolean, began: number | null} | null} */
  let motion = null;
  return {
    /** What a change of the state sets going. @param {AppState} state @param {AppState} previous */
    notice(state, previous) {
      if (reducedMotion() || !state.trace || !previous.trace) return;
      const other = state.pose !== previous.pose || state.cut !== previous.cut;
      if (other) motion = { from: { ...askedOf(state), form: previous.pose, along: previous.cut }, turned: false, began: null };
      if (state.trace !== previous.trace) motion = turnedOver(state.trace, previous.trace) ? { from: null, turned: true, began: null } : null;
    },
    /** @param {number} now ms, of any clock that runs evenly @returns {Way} */
    at(now) {
      if (!motion) return { from: null, turned: false, p: 1 };
      motion.began ??= now;
      const p = Math.min(1, (now - motion.began) / (motion.turned ? TURNS : OPENS));
      const { from, turned } = motion;
      if (p >= 1) motion = null;
      return { from, turned, p: eased(p) };
    },
    get moves() {
      return motion !== null;
    },
  };
}

/** Is the one run the other with its two axes in each other's place. @param {import("../types.js").Trace} now @param {import("../types.js").Trace} before */
export function turnedOver(now, before) {
  if (now.request.model.batch_first === before.request.model.batch_first) return false;
  const sized = (/** @type {import("../types.js").Trace} */ trace) => blocksOf(trace).filter(isTurned).map(({ name, axes, shape }) => `${name} ${axes.map((axis, k) => `${axis}${shape[k]}`).sort().join()}`).join("; ");
  return sized(now) === sized(before);
}

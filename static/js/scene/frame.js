// One frame of the scene: what drawScene needs to know of the state, and nothing that was kept from the last frame.

import { ENCODER } from "../core/encoder.js";
import { trueLengths } from "../core/places.js";
import { sourcesOf } from "../core/reads.js";
import { isDone, motionOf } from "../play/motion.js";
import { handsOf } from "./hands.js";
import { linksOf, marksOf } from "./ends.js";
import { axisAlong, indexAlong } from "./pose.js";
import { askedOf } from "./posed.js";
import { viewOf } from "./projection.js";

/** @typedef {import("../types.js").AppState} AppState */
/** @typedef {import("./draw.js").Scene} Scene */

/**
 * @param {AppState} state
 * @param {import("./types.js").Camera} camera
 * @param {import("../types.js").Context} context
 * @param {Pick<Scene, "layout" | "scales" | "palette" | "ratio" | "bitmaps">} drawn
 * @returns {Scene}
 */
export function frameOf(state, camera, context, drawn) {
  const { trace, p, t, n, cursor, pinned, pins } = state;
  const film = motionOf(trace, p);
  const done = (/** @type {import("../types.js").CellAt | null} */ cell) => !film || !cell || isDone(film.undone(cell.tensor), cell.index);
  return {
    ...drawn,
    view: viewOf(camera.turn),
    t,
    n,
    film,
    marked: marksOf(trace, cursor, pinned, pins).filter(done),
    sources: done(cursor ?? pinned) ? sourcesOf(state) : null,
    hands: handsOf(state),
    asked: askedOf(state),
    nowText: (block) => nowText(block, askedOf(state), context.say),
    word: trace.text?.tokens[n]?.[t] ?? "",
    links: linksOf(trace, n).filter(({ row }) => !film || isDone(film.undone("h_n"), [row])),
    ended: endedIn(trace),
    value: (tensor, index) => context.tensors.value(tensor, index),
    modules: { rnn: trace.difference ? { ...moduleOf(trace.request), cell: "A − B", sizes: "" } : moduleOf(trace.request), ...(trace.encoder ? { [`${ENCODER}rnn`]: moduleOf(trace.encoder.request) } : {}) },
  };
}

/** @param {AppState} state @param {AppState} previous @returns {boolean} does it look different */
export function looksDifferent(state, previous) {
  const watched = /** @type {const} */ (["trace", "p", "t", "n", "cursor", "pinned", "pins", "zoom", "changed", "lang", "cut", "pose", "unit", "present"]);
  return watched.some((key) => state[key] !== previous[key]) || sourcesOf(state) !== sourcesOf(previous);
}

/** @param {import("../types.js").TraceRequest} request */
const moduleOf = ({ model }) => ({
  layers: model.num_layers,
  both: model.bidirectional,
  cell: `nn.${model.cell.toUpperCase()}`,
  sizes: [model.input_size, model.hidden_size, ...(model.proj_size ? [model.proj_size] : [])].join(" → "),
});

/** The tag beside the slice that is cut out. @param {import("./blocks.js").SceneBlock} block @param {import("./pose.js").Asked} asked @param {import("../types.js").Say} say */
export function nowText(block, asked, say) {
  const at = indexAlong(block, axisAlong(block, asked.along), asked);
  if (asked.along === "T") return say("scene.now", { t: asked.t });
  if (asked.along === "N") return say("scene.now_sample", { n: at });
  return say(block.axes.at(-1) === "F" ? "scene.now_feature" : "scene.now_unit", { unit: at });
}

/** @param {import("../types.js").Trace} trace @returns {Scene["ended"]} */
export const endedIn = (trace) => (name) => endedOf(trace.encoder && name.startsWith(ENCODER) ? trace.encoder : trace);

/** Where the samples end that a block shows. @param {import("../types.js").Trace} trace @returns {import("./padding.js").Ended | null} */
function endedOf(trace) {
  const lengths = trueLengths(trace);
  return lengths && { lengths, cut: trace.request.packed === true };
}

// The loss on the page: what choosing one asks for, and which tensor it judges.

/** @typedef {import("../types.js").FlatState} FlatState */

/** What each loss wants from the head; mse takes any number. @type {{[kind: string]: FlatState["activation"]}} */
const WANTS = { cross_entropy: "none", nll: "log_softmax", bce: "sigmoid" };

/**
 * The change that choosing a loss makes: the activation it is meant for comes along, and may be changed again.
 * @param {string} kind
 * @returns {Partial<FlatState>}
 */
export function withLoss(kind) {
  const loss = /** @type {FlatState["loss"]} */ (kind);
  return Object.hasOwn(WANTS, kind) ? { loss, activation: WANTS[kind] } : { loss };
}

/**
 * The tensor that the loss judges; "" without a loss.
 * @param {import("../types.js").Trace} trace
 */
export function judgedOf({ stages }) {
  const first = stages.find(({ name }) => name === "log_probs" || name === "losses");
  return first?.inputs[0] ?? "";
}

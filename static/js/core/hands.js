// What is done by hand to a run: read from the address and written to it, said in a sentence, and which numbers it holds.

import { inside } from "./places.js";

/** @typedef {import("../hands.types.js").Clamp} Clamp */
/** @typedef {import("../hands.types.js").Intervention} Intervention */
/** @typedef {import("../types.js").Say} Say */
/** @typedef {import("../types.js").Trace} Trace */
/** @typedef {{tensor: string, spans: [number, number][]}} Held  spans [from, to) over N, T, units */

const MOST_HELD = 400; // rectangles that are outlined

/** @param {string} text @returns {Intervention[]} */
export const parse = (text) => (text ? JSON.parse(text) : []);

/** @param {Intervention[]} changes */
export const write = (changes) => (changes.length ? JSON.stringify(changes) : "");

/**
 * One more change; one that says the same of the same place gives way.
 * @param {string} text
 * @param {Intervention} change
 */
export const add = (text, change) => write([...parse(text).filter((one) => scope(one) !== scope(change)), change]);

/** @param {string} text @param {number} place */
export const without = (text, place) => write(parse(text).filter((_, k) => k !== place));

/** What a change is about, whatever it says of it. @param {Intervention} change */
function scope({ clamp, token, input, state }) {
  if (clamp) return JSON.stringify(["clamp", clamp.row, clamp.quantity, clamp.units ?? null, clamp.samples ?? null, clamp.from ?? 0, clamp.to ?? null]);
  const place = token ?? input;
  return place ? JSON.stringify([token ? "token" : "input", place.sample ?? 0, place.step]) : JSON.stringify(["state", ...Object.keys(state ?? {})]);
}

/**
 * @param {Say} say
 * @param {Intervention} change
 * @param {string[]} vocabulary of the text; ids of its words are told by the word
 */
export function sentence(say, { clamp, token, input, state }, vocabulary) {
  if (clamp) return heldText(say, clamp);
  if (token) {
    const word = typeof token.token === "number" ? (vocabulary[token.token] ?? String(token.token)) : token.token;
    return say("hands.token", { sample: token.sample ?? 0, step: token.step, word });
  }
  if (input) return say("hands.input", { sample: input.sample ?? 0, step: input.step });
  return say("hands.state", { names: (/** @type {const} */ (["h_0", "c_0"])).filter((name) => state?.[name]).join(", ") });
}

/** @param {Say} say @param {Clamp} clamp */
function heldText(say, { row, quantity, value, units, samples, from = 0, to = null }) {
  const layer = row.replace(/^l|_reverse$/g, "");
  const what = { quantity, row: say(row.endsWith("_reverse") ? "hands.backward" : "hands.row", { layer }), value: Number(value.toPrecision(6)) + 0, first: from, last: (to ?? 0) - 1 };
  const parts = [say(to === null ? (from ? "hands.hold.from" : "hands.hold") : to === from + 1 ? "hands.hold.once" : "hands.hold.span", what)];
  if (units) parts.push(say(units.length === 1 ? "hands.unit" : "hands.units", { units: units.join(", ") }));
  if (samples) parts.push(say(samples.length === 1 ? "hands.sample" : "hands.samples", { samples: samples.join(", ") }));
  return parts.join(" · ");
}

/** The values that a quantity may be held at: what its function can give. @param {string} quantity */
export function rangeOf(quantity) {
  if ("ifor".includes(quantity) || quantity === "z") return { low: 0, high: 1, offered: [0, 1] };
  if ("gn".includes(quantity)) return { low: -1, high: 1, offered: [-1, 0, 1] };
  return { low: -1e6, high: 1e6, offered: [0] };
}

/**
 * The numbers inside the module that are held, as rectangles.
 * @param {Trace} trace
 * @returns {Held[]}
 */
export function heldIn(trace) {
  const found = (trace.request.interventions ?? []).flatMap(({ clamp }) => (clamp ? rectangles(trace, clamp) : []));
  return found.slice(0, MOST_HELD);
}

/** @param {Trace} trace @param {Clamp} clamp @returns {Held[]} */
function rectangles(trace, { row, quantity, units, samples, from = 0, to }) {
  const tensor = `${row}.${quantity}`;
  if (!inside(tensor) || !Object.hasOwn(trace.tensors, tensor)) return [];
  const [N, T, H] = trace.tensors[tensor].shape;
  /** @type {(places: number[] | null | undefined, size: number) => [number, number][]} */
  const runs = (places, size) => (places ? places.map((k) => [k, k + 1]) : [[0, size]]);
  /** @type {[number, number]} */
  const steps = [from, to ?? T];
  return (samples ?? Array.from({ length: N }, (_, n) => n)).flatMap((n) => runs(units, H).map((span) => ({ tensor, spans: [[n, n + 1], steps, span] })));
}

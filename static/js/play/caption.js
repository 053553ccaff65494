// One sentence that says what is shown right now; its numbers come out of the trace, or are left out until they are here.

import { ENCODER, plain } from "../core/encoder.js";
import { place } from "../core/format.js";
import { indexOf, trueLengths } from "../core/places.js";
import { readsAt } from "../core/task.js";
import { batchSizes } from "./pieces.js";
import { rowsOf, scheduleOf, stepsOf, whereIs } from "./schedule.js";

/** @typedef {import("../types.js").Trace} Trace */
/** @typedef {import("../types.js").Say} Say */
/** @typedef {import("./schedule.js").Where} Where */
/** @typedef {import("./schedule.js").Row} Row */
/** @typedef {(tensor: string, index: number[]) => number | null} Value  null: not here yet */
/** @typedef {{trace: Trace, p: number, t: number, n: number}} Shown */

/** @param {Shown} shown @param {Value} value @param {Say} say @returns {string} */
export function captionOf(shown, value, say) {
  const { trace, p, t, n } = shown;
  if (p < 0) return everything(trace, t, n, say);
  const where = whereIs(scheduleOf(trace), p);
  if (!where) return say("caption.start");
  const { segment, step, row, part } = where;
  if (row && step !== null) return rowSentence(shown, where, row, step, value, say);
  if (segment.kind === "ends") return endsSentence(trace, segment.of, say);
  if (step !== null && part) return loopSentence(trace, n, step, part, value, say);
  const { says, outputs } = segment.stage;
  const written = outputs[0] && numberOf(trace, outputs[0], t, n, value);
  return written ? `${says} ${written}` : says;
}

/** @param {Trace} trace @param {number} t @param {number} n @param {Say} say */
function everything(trace, t, n, say) {
  const [first, last] = [trace.stages[0], trace.stages[trace.stages.length - 1]];
  const named = (/** @type {string | undefined} */ name) => (name && trace.tensors[name] ? `${name} ${shape(trace, name)}` : "");
  return say("caption.all", { first: named(first?.inputs[0] ?? first?.outputs[0]), last: named(last?.outputs[0]), step: stepName(trace, "", t, n, say) });
}

/** @param {Trace} trace @param {string} name */
function shape(trace, name) {
  const { shape: sizes } = trace.tensors[name];
  return `(${sizes.join(", ")}${sizes.length === 1 ? "," : ""})`;
}

/** "step 3, “not”" @param {Trace} trace @param {string} of @param {number} t @param {number} n @param {Say} say */
function stepName(trace, of, t, n, say) {
  const { text } = (of && trace.encoder) || trace;
  if (!text) return say("caption.step", { t });
  return say("caption.step.word", { t, word: text.tokens[n]?.[t] ?? text.vocabulary[0] ?? "<pad>" });
}

/** @param {Shown} shown @param {Where} where @param {Row} row @param {number} step @param {Value} value @param {Say} say */
function rowSentence({ trace, n }, { segment }, row, step, value, say) {
  const { of } = segment;
  const own = (of && trace.encoder) || trace;
  const { cell, bidirectional } = own.request.model;
  const who = say(`caption.who${of ? ".encoder" : ""}${row.backward ? ".backward" : ""}`, { layer: row.layer });
  const what = stepName(trace, of, step, n, say);
  const steps = stepsOf(trace, of);
  const length = trueLengths(own)?.[n] ?? steps;
  if (own.request.packed && step >= length) return say("caption.row.ended", { who, what: say("caption.step", { t: step }), live: batchSizes(trace, of, steps)[step], n, length });
  const before = row.backward ? step + 1 : step - 1;
  const none = row.backward ? before >= (own.request.packed ? length : steps) : before < 0;
  const [h, c] = none ? ["h_0", "c_0"] : [`h[${before}]`, `c[${before}]`];
  const x = row.layer === 0 ? `x[${step}]` : say(bidirectional ? "caption.below.both" : "caption.below", { t: step, layer: row.layer - 1 });
  const at = (/** @type {string} */ part) => (of ? null : insideValue(trace, `${row.name}.${part}`, n, step, value));
  const words = { who, what, x, h, c, t: step };
  /** @type {Record<string, string[]>} */
  const parts = { lstm: ["f", "i", "g", "c", "h"], gru: ["z", "n", "h"], rnn: ["h"] };
  const read = parts[cell].map((part) => [part, at(part)]);
  if (read.some(([, number]) => number === null)) return say(`caption.row.bare.${cell}`, words);
  const numbers = Object.fromEntries(read.map(([part, number]) => [`v${part}`, short(Number(number))]));
  return say(`caption.row.${cell}`, { ...words, ...numbers });
}

/** Unit 0 of a quantity inside the module. @param {Trace} trace @param {string} name @param {number} n @param {number} t @param {Value} value */
const insideValue = (trace, name, n, t, value) => (Object.hasOwn(trace.tensors, name) ? value(name, indexOf(trace, name, { n, t, u: 0 })) : null);

/** @param {Trace} trace @param {string} of @param {Say} say */
function endsSentence(trace, of, say) {
  const names = ["h_n", "c_n"].map((name) => of + name).filter((name) => Object.hasOwn(trace.tensors, name));
  const own = (of && trace.encoder) || trace;
  return say(rowsOf(own).length === 1 ? "caption.ends.one" : "caption.ends", { names: names.map((name) => `${name} ${shape(trace, name)}`).join(", "), rows: rowsOf(own).length });
}

/** @param {Trace} trace @param {number} n @param {number} t @param {string} part @param {Value} value @param {Say} say */
function loopSentence(trace, n, t, part, value, say) {
  const wordAt = (/** @type {number} */ at) => (at < 0 ? null : value("decoded", indexOf(trace, "decoded", { n, t: at, u: trace.tensors.decoded.axes.at(-1) === "T" ? at : n })));
  if (part === "reads") return say("caption.loop.reads", { t, read: say(`page.time.reads.${readsAt(trace, t)}`, { word: wordAt(t - 1) ?? "…" }) });
  const words = trace.tensors.logits.shape.at(-1) ?? 0;
  if (part === "scores") return say("caption.loop.scores", { t, words });
  const word = wordAt(t);
  const steps = stepsOf(trace, "");
  const flat = trace.tensors.logits.axes[0] === "T·N" ? t * (trace.tensors.logits.shape[0] / steps) + n : n * steps + t;
  const score = word === null ? null : value("logits", [flat, word]);
  return say(t === steps - 1 ? "caption.loop.last" : "caption.loop.chooses", { word: word ?? "…", score: score === null ? "…" : short(score), next: t + 1 });
}

/** "logits[0, 0] = −0.18": one number of what was made, of the chosen sample and step. @param {Trace} trace @param {string} name @param {number} t @param {number} n @param {Value} value */
function numberOf(trace, name, t, n, value) {
  const info = trace.tensors[name];
  if (!info || plain(name) === "packed") return "";
  const own = name.startsWith(ENCODER);
  const steps = stepsOf(trace, own ? ENCODER : "");
  const index = info.axes.map((axis, k) => {
    const at = axis === "N" ? n : axis === "T" ? (own ? 0 : t) : axis === "N·T" ? n * steps + t : axis === "T·N" ? t * (info.shape[k] / steps) + n : 0;
    return Math.min(info.shape[k] - 1, at);
  });
  const number = value(name, index);
  if (number === null || Number.isNaN(number)) return "";
  return `${place(name, index)} = ${info.dtype.startsWith("int") ? number : short(number)}`;
}

/** Two decimals with a true minus sign; more of a small number. @param {number} x */
export function short(x) {
  const text = x !== 0 && Math.abs(x) < 0.1 ? (Math.abs(x) < 0.00095 ? x.toExponential(0).replace("e+", "e") : x.toFixed(3)) : x.toFixed(2);
  return text.replaceAll("-", "−");
}

/**
 * What has to be read for the sentence to have its numbers: whole sequences of the chosen sample, where they are not too long.
 * @param {Shown} shown @returns {{tensor: string, index: import("../types.js").IndexPart[]}[]}
 */
export function wantedBy({ trace, p, n }) {
  const where = whereIs(scheduleOf(trace), p);
  if (!where || where.segment.of) return [];
  const { row, step } = where;
  if (!row || step === null) return [];
  return ["f", "i", "g", "c", "z", "n", "h"].flatMap((part) => {
    const name = `${row.name}.${part}`;
    const info = trace.tensors[name];
    if (!info) return [];
    const large = info.shape[1] * info.shape[2] > MOST;
    return [{ tensor: name, index: [n, large ? [step, step + 1] : null, null] }];
  });
}

const MOST = 2 ** 18; // numbers: one megabyte

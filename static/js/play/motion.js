// What a position shows: what is computed by then, what is being computed, and which numbers are on their way.

import { ENCODER, plain } from "../core/encoder.js";
import { inside } from "../core/places.js";
import { batchSizes, piecesOf } from "./pieces.js";
import { loopDone, rowsOf, scheduleOf, stepsDone, stepsOf, whereIs } from "./schedule.js";

/** @typedef {import("../types.js").Trace} Trace */
/** @typedef {import("./pieces.js").Part} Part */
/** @typedef {import("./pieces.js").Ranges} Ranges */
/** @typedef {import("./schedule.js").Where} Where */
/** @typedef {import("./schedule.js").Row} Row */
/** @typedef {import("./schedule.js").Schedule} Schedule */
/** @typedef {Part | {module: string, row: Row}} Stop  a stretch of a tensor, or a row of the recurrent module */
/** @typedef {{from: Stop, to: Stop, g: number, same: boolean}} Flight  g: how much of its way lies behind it; not `same`: a new number comes out half-way */
/**
 * @typedef {object} Motion
 * @property {number} p
 * @property {Where | null} where  null at the very beginning
 * @property {string[]} lit  the tensors that are being made, or the name of the module
 * @property {{module: string, row: Row, step: number, steps: number, g: number} | null} computing  the row at work
 * @property {(tensor: string) => Ranges[]} undone  what of a tensor is not computed yet
 * @property {Flight[]} flights
 */

export const READ = 0.4; // of a step: x_t on its way into its column
export const WRITE = 0.66; // from here on h_t leaves it

/**
 * @param {Trace} trace @param {number} p
 * @returns {Motion | null} null where everything is shown
 */
export function motionOf(trace, p) {
  if (!(p >= 0)) return null;
  const schedule = scheduleOf(trace);
  const where = whereIs(schedule, p);
  /** @type {Map<string, Ranges[]>} */
  const known = new Map();
  const undone = (/** @type {string} */ tensor) => {
    const have = known.get(tensor);
    if (have) return have;
    const found = undoneOf(trace, schedule, p, where, tensor);
    known.set(tensor, found);
    return found;
  };
  return { p, where, undone, ...moving(trace, where) };
}

/** @param {Trace} trace @param {Where | null} where @returns {Pick<Motion, "lit" | "computing" | "flights">} */
function moving(trace, where) {
  if (!where) return { lit: [], computing: null, flights: [] };
  const { segment, f, step, row } = where;
  const { stage, of } = segment;
  if (row && step !== null) {
    const computing = { module: stage.name, row, step, steps: segment.steps, g: f };
    return { lit: [stage.name], computing, flights: flightsOfRow(trace, where, row, step) };
  }
  if (segment.kind === "ends") return { lit: stage.outputs.filter((name) => plain(name) !== "output"), computing: null, flights: flightsOfEnds(trace, of, f) };
  if (segment.kind === "loop" && step !== null) return { computing: null, ...partOfLoop(trace, where, step) };
  if (stage.op === "Dropout") return { lit: [`${of}rnn`], computing: null, flights: [] };
  if (stage.name === "encoder") return { lit: stage.inputs, computing: null, flights: handedOver(trace, stage.inputs, f) };
  const pieces = piecesOf(trace, stage);
  if (!pieces || f >= 1) return { lit: stage.outputs, computing: null, flights: [] };
  const k = Math.floor(f * pieces.count);
  const g = f * pieces.count - k;
  return { lit: stage.outputs, computing: null, flights: pieces.from(k).map((from) => ({ from, to: pieces.to(k), g, same: pieces.same })) };
}

/** x_t into its row; h_t out of it, where the row is the top one. @param {Trace} trace @param {Where} where @param {Row} row @param {number} step @returns {Flight[]} */
function flightsOfRow(trace, { segment, f }, row, step) {
  const { stage, of } = segment;
  const here = { module: stage.name, row };
  if (f < READ && row.layer === 0) return [{ from: inputAt(trace, stage.inputs[0], of, step), to: here, g: f / READ, same: true }];
  if (f < READ) {
    const below = rowsOf((of && trace.encoder) || trace).filter(({ layer }) => layer === row.layer - 1);
    return below.map((other) => ({ from: { module: stage.name, row: other }, to: here, g: f / READ, same: true }));
  }
  if (f < WRITE || f >= 1 || !row.top) return [];
  return [{ from: here, to: outputAt(trace, of, row, step), g: (f - WRITE) / (1 - WRITE), same: true }];
}

/** What step t reads: a slice of the cube, or of a packed batch the rows of the samples that are still there. @param {Trace} trace @param {string} name @param {string} of @param {number} step @returns {Part} */
function inputAt(trace, name, of, step) {
  const { axes, shape } = trace.tensors[name];
  const time = axes.indexOf("T");
  const ranges = /** @type {Ranges} */ (shape.map(() => null));
  if (time >= 0) return { tensor: name, ranges: ranges.with(time, [step, step + 1]) };
  const sizes = batchSizes(trace, of, stepsOf(trace, of));
  const from = sizes.slice(0, step).reduce((sum, size) => sum + size, 0);
  return { tensor: name, ranges: ranges.with(0, [from, from + sizes[step]]) };
}

/** The part of output that a row of the top layer fills at a step. @param {Trace} trace @param {string} of @param {Row} row @param {number} step @returns {Part} */
function outputAt(trace, of, row, step) {
  const tensor = `${of}output`;
  const { axes, shape } = trace.tensors[tensor];
  const own = (of && trace.encoder) || trace;
  const strand = own.positions.output.find(({ layer, direction }) => layer === row.layer && (direction === "backward") === row.backward);
  const ranges = /** @type {Ranges} */ (shape.map(() => null)).with(axes.indexOf("T"), [step, step + 1]);
  return { tensor, ranges: ranges.with(shape.length - 1, strand?.features ?? null) };
}

/** Each row's last h out of the top layer's output, or out of the module; its c out of the module. @param {Trace} trace @param {string} of @param {number} f @returns {Flight[]} */
function flightsOfEnds(trace, of, f) {
  if (f >= 1) return [];
  const own = (of && trace.encoder) || trace;
  const rows = rowsOf(own);
  const k = Math.floor(f * rows.length);
  const row = rows[k];
  const end = own.positions.h_n.find(({ index }) => index === row.index);
  const g = f * rows.length - k;
  const one = end && end.step.every((step) => step === end.step[0]);
  return ["h_n", "c_n"].flatMap((name) => {
    const tensor = `${of}${name}`;
    const info = trace.tensors[tensor];
    if (!info) return [];
    const to = { tensor, ranges: /** @type {Ranges} */ (info.shape.map(() => null)).with(0, [row.index, row.index + 1]) };
    const from = name === "h_n" && row.top && one ? outputAt(trace, of, row, end.step[0]) : { module: `${of}rnn`, row };
    return [{ from, to, g, same: true }];
  });
}

/** The encoder's last states enter the decoder. @param {Trace} trace @param {string[]} names @param {number} f @returns {Flight[]} */
function handedOver(trace, names, f) {
  const [row] = rowsOf(trace);
  if (f >= 1) return [];
  return names.filter((name) => trace.tensors[name]).map((name) => ({ from: { tensor: name, ranges: trace.tensors[name].shape.map(() => null) }, to: { module: "rnn", row }, g: f, same: true }));
}

/** @param {Trace} trace @param {Where} where @param {number} step @returns {{lit: string[], flights: Flight[]}} */
function partOfLoop(trace, { part, f }, step) {
  /** @param {string} tensor @param {number} t @returns {Part[]} */
  const at = (tensor, t) => (trace.tensors[tensor] ? stepRanges(trace, tensor, t).map((ranges) => ({ tensor, ranges })) : []);
  /** @param {Part[]} from @param {Part[]} to @returns {Flight[]} */
  const between = (from, to) => (f < 1 ? to.map((one, k) => ({ from: from[k] ?? from[0], to: one, g: f, same: false })).filter((flight) => flight.from) : []);
  if (part === "reads") {
    const first = trace.tensors.first ? [{ tensor: "first", ranges: trace.tensors.first.shape.map(() => null) }] : [];
    return { lit: ["input"], flights: between(step > 0 ? at("decoded", step - 1) : first, at("input", step)) };
  }
  if (part === "scores") return { lit: ["flattened", "logits"], flights: between(at("output", step), at("logits", step)) };
  return { lit: ["decoded"], flights: between(at("logits", step), at("decoded", step)) };
}

/** Where one step stands in a tensor: a slice along T, or a row of each sample where the two axes are one. @param {Trace} trace @param {string} tensor @param {number} t @returns {Ranges[]} */
function stepRanges(trace, tensor, t) {
  const { axes, shape } = trace.tensors[tensor];
  const whole = /** @type {Ranges} */ (shape.map(() => null));
  const time = axes.indexOf("T");
  if (time >= 0) return [whole.with(time, [t, t + 1])];
  const steps = stepsOf(trace, "");
  const samples = shape[0] / steps;
  if (axes[0] === "T·N") return [whole.with(0, [t * samples, (t + 1) * samples])];
  return Array.from({ length: Math.min(samples, 100) }, (_, n) => whole.with(0, [n * steps + t, n * steps + t + 1]));
}

// ---- what is not computed yet ----

/** @param {Trace} trace @param {Schedule} schedule @param {number} p @param {Where | null} where @param {string} tensor @returns {Ranges[]} */
function undoneOf(trace, schedule, p, where, tensor) {
  const of = tensor.startsWith(ENCODER) ? ENCODER : "";
  const row = inside(plain(tensor));
  const own = (of && trace.encoder) || trace;
  if (row) {
    const one = rowsOf(own).find(({ layer, backward }) => layer === row.layer && backward === row.backward);
    return one ? unsteps([null, null, null], 1, stepsOf(trace, of), stepsDone(schedule, p, of, one), one.backward) : [];
  }
  const info = trace.tensors[tensor];
  if (!info) return [];
  const whole = /** @type {Ranges} */ (info.shape.map(() => null));
  if (plain(tensor) === "output") {
    const time = info.axes.indexOf("T");
    return rowsOf(own).filter(({ top }) => top).flatMap((one) => {
      const { ranges } = outputAt(trace, of, one, 0);
      return unsteps(ranges, time, stepsOf(trace, of), stepsDone(schedule, p, of, one), one.backward);
    });
  }
  const loop = of ? undefined : schedule.segments.find(({ kind }) => kind === "loop");
  const within = loop && { input: 1, flattened: loop.rows.length + 2, logits: loop.rows.length + 2, decoded: loop.rows.length + 3 }[tensor];
  if (loop && within) return restOfLoop(trace, tensor, loopDone(loop, Math.floor(p) - loop.from, within), loop.steps);
  const at = schedule.segments.findIndex(({ kind, stage }) => stage.outputs.includes(tensor) && (kind === "ends" || kind === "stage"));
  if (at < 0 || (where && where.at > at)) return [];
  if (!where || where.at < at) return [whole];
  if (where.f >= 1) return [];
  if (where.segment.kind === "ends") {
    const count = rowsOf(own).length;
    return [whole.with(0, [Math.floor(where.f * count), count])];
  }
  const pieces = piecesOf(trace, where.segment.stage);
  if (!pieces || where.segment.stage.op === "Dropout") return [whole];
  const rest = pieces.rest(Math.floor(where.f * pieces.count));
  return rest.map(({ ranges }) => (ranges.length === whole.length && tensor === rest[0].tensor ? ranges : sameShape(trace, rest[0].tensor, tensor) ? ranges : whole));
}

/** Two outputs of one stage fill alike where they have the same shape. @param {Trace} trace @param {string} a @param {string} b */
const sameShape = (trace, a, b) => trace.tensors[a]?.shape.join() === trace.tensors[b]?.shape.join();

/** The steps a row has not come to. @param {Ranges} ranges @param {number} time @param {number} steps @param {number} done @param {boolean} backward @returns {Ranges[]} */
function unsteps(ranges, time, steps, done, backward) {
  if (done >= steps) return [];
  return [ranges.with(time, backward ? [0, steps - done] : [done, steps])];
}

/** @param {Trace} trace @param {string} tensor @param {number} done @param {number} steps @returns {Ranges[]} */
function restOfLoop(trace, tensor, done, steps) {
  if (done >= steps) return [];
  const { axes, shape } = trace.tensors[tensor];
  const whole = /** @type {Ranges} */ (shape.map(() => null));
  const time = axes.indexOf("T");
  if (time >= 0) return [whole.with(time, [done, steps])];
  const samples = shape[0] / steps;
  if (axes[0] === "T·N") return [whole.with(0, [done * samples, steps * samples])];
  return Array.from({ length: samples }, (_, n) => whole.with(0, [n * steps + done, (n + 1) * steps]));
}

/** Is this number computed? @param {Ranges[]} undone @param {(number | null | [number, number])[]} index */
export function isDone(undone, index) {
  return !undone.some((ranges) => ranges.every((range, axis) => {
    const at = index[axis];
    return !range || typeof at !== "number" || (at >= range[0] && at < range[1]);
  }));
}

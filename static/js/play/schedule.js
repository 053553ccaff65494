// The forward pass in the order torch computes it: a list of stretches, each of so many beats; one position along it.

import { ENCODER, plain } from "../core/encoder.js";

/** @typedef {import("../types.js").Trace} Trace */
/** @typedef {import("../types.js").Stage} Stage */
/** @typedef {{name: string, index: number, layer: number, backward: boolean, top: boolean}} Row  one layer in one direction; its place in h_n */
/**
 * A stretch of the schedule. A row has a beat a step, a loop `inner` beats a step; everything else is one beat.
 * @typedef {object} Segment
 * @property {"stage" | "row" | "ends" | "loop"} kind
 * @property {string} key  its own name: the stage's, "rnn/l0_reverse", "rnn/ends", "loop"
 * @property {Stage} stage
 * @property {string} of  "" or "encoder.": whose it is
 * @property {number} from  beats before it
 * @property {number} beats
 * @property {number} begins  s at speed 1
 * @property {number} seconds
 * @property {number} group  beats that pass as one while it is played: many steps would only flicker
 * @property {number} steps
 * @property {Row | null} row
 * @property {Row[]} rows  of a loop
 * @property {Stage | null} scores  of a loop: the stage that scores the words
 */
/** @typedef {{segments: Segment[], beats: number, seconds: number, steps: number}} Schedule */
/**
 * Where a position is: in beat `beat` of a segment, `f` of which (0 < f ≤ 1) has passed.
 * @typedef {object} Where
 * @property {Segment} segment
 * @property {number} at  the segment's place in the list
 * @property {number} beat
 * @property {number} f
 * @property {number | null} step  the step of a row or a loop
 * @property {Row | null} row
 * @property {"reads" | "row" | "scores" | "chooses" | ""} part  of a loop
 */

/** The position that shows everything computed: nobody lands on an empty picture. */
export const ALL = -1;

const STAGE = 2.2; // s
const STEP = 1.2; // s, one step of a row
const ROW = 12; // s, a whole row at most
const ROWS = 60; // s, all rows together at most
const LOOP = 40; // s
const TICKS = 40; // a longer stretch passes in about so many jumps

/** @type {WeakMap<Trace, Schedule>} */
const known = new WeakMap();

/** @param {Trace} trace @returns {Schedule} the same object for the same trace */
export function scheduleOf(trace) {
  const have = known.get(trace);
  if (have) return have;
  const made = planned(trace);
  known.set(trace, made);
  return made;
}

/** @param {Trace} trace @returns {Schedule} */
function planned(trace) {
  const loops = trace.stages.some(({ op }) => op === "decode");
  /** @type {Segment[]} */
  const segments = [];
  let [beats, seconds] = [0, 0];
  /** @param {Pick<Segment, "kind" | "key" | "stage"> & Partial<Segment>} some @param {number} lasts */
  const add = (some, lasts) => {
    const all = { of: some.stage.name.startsWith(ENCODER) ? ENCODER : "", beats: 1, group: 1, steps: 0, row: null, rows: [], scores: null, ...some };
    segments.push({ ...all, from: beats, begins: seconds, seconds: lasts });
    beats += all.beats;
    seconds += lasts;
  };
  const named = (/** @type {string} */ name) => trace.stages.find((stage) => stage.name === name) ?? null;
  for (const stage of trace.stages) {
    if (plain(stage.name) === "rnn") addModule(stage);
    else if (stage.op !== "Dropout" && !(loops && inLoop(stage))) add({ kind: "stage", key: stage.name, stage }, STAGE);
  }
  return { segments, beats, seconds, steps: stepsOf(trace, "") };

  /** @param {Stage} stage */
  function addModule(stage) {
    const of = stage.name.startsWith(ENCODER) ? ENCODER : "";
    const rows = rowsOf((of && trace.encoder) || trace);
    const steps = stepsOf(trace, of);
    const scores = named("logits");
    if (loops && !of && scores) {
      const inner = rows.length + 3; // reads, every row, scores, chooses
      const lasts = Math.min(LOOP, STEP * inner * steps);
      add({ kind: "loop", key: "loop", stage, beats: inner * steps, steps, rows, scores, group: inner * groupOf(steps) }, lasts);
    } else
      for (const row of rows) {
        const lasts = Math.min(ROW, STEP * steps, Math.max(1, ROWS / rows.length));
        add({ kind: "row", key: `${stage.name}/${row.name}`, stage, beats: steps, steps, row, group: groupOf(steps) }, lasts);
        const dropout = named(`${of}dropout_l${row.layer}`);
        if (dropout && row.index === Math.max(...rows.filter(({ layer }) => layer === row.layer).map(({ index }) => index))) add({ kind: "stage", key: dropout.name, stage: dropout }, STAGE);
      }
    add({ kind: "ends", key: `${stage.name}/ends`, stage }, STAGE);
  }
}

/** What happens at each step of a decoder, not once for all of them. @param {Stage} stage */
const inLoop = ({ name, op }) => op === "decode" || ["flattened", "logits", "decoded"].includes(name);

/** @param {number} steps */
const groupOf = (steps) => Math.max(1, Math.ceil(steps / TICKS));

/** @param {Trace} trace @returns {Row[]} in h_n's order, which is the order of computing */
export function rowsOf(trace) {
  const ends = trace.positions.h_n;
  const top = Math.max(...ends.map(({ layer }) => layer));
  return ends.map(({ index, layer, direction }) => {
    const backward = direction === "backward";
    return { name: `l${layer}${backward ? "_reverse" : ""}`, index, layer, backward, top: layer === top };
  });
}

/** @param {Trace} trace @param {string} of */
export function stepsOf(trace, of) {
  const info = trace.tensors[`${of}input`];
  const axis = info ? info.axes.indexOf("T") : -1;
  return axis < 0 ? 1 : info.shape[axis];
}

/** @param {Schedule} schedule @param {number} p in (0, beats] @returns {Where | null} null at the very beginning and where everything is shown */
export function whereIs(schedule, p) {
  if (p <= 0 || !schedule.segments.length) return null;
  const whole = Math.min(Math.ceil(p), schedule.beats) - 1;
  const at = schedule.segments.findLastIndex(({ from }) => from <= whole);
  const segment = schedule.segments[at];
  const beat = whole - segment.from;
  const f = Math.min(1, p - whole);
  /** @type {Where} */
  const where = { segment, at, beat, f, step: null, row: null, part: "" };
  if (segment.kind === "row" && segment.row) return { ...where, row: segment.row, step: segment.row.backward ? segment.steps - 1 - beat : beat };
  if (segment.kind !== "loop") return where;
  const inner = segment.rows.length + 3;
  const k = beat % inner;
  const row = segment.rows[k - 1] ?? null;
  return { ...where, step: Math.floor(beat / inner), row, part: k === 0 ? "reads" : row ? "row" : k === inner - 2 ? "scores" : "chooses" };
}

/**
 * The step and the row that a position shows. Before the module each step comes with its token; after it the last step stays.
 * @param {Schedule} schedule @param {number} p @returns {{t: number, row: string | null}} row: null where the position says nothing of it
 */
export function shownAt(schedule, p) {
  const where = whereIs(schedule, p);
  if (!where || where.segment.of) return { t: 0, row: firstRow(schedule)?.name ?? null };
  const { segment, at, f, step, row } = where;
  if (step !== null) return { t: step, row: row?.name ?? (where.part === "reads" ? segment.rows[0] : segment.rows.at(-1))?.name ?? null };
  const first = schedule.segments.findIndex(({ kind, of }) => !of && (kind === "row" || kind === "loop"));
  if (at < first) {
    if (segment.stage.name === "encoder") return { t: 0, row: null };
    return { t: Math.min(schedule.steps - 1, Math.floor(f * schedule.steps)), row: firstRow(schedule)?.name ?? null };
  }
  return { t: schedule.steps - 1, row: null };
}

/** @param {Schedule} schedule */
function firstRow({ segments }) {
  const found = segments.find(({ kind, of }) => !of && (kind === "row" || kind === "loop"));
  return found?.row ?? found?.rows[0] ?? null;
}

/** Where a row has just computed a step; the last row where there is none of that name. @param {Schedule} schedule @param {string} name @param {number} t */
export function positionOf(schedule, name, t) {
  const { segments } = schedule;
  const loop = segments.find(({ kind }) => kind === "loop");
  if (loop) {
    const k = Math.max(0, loop.rows.findIndex((row) => row.name === name));
    return loop.from + t * (loop.rows.length + 3) + k + 2;
  }
  const rows = segments.filter(({ kind, of }) => kind === "row" && !of);
  const segment = rows.find(({ row }) => row?.name === name) ?? rows.at(-1);
  if (!segment) return 0;
  return segment.from + (segment.row?.backward ? segment.steps - 1 - t : t) + 1;
}

/** The beats of a row that are over. @param {Schedule} schedule @param {number} p @param {string} of @param {Row} row */
export function stepsDone({ segments }, p, of, row) {
  for (const segment of segments) {
    if (segment.of !== of) continue;
    const over = Math.floor(p) - segment.from;
    if (segment.kind === "row" && segment.row?.name === row.name) return Math.max(0, Math.min(segment.beats, over));
    if (segment.kind === "loop") return loopDone(segment, over, row.index + 2);
  }
  return 0;
}

/** How many steps of a loop have come as far as `within` beats. @param {Segment} segment @param {number} over beats of it that have passed @param {number} within */
export function loopDone({ steps, rows }, over, within) {
  return Math.max(0, Math.min(steps, Math.floor((over - within) / (rows.length + 3)) + 1));
}

// ---- the time that playing takes ----

/** @param {Schedule} schedule @param {number} p @returns {number} s at speed 1 */
export function secondsAt(schedule, p) {
  if (p < 0) return schedule.seconds;
  const { segments } = schedule;
  const segment = segments.findLast(({ from }) => from <= p) ?? segments[0];
  return segment ? Math.min(segment.begins + segment.seconds, segment.begins + ((p - segment.from) / segment.beats) * segment.seconds) : 0;
}

/** @param {Schedule} schedule @param {number} seconds @returns {number} a position */
export function positionAt(schedule, seconds) {
  const { segments, beats } = schedule;
  if (seconds >= schedule.seconds) return beats;
  const segment = segments.findLast(({ begins }) => begins <= seconds) ?? segments[0];
  return segment ? segment.from + Math.max(0, ((seconds - segment.begins) / segment.seconds) * segment.beats) : 0;
}

/**
 * What playing shows at a position: in long stretches whole groups of steps, with less motion whole beats.
 * @param {Schedule} schedule @param {number} p @param {boolean} calm
 */
export function keptTo(schedule, p, calm) {
  const where = whereIs(schedule, p);
  if (!where) return p;
  const { segment } = where;
  if (segment.group > 1) return Math.min(segment.from + segment.beats, segment.from + Math.floor((p - segment.from) / segment.group) * segment.group);
  return calm ? Math.floor(p) : p;
}

/** The next keyframe, or the one before; ALL behind the last one. @param {Schedule} schedule @param {number} p @param {1 | -1} way */
export function keyframe({ beats }, p, way) {
  if (p < 0) return way < 0 ? beats - 1 : ALL;
  const next = way > 0 ? Math.floor(p + 1e-6) + 1 : Math.ceil(p - 1e-6) - 1;
  return next >= beats && p >= beats ? ALL : Math.max(0, Math.min(beats, next));
}

/** Where a stretch begins: the one behind this position, or before it. @param {Schedule} schedule @param {number} p @param {1 | -1} way */
export function stretch({ segments, beats }, p, way) {
  const here = p < 0 ? beats : p;
  const starts = segments.map(({ from }) => from);
  const found = way > 0 ? starts.find((from) => from > here + 1e-6) : starts.findLast((from) => from < here - 1e-6);
  return found ?? (way > 0 ? ALL : 0);
}

/** The name of a stretch as code: "Embedding", "l0 →", "h_n, c_n". @param {Segment} segment */
export function labelOf({ kind, stage, of, row }) {
  if (kind === "row" && row) return `${of}l${row.layer} ${row.backward ? "←" : "→"}`;
  if (kind === "ends") return stage.outputs.filter((name) => plain(name) !== "output").join(", ");
  if (kind === "loop") return "for t in range(T)";
  return stage.op === "given" || stage.op === "name" ? stage.outputs.join(", ") : stage.op;
}

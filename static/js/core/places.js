// Where a number sits: the axes of every tensor, and the other names of the same number (output's top row, h_n's ends).

/** @typedef {import("../types.js").Trace} Trace */
/** @typedef {import("../types.js").CellAt} CellAt */

/** @typedef {{layer: number, backward: boolean, part: string}} Inside  "l1_reverse.f" taken apart */

/**
 * @param {string} name
 * @returns {Inside | null} null for a tensor outside the recurrent module
 */
export function inside(name) {
  const match = /^l(\d+)(_reverse)?\.(\w)$/.exec(name);
  return match && { layer: Number(match[1]), backward: match[2] !== undefined, part: match[3] };
}

/**
 * "l0", "l1_reverse": the row of the lattice
 * @param {number} layer
 * @param {boolean} backward
 */
export function rowName(layer, backward) {
  return `l${layer}${backward ? "_reverse" : ""}`;
}

/**
 * The rows of the lattice in h_n's order.
 * @param {Trace} trace
 */
export function rows(trace) {
  return trace.positions.h_n.map(({ layer, direction }) => ({ name: rowName(layer, direction === "backward"), layer, direction }));
}

/**
 * Sizes by axis, read off the input: samples and steps; an unbatched input is one sample. A difference may lack an input.
 * @param {Trace} trace
 */
export function sizes(trace) {
  const { shape, axes } = trace.tensors.input ?? Object.values(trace.tensors).find(({ axes }) => axes.includes("T")) ?? { shape: [], axes: [] };
  const of = (/** @type {string} */ axis) => (axes.includes(axis) ? shape[axes.indexOf(axis)] : 1);
  return { samples: of("N"), steps: of("T") };
}

/** The longest last axis of what goes in and comes out: where a cut along it may be. @param {Trace} trace */
export const widest = ({ tensors }) => Math.max(...[tensors.input, tensors.output].map(({ shape }) => shape[shape.length - 1]));

/**
 * How many steps of each sample are its own, where anything says so; behind them is padding.
 * @param {Trace} trace
 * @returns {number[] | null}
 */
export function trueLengths({ text, request }) {
  return text?.lengths ?? request.lengths ?? null;
}

/**
 * "0 · the film was not good": a sample by its number and, where it was text, its first words.
 * @param {Trace} trace
 * @param {number} n
 * @param {number} most characters
 */
export function sampleName({ text }, n, most) {
  const tokens = text?.tokens[n]?.slice(0, text.lengths[n]);
  if (!tokens?.length) return String(n);
  const sentence = tokens.join(" ").replace(/(?<=\p{Script=Han}) (?=\p{Script=Han})/gu, ""); // Chinese is written without spaces
  return `${n} · ${sentence.length > most ? `${sentence.slice(0, most - 1)}…` : sentence}`;
}

/**
 * A full index in the tensor's own axes: N and T by name, the last axis is the unit, any other (layers) is `k`.
 * @param {Trace} trace
 * @param {string} tensor
 * @param {{n?: number, t?: number, u?: number, k?: number}} at
 */
export function indexOf(trace, tensor, at) {
  const { axes } = trace.tensors[tensor];
  return axes.map((axis, d) => {
    if (axis === "N") return at.n ?? 0;
    if (axis === "T") return at.t ?? 0;
    return d === axes.length - 1 ? (at.u ?? 0) : (at.k ?? 0);
  });
}

/**
 * The parts of an index by what they mean.
 * @param {Trace} trace
 * @param {CellAt} cell
 */
export function coordinates(trace, { tensor, index }) {
  const { axes } = trace.tensors[tensor];
  const n = axes.indexOf("N");
  const t = axes.indexOf("T");
  const last = axes.length - 1;
  const k = axes.findIndex((axis, d) => axis !== "N" && axis !== "T" && d !== last);
  return { n: n < 0 ? 0 : index[n], t: t < 0 ? null : index[t], u: last === n || last === t ? 0 : index[last], k: k < 0 ? 0 : index[k] };
}

/**
 * Is there such a number?
 * @param {Trace} trace
 * @param {CellAt | null} cell
 */
export function exists(trace, cell) {
  if (!cell || !Object.hasOwn(trace.tensors, cell.tensor)) return false;
  const { shape } = trace.tensors[cell.tensor];
  return shape.length === cell.index.length && cell.index.every((at, d) => Number.isInteger(at) && at >= 0 && at < shape[d]);
}

/**
 * The other names of the same number.
 * @param {Trace} trace
 * @param {CellAt} cell
 * @returns {CellAt[]}
 */
export function aliases(trace, cell) {
  const home = homeOf(trace, cell);
  const names = [home, ...mirrors(trace, home)];
  return names.filter((one) => exists(trace, one) && !(one.tensor === cell.tensor && one.index.join() === cell.index.join()));
}

/**
 * The number inside the lattice (or in `embedding`) that output, h_n, c_n and input repeat.
 * @param {Trace} trace
 * @param {CellAt} cell
 * @returns {CellAt}
 */
export function homeOf(trace, cell) {
  const { n, t, u, k } = coordinates(trace, cell);
  if (cell.tensor === "output") {
    const end = trace.positions.output.find(({ features }) => u >= features[0] && u < features[1]);
    if (!end) return cell;
    const tensor = `${rowName(end.layer, end.direction === "backward")}.h`;
    return at(trace, tensor, { n, t: t ?? 0, u: u - end.features[0] }, cell);
  }
  if (cell.tensor === "h_n" || cell.tensor === "c_n") {
    const end = (trace.positions[cell.tensor] ?? []).find(({ index }) => index === k);
    if (end?.step[n] === undefined) return cell;
    const tensor = `${rowName(end.layer, end.direction === "backward")}.${cell.tensor[0]}`;
    return at(trace, tensor, { n, t: end.step[n], u }, cell);
  }
  if (cell.tensor === "input") return at(trace, "embedding", { n, t: t ?? 0, u }, cell);
  return cell;
}

/**
 * Where the number at home shows up again.
 * @param {Trace} trace
 * @param {CellAt} home
 * @returns {CellAt[]}
 */
function mirrors(trace, home) {
  if (home.tensor === "embedding") return [{ tensor: "input", index: home.index }];
  const where = inside(home.tensor);
  if (!where || (where.part !== "h" && where.part !== "c")) return [];
  const { n, t, u } = coordinates(trace, home);
  const isRow = (/** @type {{layer: number, direction: string}} */ end) =>
    end.layer === where.layer && (end.direction === "backward") === where.backward;
  /** @type {CellAt[]} */
  const found = [];
  if (where.part === "h") {
    const top = trace.positions.output.find(isRow);
    if (top) found.push({ tensor: "output", index: indexOf(trace, "output", { n, t: t ?? 0, u: u + top.features[0] }) });
  }
  const ends = where.part === "h" ? "h_n" : "c_n";
  const end = (trace.positions[ends] ?? []).find(isRow);
  if (end && end.step[n] === t && Object.hasOwn(trace.tensors, ends)) {
    found.push({ tensor: ends, index: indexOf(trace, ends, { n, u, k: end.index }) });
  }
  return found;
}

/**
 * @param {Trace} trace
 * @param {string} tensor
 * @param {{n?: number, t?: number, u?: number, k?: number}} where
 * @param {CellAt} otherwise
 * @returns {CellAt}
 */
function at(trace, tensor, where, otherwise) {
  return Object.hasOwn(trace.tensors, tensor) ? { tensor, index: indexOf(trace, tensor, where) } : otherwise;
}

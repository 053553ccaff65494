// How each number inside the recurrent module is made: the textbook's equation, with the cell that holds each of its terms.

import { coordinates, indexOf, inside, rowName, sizes } from "./places.js";

/** @typedef {import("../types.js").Trace} Trace */
/** @typedef {import("../types.js").CellAt} CellAt */
/**
 * A piece of an equation: plain signs, one number (`cell`), or a whole vector (`vectors`: where each of its parts starts).
 * @typedef {{text: string, role?: string, cell?: CellAt, vectors?: CellAt[]}} Piece
 */
/** @typedef {{result: Piece, pieces: Piece[], start: CellAt | null}} Equation  start: the term that is the state before the first step */

/**
 * The equation behind a number at home (see places.homeOf), or null where there is none to show.
 * @param {Trace} trace
 * @param {CellAt} cell
 * @returns {Equation | null}
 */
export function equationOf(trace, cell) {
  const where = inside(cell.tensor);
  if (!where) return null;
  const { n, t, u } = coordinates(trace, cell);
  if (t === null) return null;
  const terms = termsOf(trace, where, { n, t, u });
  const write = RULES[trace.request.model.cell][where.part];
  if (!write) return null;
  const pieces = write(terms, trace.request.model.nonlinearity);
  const cells = pieces.flatMap((piece) => [...(piece.cell ? [piece.cell] : []), ...(piece.vectors ?? [])]);
  const start = cells.find(({ tensor }) => tensor === "h_0" || tensor === "c_0") ?? null;
  return { result: { text: where.part, role: where.part, cell }, pieces, start };
}

/**
 * @typedef {object} Terms
 * @property {(part: string) => Piece} now  the same unit at the same step
 * @property {(part: string) => Piece} before  the same unit one step of this row's reading order earlier
 * @property {(part: string) => Piece} all  the whole vector one step earlier
 * @property {Piece} x  the whole vector this row reads
 * @property {boolean} bias
 */

/** @param {string} text @returns {Piece} */
const sign = (text) => ({ text });

/**
 * The gate's own two products; the bias stands with its product, as in PyTorch.
 * @param {Terms} m
 * @param {string} gate
 */
const products = (m, gate) => [
  sign(`W_i${gate} `),
  m.x,
  sign(m.bias ? ` + b_i${gate} + W_h${gate} ` : ` + W_h${gate} `),
  m.all("h"),
  sign(m.bias ? ` + b_h${gate}` : ""),
];

/** @param {string} gate @returns {Rule} */
const sigmoid = (gate) => (m) => [sign("σ("), ...products(m, gate), sign(")")];

/** @typedef {(m: Terms, nonlinearity: string) => Piece[]} Rule */

/** @type {{[cell: string]: {[part: string]: Rule}}} */
const RULES = {
  lstm: {
    i: sigmoid("i"),
    f: sigmoid("f"),
    g: (m) => [sign("tanh("), ...products(m, "g"), sign(")")],
    o: sigmoid("o"),
    c: (m) => [m.now("f"), sign(" · "), m.before("c"), sign(" + "), m.now("i"), sign(" · "), m.now("g")],
    h: (m) => [m.now("o"), sign(" · tanh("), m.now("c"), sign(")")],
  },
  gru: {
    r: sigmoid("r"),
    z: sigmoid("z"),
    n: (m) => [
      sign("tanh(W_in "),
      m.x,
      sign(m.bias ? " + b_in + " : " + "),
      m.now("r"),
      sign(" · (W_hn "),
      m.all("h"),
      sign(m.bias ? " + b_hn))" : "))"),
    ],
    h: (m) => [sign("(1 − "), m.now("z"), sign(") · "), m.now("n"), sign(" + "), m.now("z"), sign(" · "), m.before("h")],
  },
  rnn: {
    h: (m, nonlinearity) => [sign(`${nonlinearity}(`), ...products(m, "h"), sign(")")],
  },
};

/**
 * @param {Trace} trace
 * @param {import("./places.js").Inside} where
 * @param {{n: number, t: number, u: number}} at
 * @returns {Terms}
 */
function termsOf(trace, where, { n, t, u }) {
  const row = rowName(where.layer, where.backward);
  const ends = trace.positions.h_n.find((end) => end.layer === where.layer && (end.direction === "backward") === where.backward);
  const earlier = where.backward ? t + 1 : t - 1;
  const first = t === (where.backward ? lastStep(trace, n) : 0);
  /** @param {string} part @param {number} unit @returns {CellAt | undefined} */
  const earlierCell = (part, unit) => {
    const tensor = first ? `${part}_0` : `${row}.${part}`;
    if (!Object.hasOwn(trace.tensors, tensor)) return undefined;
    return { tensor, index: indexOf(trace, tensor, { n, t: earlier, u: unit, k: ends?.index ?? 0 }) };
  };
  const dropped = `dropped_l${where.layer - 1}`; // in train mode what dropout left of the layer below
  const below = Object.hasOwn(trace.tensors, dropped) ? [dropped] : [`${rowName(where.layer - 1, false)}.h`, `${rowName(where.layer - 1, true)}.h`];
  const sources = where.layer === 0 ? ["input"] : below.filter((tensor) => Object.hasOwn(trace.tensors, tensor));
  return {
    now: (part) => ({ text: part, role: part, cell: { tensor: `${row}.${part}`, index: indexOf(trace, `${row}.${part}`, { n, t, u }) } }),
    before: (part) => ({ text: first ? `${part}_0` : `${part}_prev`, role: part, cell: earlierCell(part, u) }),
    all: (part) => ({ text: first ? `${part}_0` : `${part}_prev`, role: part, vectors: [earlierCell(part, 0)].flatMap((cell) => cell ?? []) }),
    x: { text: "x", role: "x", vectors: sources.map((tensor) => ({ tensor, index: indexOf(trace, tensor, { n, t, u: 0 }) })) },
    bias: trace.request.model.bias,
  };
}

/**
 * Where the backward direction starts: the end of the batch, or of the sample itself when the batch is packed.
 * @param {Trace} trace
 * @param {number} n
 */
function lastStep(trace, n) {
  const { lengths, packed } = trace.request;
  return (packed && lengths ? lengths[n] : sizes(trace).steps) - 1;
}

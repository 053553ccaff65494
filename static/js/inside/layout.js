// Where every part of a cell's diagram stands, in px for one width: the state's rail on top, the inputs' rails below, gates between.

/** @typedef {[number, number]} Point */
/** @typedef {{x: number, y: number, w: number, h: number}} Box */
/** @typedef {Box & {quantity: string, sign: string}} Gate  sign: the function in it */
/** @typedef {{id: string, sign: string, x: number, y: number, r: number}} Op  a circle, or a pill where `sign` is a word */
/** @typedef {{x: number, y: number, anchor: "start" | "middle" | "end", room: number}} Label  y is the baseline; room: px it may be wide */
/**
 * @typedef {object} Wire
 * @property {string} id  what it carries: facts.js gives its number
 * @property {string} role  whose colour it has
 * @property {Point[]} points
 * @property {boolean} arrow
 * @property {Label | null} label  of its number
 * @property {Label | null} name  of what it carries, where that is not told by a gate
 * @property {string} to  the gate, op or port it ends at
 */
/** @typedef {{at: Point, role: string}} Dot  where a wire parts */
/** @typedef {{width: number, height: number, gates: Gate[], ops: Op[], wires: Wire[], dots: Dot[]}} Diagram */

export const R = 11; // px, radius of an op
const GATE = { h: 108, top: 214, most: 112 };
const RAIL = { top: 58, h: 358, x: 388 }; // y of the rails
const NARROW = 560;
const MOST = 920; // px: wider than that the eye loses the way
export const LINE = 15;
const TAP = 9; // px of the taps of h and x from the middle of a gate

/** @param {number} room @returns {{W: number, narrow: boolean, left: number, right: number, name: number}} */
function frameOf(room) {
  const W = Math.max(320, Math.min(MOST, room));
  const narrow = W < NARROW;
  return { W, narrow, left: narrow ? 52 : 112, right: narrow ? 64 : 132, name: narrow ? 46 : 96 };
}

/**
 * @param {"lstm" | "gru" | "rnn"} cell
 * @param {number} room  px
 * @param {{projected?: boolean, nonlinearity?: string, bias?: boolean}} [of]
 * @returns {Diagram}
 */
export function layoutCell(cell, room, of = {}) {
  return cell === "lstm" ? lstm(room, of.projected ?? false) : cell === "gru" ? gru(room) : rnn(room, of.nonlinearity ?? "tanh", of.bias ?? true);
}

/** @param {number} room @param {boolean} projected @returns {Diagram} */
function lstm(room, projected) {
  const { W, narrow, left, right, name } = frameOf(room);
  const pitch = (W - left - right) / 4;
  const w = Math.min(GATE.most, pitch - (narrow ? 4 : 26));
  const at = (/** @type {number} */ k) => left + pitch * (k + 0.5);
  const [xf, xi, xg, xo] = [0, 1, 2, 3].map(at);
  const xt = W - right + (narrow ? 6 : 22);
  const [yM, yT, yO] = [120, 106, 168];
  const gates = /** @type {const} */ ([["f", "σ", xf], ["i", "σ", xi], ["g", "tanh", xg], ["o", "σ", xo]]).map(([quantity, sign, x]) => gateAt(quantity, sign, x, w));
  const value = pitch - w / 2 - 4;
  const beside = (/** @type {number} */ x, /** @type {number} */ y) => /** @type {Label} */ ({ x: x + 6, y, anchor: "start", room: Math.max(value, pitch - 12) });
  /** @type {Wire[]} */
  const wires = [
    wire("c_prev", "c", [[0, RAIL.top], [xf - R, RAIL.top]], "kept", { x: 4, y: RAIL.top - 7, anchor: "start", room: xf - R - 8 }, { x: 4, y: RAIL.top - 7 - LINE, anchor: "start", room: name }),
    wire("f", "f", [[xf, GATE.top], [xf, RAIL.top + R]], "kept", beside(xf, GATE.top - 22)),
    wire("kept", "c", [[xf + R, RAIL.top], [xg - R, RAIL.top]], "sum", { x: (xf + xg) / 2, y: RAIL.top - 7, anchor: "middle", room: xg - xf - 2 * R - 4 }),
    wire("i", "i", [[xi, GATE.top], [xi, yM], [xg - R, yM]], "written", beside(xi, GATE.top - 22)),
    wire("g", "g", [[xg, GATE.top], [xg, yM + R]], "written", beside(xg, GATE.top - 22)),
    wire("written", "c", [[xg, yM - R], [xg, RAIL.top + R]], "sum", { x: xg + 7, y: (yM + RAIL.top) / 2 + 4, anchor: "start", room: xt - xg - 26 }),
    wire("c", "c", [[xg + R, RAIL.top], [W, RAIL.top]], "", { x: W - 2, y: RAIL.top - 7, anchor: "end", room: W - xg - R }, { x: W - 2, y: RAIL.top - 7 - LINE, anchor: "end", room: name }),
    wire("c_down", "c", [[xt, RAIL.top], [xt, yT - R]], "tanh", null),
    wire("tanh_c", "c", [[xt, yT + R], [xt, yO - R]], "shown", { x: xt + 5, y: (yT + yO) / 2 + 5, anchor: "start", room: W - xt - 6 }),
    wire("o", "o", [[xo, GATE.top], [xo, yO], [xt - R, yO]], "shown", narrow ? { x: xo - 5, y: GATE.top - 6, anchor: "end", room: pitch - 12 } : { x: (xo + xt) / 2 - 4, y: yO - 7, anchor: "middle", room: xt - xo - R }),
    wire("h", "h", [[xt, yO + R], [xt, RAIL.h], [W, RAIL.h]], "", { x: W - 2, y: RAIL.h + 17, anchor: "end", room: W - xt + 10 }, { x: W - 2, y: RAIL.h + 17 + LINE, anchor: "end", room: name }),
    ...rails(gates, left, xo),
  ];
  const ops = [op("kept", "×", xf, RAIL.top), op("sum", "+", xg, RAIL.top), op("written", "×", xg, yM), op("tanh", "tanh", xt, yT), op("shown", "×", xt, yO)];
  if (projected) ops.push(op("projected", "W_hr", xt, (yO + RAIL.h) / 2));
  return { width: W, height: RAIL.x + 44, gates, ops, wires, dots: [{ at: [xt, RAIL.top], role: "c" }] };
}

/** @param {number} room @returns {Diagram} */
function gru(room) {
  const { W, narrow, left, right, name } = frameOf(room);
  const inner = W - left - right;
  const gap = narrow ? 46 : 120; // px between r and n, for the product
  const w = Math.min(GATE.most, (inner - gap) / 3 - (narrow ? 4 : 26));
  const pitch = (inner - gap) / 3;
  const [xz, xr] = [left + pitch / 2, left + pitch * 1.5];
  const xn = left + pitch * 2.5 + gap;
  const xq = (xr + xn) / 2;
  const [yM, yR] = [124, GATE.top + 30];
  const xl = left - (narrow ? 14 : 30);
  const gates = [gateAt("z", "σ", xz, w), gateAt("r", "σ", xr, w), gateAt("n", "tanh", xn, w)];
  const over = GATE.top - 28;
  const low = rails(gates.slice(0, 2), left, xr);
  /** @type {Wire[]} */
  const wires = [
    wire("h_prev_own", "h", [[0, RAIL.top], [xz - R, RAIL.top]], "kept", { x: 4, y: RAIL.top - 7, anchor: "start", room: xz - R - 8 }, { x: 4, y: RAIL.top - 7 - LINE, anchor: "start", room: name }),
    wire("z", "z", [[xz, GATE.top], [xz, RAIL.top + R]], "kept", { x: xz + 6, y: GATE.top - 22, anchor: "start", room: pitch - 10 }),
    wire("kept", "h", [[xz + R, RAIL.top], [xn - R, RAIL.top]], "sum", { x: (xz + xn) / 2, y: RAIL.top - 7, anchor: "middle", room: xn - xz - 2 * R }),
    wire("z_side", "z", [[xz, yM], [xr - 18, yM]], "1 −", null),
    wire("one_minus", "z", [[xr + 18, yM], [xn - R, yM]], "written", { x: (xr + 18 + xn - R) / 2, y: yM - 7, anchor: "middle", room: xn - xr - 30 }),
    wire("r", "r", [[xr, GATE.top], [xr, over], [xq, over], [xq, yR - R]], "reset", { x: xr + 6, y: over - 7, anchor: "start", room: xq - xr + 20 }),
    wire("reset", "h", [[xq + R, yR], [xn - w / 2, yR]], "n", null),
    wire("n", "n", [[xn, GATE.top], [xn, yM + R]], "written", { x: xn + 6, y: GATE.top - 22, anchor: "start", room: W - xn - 8 }),
    wire("written", "h", [[xn, yM - R], [xn, RAIL.top + R]], "sum", { x: xn + 7, y: (yM + RAIL.top) / 2 + 4, anchor: "start", room: W - xn - 8 }),
    wire("h", "h", [[xn + R, RAIL.top], [W, RAIL.top]], "", { x: W - 2, y: RAIL.top - 7, anchor: "end", room: W - xn - R }, { x: W - 2, y: RAIL.top - 7 - LINE, anchor: "end", room: name }),
    { ...low[0], points: [[xl, RAIL.top], [xl, RAIL.h], [xq, RAIL.h], [xq, yR + R]], to: "reset", arrow: true, label: { x: xl + 6, y: RAIL.h - 7, anchor: "start", room: narrow ? 40 : left - xl + 20 }, name: null },
    { ...low[1], points: [[0, RAIL.x], [xn, RAIL.x]] },
    wire("n.input", "x", [[xn, RAIL.x], [xn, GATE.top + GATE.h]], "n", narrow ? null : { x: xn + 7, y: GATE.top + GATE.h + 18, anchor: "start", room: 90 }),
    ...low.slice(2),
  ];
  const ops = [op("kept", "×", xz, RAIL.top), op("sum", "+", xn, RAIL.top), op("written", "×", xn, yM), op("1 −", "1 −", xr, yM), op("reset", "×", xq, yR)];
  return { width: W, height: RAIL.x + 44, gates, ops, wires, dots: [{ at: [xl, RAIL.top], role: "h" }, { at: [xz, yM], role: "z" }] };
}

/** @param {number} room @param {string} sign @param {boolean} bias @returns {Diagram} */
function rnn(room, sign, bias) {
  const { W, narrow, left, name } = frameOf(room);
  const x = W / 2;
  const w = narrow ? 104 : 132;
  const gate = { quantity: "h", sign, x: x - w / 2, y: 86, w, h: 54 };
  const foot = gate.y + gate.h;
  const yS = 232;
  const aside = narrow ? 92 : 170; // px from the sum to a bias
  const [rail, inputs, state, input] = rails([gate], left, x);
  /** @type {Wire[]} */
  const wires = [
    wire("inner", "h", [[x, yS - R], [x, foot]], "h", { x: x + 8, y: (yS - R + foot) / 2 + 4, anchor: "start", room: 90 }),
    wire("h", "h", [[x, gate.y], [x, 44], [W, 44]], "", { x: W - 2, y: 37, anchor: "end", room: 70 }, { x: W - 2, y: 37 - LINE, anchor: "end", room: name }),
    rail,
    inputs,
    { ...state, points: [[x - TAP, RAIL.h], [x - TAP, yS + R - 2]], to: "sum", label: { x: x - TAP - 7, y: RAIL.h - 38, anchor: "end", room: 90 } },
    { ...input, points: [[x + TAP, RAIL.x], [x + TAP, yS + R - 2]], to: "sum", label: { x: x + TAP + 7, y: RAIL.h - 38, anchor: "start", room: 90 } },
  ];
  const ops = [op("sum", "+", x, yS)];
  if (bias) {
    for (const [id, way] of /** @type {const} */ ([["h.input_bias", 1], ["h.state_bias", -1]])) {
      wires.push(wire(id, id === "h.input_bias" ? "x" : "h", [[x + way * (aside - 22), yS], [x + way * R, yS]], "sum", { x: x + way * (aside / 2 - 6), y: yS - 8, anchor: "middle", room: aside - 40 }));
      ops.push(op(id, id === "h.input_bias" ? "b_ih" : "b_hh", x + way * aside, yS));
    }
  }
  return { width: W, height: RAIL.x + 44, gates: [gate], ops, wires, dots: [] };
}

/** @param {string} quantity @param {string} sign @param {number} x @param {number} w @returns {Gate} */
const gateAt = (quantity, sign, x, w) => ({ quantity, sign, x: x - w / 2, y: GATE.top, w, h: GATE.h });

/** @param {string} id @param {string} sign @param {number} x @param {number} y @returns {Op} */
const op = (id, sign, x, y) => ({ id, sign, x, y, r: R });

/** @param {string} id @param {string} role @param {Point[]} points @param {string} to @param {Label | null} label @param {Label | null} [name] @returns {Wire} */
const wire = (id, role, points, to, label, name = null) => ({ id, role, points, arrow: to !== "" || id === "c" || id === "h", label, name, to });

/** The previous h and x along the bottom, each with a tap into every gate that reads it. @param {Gate[]} gates @param {number} left @param {number} end @returns {Wire[]} */
function rails(gates, left, end) {
  const foot = GATE.top + GATE.h;
  const apart = gates.length > 1 ? gates[1].x - gates[0].x : Infinity;
  const room = apart >= 136 ? 62 : 0; // px for the number of a tap, where its neighbours leave any
  /** @type {Label} */
  const before = { x: 4, y: RAIL.h - 7, anchor: "start", room: left - 10 };
  /** @type {Label} */
  const below = { x: 4, y: RAIL.x + 17, anchor: "start", room: 160 };
  return [
    { ...wire("h_prev", "h", [[0, RAIL.h], [end - TAP, RAIL.h]], "", null, before), arrow: false },
    { ...wire("x", "x", [[0, RAIL.x], [end + TAP, RAIL.x]], "", null, below), arrow: false },
    ...gates.flatMap(({ quantity, x, w }) => [
      wire(`${quantity}.state`, "h", [[x + w / 2 - TAP, RAIL.h], [x + w / 2 - TAP, foot]], quantity, room === 0 ? null : { x: x + w / 2 - TAP - 6, y: foot + 18, anchor: "end", room }),
      wire(`${quantity}.input`, "x", [[x + w / 2 + TAP, RAIL.x], [x + w / 2 + TAP, foot]], quantity, room === 0 ? null : { x: x + w / 2 + TAP + 6, y: foot + 18, anchor: "start", room }),
    ]),
  ];
}

// The numbers on a cell's wires, out of the server's answers for its gates and states; nothing is computed here.

import { exact, fixed, place } from "../core/format.js";

/** @typedef {import("../types.js").CellAt} CellAt */
/** @typedef {import("../types.js").Explained} Explained */
/** @typedef {{[quantity: string]: Explained}} Answers */
/** @typedef {{short: string, exact: string, name: string, cell: CellAt | null, reads: string[]}} Fact  reads: the wires that it is made of */

/** The quantities of a cell in textbook order; the states last. */
export const QUANTITIES = { lstm: ["f", "i", "g", "o", "c", "h"], gru: ["z", "r", "n", "h"], rnn: ["h"] };

/** How many products an answer lists by themselves: a state's own, none of a gate's, whose sums stand on the wires. @param {"lstm" | "gru" | "rnn"} cell @param {string} quantity @param {boolean} projected */
export const limitFor = (cell, quantity, projected) => (quantity === "c" || (quantity === "h" && cell !== "rnn" && !projected) ? 4 : 0);

const MADE_OF = /** @type {{[wire: string]: string[]}} */ ({
  kept: ["f", "c_prev", "z", "h_prev_own"], written: ["i", "g", "one_minus", "n"], c: ["kept", "written"], tanh_c: ["c"], one_minus: ["z"], reset: ["r", "n.state"],
});

/**
 * @param {"lstm" | "gru" | "rnn"} cell
 * @param {Answers} answers
 * @returns {{[wire: string]: Fact}}
 */
export function factsOf(cell, answers) {
  /** @type {{[wire: string]: Fact}} */
  const facts = {};
  const gates = cell === "lstm" ? "figo" : cell === "gru" ? "zrn" : "h";
  for (const [quantity, answer] of Object.entries(answers)) {
    const reads = answer.terms.length === 0 ? [] : MADE_OF[quantity] ?? (gates.includes(quantity) ? [`${quantity}.state`, `${quantity}.input`, "h_prev", "x"] : cell === "lstm" ? ["o", "tanh_c"] : ["kept", "written"]);
    facts[quantity] = { short: fixed(answer.value), exact: exact(answer.value), name: place(answer.tensor, answer.index), cell: { tensor: answer.tensor, index: answer.index }, reads };
  }
  for (const quantity of gates) {
    const answer = answers[quantity];
    if (!answer) continue;
    for (const [role, from] of /** @type {const} */ ([["state", "h_prev"], ["input", "x"]])) {
      const term = answer.terms.find((one) => one.role === role);
      if (term) facts[`${quantity}.${role}`] = { short: fixed(term.value), exact: exact(term.value), name: term.symbol, cell: facts[quantity].cell, reads: [from] };
      const read = answer.reads.find((one) => one.role === role && one.tensor !== null && one.symbol !== "r");
      if (read) facts[from] ??= vector(read);
    }
  }
  const state = answers.c ?? (cell === "gru" ? answers.h : undefined);
  if (state) {
    for (const role of ["kept", "written"]) {
      const term = state.terms.find((one) => one.role === role);
      if (term) facts[role] = { short: fixed(term.value), exact: exact(term.value), name: term.symbol, cell: { tensor: state.tensor, index: state.index }, reads: MADE_OF[role] };
    }
    const before = state.reads.find(({ symbol }) => symbol === "c_prev" || symbol === "h_prev");
    if (before) facts[cell === "gru" ? "h_prev_own" : "c_prev"] = single(before);
    const turned = state.terms.flatMap(({ factors }) => factors).find(({ apply }) => apply === "one_minus");
    if (turned) facts.one_minus = prepared(turned, ["z"]);
  }
  const shown = cell === "lstm" ? answers.h?.terms.flatMap(({ factors }) => factors).find(({ apply }) => apply === "tanh") : undefined;
  if (shown) facts.tanh_c = prepared(shown, ["c"]);
  const reset = answers.n?.terms.filter(({ role }) => role.startsWith("state"));
  if (reset?.length) facts.reset = { short: "", exact: reset.map(({ value }) => exact(value)).join(" + "), name: reset.map(({ symbol }) => symbol).join(" + "), cell: facts.n.cell, reads: MADE_OF.reset };
  if (cell === "rnn" && answers.h && answers.h.terms.length) {
    const { h } = facts;
    facts.inner = { short: fixed(answers.h.inner), exact: exact(answers.h.inner), name: answers.h.formula.split(" = ")[1]?.replace(/^\w+\((.*)\)$/, "$1") ?? "", cell: h.cell, reads: ["h.state", "h.input", "h.state_bias", "h.input_bias"] };
    for (const role of ["input_bias", "state_bias"]) {
      const term = answers.h.terms.find((one) => one.role === role);
      if (term) facts[`h.${role}`] = { short: fixed(term.value), exact: exact(term.value), name: term.symbol.replace(/^Σ /, ""), cell: h.cell, reads: [] };
    }
    h.reads = ["inner"];
  }
  if (facts.c) facts.c_down = facts.c;
  if (facts.z) facts.z_side = facts.z;
  return facts;
}

/** @param {import("../types.js").Factor} factor @param {string[]} reads @returns {Fact} */
function prepared({ symbol, used, from }, reads) {
  return { short: fixed(used), exact: exact(used), name: symbol, cell: from.tensor === null ? null : { tensor: from.tensor, index: from.index }, reads };
}

/** @param {import("../types.js").ReadRange} read @returns {Fact} */
function single({ tensor, index, values }) {
  const at = tensor === null ? null : { tensor, index: index === "" ? [] : index.split(",").map(Number) };
  return { short: fixed(values[0]), exact: exact(values[0]), name: at ? place(at.tensor, at.index) : "", cell: at, reads: [] };
}

/** The first numbers of many. @param {import("../types.js").ReadRange} read @returns {Fact} */
function vector({ tensor, index, count, values }) {
  const first = index.split(",").map((part) => (part === ":" ? 0 : Number(part.split(":")[0])));
  const more = count > values.length ? ", …" : "";
  return { short: `(${count})`, exact: `[${values.map((value) => fixed(value)).join(", ")}${more}]`, name: `${tensor}[${index}]`, cell: tensor === null ? null : { tensor, index: first }, reads: [] };
}


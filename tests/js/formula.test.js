// The server's line as letters that stand over their numbers.

import assert from "node:assert/strict";
import { test } from "node:test";
import { formulaOf, isWritten, textOf } from "../../static/js/core/formula.js";

/** @typedef {import("../../static/js/types.js").Explained} Explained */

/** @param {string} symbol @param {string} tensor @param {string} index @param {number} [count] */
const read = (symbol, tensor, index, count = 1) => ({ symbol, role: "", tensor, parameter: null, index, count, values: [0.5] });

/** @param {Partial<Explained>} part */
const answer = (part) => /** @type {Explained} */ ({ tensor: "l0.c", apply: "identity", terms: [{ role: "kept", symbol: "f · c_prev" }, { role: "written" }], reads: [], ...part });

test("every letter of c names its one number, and c_prev is not read as c", () => {
  const reads = [read("f", "l0.f", "0,1,2"), read("c_prev", "l0.c", "0,0,2"), read("i", "l0.i", "0,1,2"), read("g", "l0.g", "0,1,2")];
  const formula = formulaOf(answer({ formula: "c = f · c_prev + i · g", reads }));
  assert.ok(formula);
  assert.equal(formula.result, "c");
  assert.deepEqual(formula.pieces.map(({ text, reads: [one] }) => [text, one?.tensor]), [
    ["f", "l0.f"], [" · ", undefined], ["c_prev", "l0.c"], [" + ", undefined], ["i", "l0.i"], [" · ", undefined], ["g", "l0.g"],
  ]);
  assert.equal(isWritten(formula), true);
  assert.equal(textOf(formula), "c = f · c_prev + i · g");
});

test("a gate reads vectors, and x may be read from two directions", () => {
  const reads = [read("W_ii", "w", "0,:", 4), read("x", "l0.h", "0,1,:", 2), read("x", "l0_reverse.h", "0,1,:", 2)];
  const formula = formulaOf(answer({ formula: "i = σ(W_ii·x + b_ii)", apply: "sigmoid", reads }));
  assert.ok(formula);
  assert.equal(isWritten(formula), false);
  assert.deepEqual(formula.pieces.map(({ text }) => text), ["σ(", "W_ii", "·", "x", " + b_ii)"]);
  assert.equal(formula.pieces[3].reads.length, 2);
});

test("a copy names what it copies, what was given has no formula", () => {
  const reads = [read("h_n", "h_n", "0,1,2")];
  const terms = /** @type {Explained["terms"]} */ ([{ role: "same", symbol: "h_n" }]);
  const formula = formulaOf(answer({ tensor: "joined", formula: "joined = h_n of the top layer", terms, reads }));
  assert.ok(formula);
  assert.equal(textOf(formula), "joined = h_n");
  assert.deepEqual(formula.pieces, [{ text: "h_n", reads }]);
  assert.equal(formulaOf(answer({ terms: [] })), null);
});

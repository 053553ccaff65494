// The equation of a number out of the server's answer: letters in the colours of their gates over their numbers, vectors below.

import { fixed } from "../core/format.js";
import { formulaOf, isWritten, textOf } from "../core/formula.js";
import { exists, inside } from "../core/places.js";
import { spansIn } from "../core/reads.js";
import { el as make } from "../doors/dom.js";
import { cellLink, roleIn } from "./link.js";

/** @typedef {import("../types.js").CellAt} CellAt */
/** @typedef {import("../types.js").Context} Context */
/** @typedef {import("../types.js").Explained} Explained */
/** @typedef {import("../types.js").ReadRange} ReadRange */
/** @typedef {import("../types.js").Trace} Trace */
/** @typedef {import("../core/formula.js").Piece} Piece */

const VECTOR = 6; // numbers of a vector that are written out

/**
 * Nothing where nothing was computed.
 * @param {Explained} answer
 * @param {Trace} trace
 * @param {Context["say"]} say
 * @returns {HTMLElement[]}
 */
export function equationParts(answer, trace, say) {
  const formula = formulaOf(answer);
  if (!formula) return [];
  const home = { tensor: answer.tensor, index: answer.index };
  const own = roleIn(home.tensor);
  const whole = isWritten(formula);
  const groups = lines(formula.pieces).map((pieces) => make("span", {}, ...pieces.map((piece) => (whole ? term(piece, trace) : symbol(piece.text, roleOf(piece))))));
  const result = symbol(formula.result, own);
  groups[0]?.prepend(whole ? stacked(result, numberAt(answer.value, home, trace, own)) : result, " = ");
  const parts = [make("h3", {}, say("page.inspector.equation")), make("p", { class: "equation code", "data-formula": textOf(formula) }, ...groups)];
  if (!whole) {
    const read = formula.pieces.filter(({ text, reads }, k, all) => reads.some(({ tensor }) => tensor) && all.findIndex((one) => one.text === text) === k);
    for (const piece of read) parts.push(vectorLine(piece, trace, say));
  }
  const start = answer.reads.find(({ tensor }) => tensor !== null && /^[hc]_0$/.test(tensor) && inside(answer.tensor));
  if (start) parts.push(make("p", { class: "soft" }, say("page.inspector.start", { name: start.tensor ?? "" })));
  return parts;
}

/**
 * Every range that the number was computed from, for those who do not see them marked.
 * @param {Explained} answer
 * @param {Context["say"]} say
 */
export function sourceList({ tensor, index, reads }, say) {
  const items = reads.map(({ symbol: letters, tensor: of, parameter, index: at }) =>
    make("li", { "data-symbol": letters, "data-tensor": of, "data-parameter": parameter, "data-index": at }, `${letters}: ${of ?? parameter}[${at}]`),
  );
  return make("div", { class: "unseen", "data-testid": "sources", "data-tensor": tensor, "data-index": index.join() }, make("p", {}, say("page.inspector.reads")), make("ul", {}, ...items));
}

/** @param {Piece} piece @param {Trace} trace @param {Context["say"]} say */
function vectorLine(piece, trace, say) {
  const all = piece.reads.flatMap((read) => read.values.map((value, k) => ({ value, cell: cellIn(read, trace, k) })));
  const count = piece.reads.reduce((sum, read) => sum + read.count, 0);
  const shown = all.slice(0, VECTOR);
  const more = count > shown.length ? make("span", { class: "soft more" }, ` … ${say("page.inspector.more", { count: count - shown.length })}`) : null;
  const values = shown.flatMap(({ value, cell }, k) => [k ? ", " : "", numberAt(value, cell, trace)]);
  const one = count === 1;
  return make("p", { class: "vector code", "data-symbol": piece.text }, symbol(piece.text, roleOf(piece)), " = ", one ? "" : "[", ...values, more, one ? "" : "]");
}

/** The k-th number of a range. @param {ReadRange} read @param {Trace} trace @param {number} k @returns {CellAt | null} */
function cellIn({ tensor, index }, trace, k) {
  if (tensor === null || !Object.hasOwn(trace.tensors, tensor)) return null;
  const spans = spansIn(index, trace.tensors[tensor].shape);
  const along = spans.findIndex(([from, to]) => to - from > 1);
  return { tensor, index: spans.map(([from], axis) => (axis === along ? from + k : from)) };
}

/** A number that stands on the page leads there. @param {number | null} value @param {CellAt | null} cell @param {Trace} trace @param {string} [role] */
function numberAt(value, cell, trace, role) {
  return cell && exists(trace, cell) ? cellLink(cell, fixed(value), role) : make("span", { class: "cell-number" }, fixed(value));
}

/** The letter over its number. @param {Piece} piece @param {Trace} trace */
function term(piece, trace) {
  const [read] = piece.reads;
  if (!read) return piece.text;
  const role = roleOf(piece);
  return stacked(symbol(piece.text, role), numberAt(read.values[0], cellIn(read, trace, 0), trace, role));
}

/** @param {Node | string} letters @param {Node} number */
const stacked = (letters, number) => make("span", { class: "term" }, letters, number);

/** @param {string} letters @param {string} [role] */
const symbol = (letters, role) => (role ? make("b", { class: `role-${role}` }, letters) : letters);

/** What a letter stands for has its colour, whichever tensor x is read from. @param {Piece} piece */
function roleOf({ text, reads }) {
  const tensor = reads.find((read) => read.tensor)?.tensor;
  if (!tensor) return undefined;
  return text === "x" ? "x" : roleIn(tensor);
}

/** A long equation breaks before a plus. @param {Piece[]} pieces */
function lines(pieces) {
  /** @type {Piece[][]} */
  const found = [[]];
  for (const piece of pieces) {
    if (piece.text.startsWith(" + ")) found.push([]);
    found[found.length - 1].push(piece);
  }
  return found;
}

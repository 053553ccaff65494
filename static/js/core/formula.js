// The server's formula as pieces to write: signs, letters, and what each letter stands for in this answer.

/** @typedef {import("../types.js").Explained} Explained */
/** @typedef {import("../types.js").ReadRange} ReadRange */
/** @typedef {{text: string, reads: ReadRange[]}} Piece  reads: the ranges this letter names; none for a sign */
/** @typedef {{result: string, pieces: Piece[]}} Formula */

const LETTERS = /([A-Za-z_]\w*)/;

/**
 * Null where nothing was computed. A copy is written with what it copies: the server's line says it in English words.
 * @param {Pick<Explained, "tensor" | "formula" | "apply" | "terms" | "reads">} answer
 * @returns {Formula | null}
 */
export function formulaOf({ tensor, formula, apply, terms, reads }) {
  if (!terms.length) return null;
  if (terms.length === 1 && terms[0].role === "same" && apply === "identity") return { result: tensor, pieces: [{ text: terms[0].symbol, reads }] };
  const cut = formula.indexOf(" = ");
  const pieces = formula.slice(cut + 3).split(LETTERS).filter(Boolean).map((text) => ({ text, reads: reads.filter(({ symbol }) => symbol === text) }));
  return { result: formula.slice(0, cut), pieces: joined(pieces) };
}

/** Signs that stand side by side are one piece. @param {Piece[]} pieces */
function joined(pieces) {
  /** @type {Piece[]} */
  const found = [];
  for (const piece of pieces) {
    const last = found.at(-1);
    if (last && !last.reads.length && !piece.reads.length && !piece.text.startsWith(" + ")) found[found.length - 1] = { text: last.text + piece.text, reads: [] };
    else found.push(piece);
  }
  return found;
}

/** The line as text. @param {Formula} formula */
export const textOf = ({ result, pieces }) => `${result} = ${pieces.map(({ text }) => text).join("")}`;

/**
 * Can every letter stand over its one number?
 * @param {Formula} formula
 */
export const isWritten = ({ pieces }) => pieces.every(({ reads }) => reads.length < 2 && reads.every(({ count }) => count === 1));

// One number's products sorted for reading: those by themselves, the biases, the rest as sums.

/** @typedef {import("../types.js").Explained} Explained */
/** @typedef {import("../types.js").Product} Product */

/**
 * What a table shows in this order. A bias that fell under the limit is a sum of one, so it still has a row of its own.
 * @param {Product[]} terms
 */
export function sorted(terms) {
  const isBias = (/** @type {Product} */ { role, count }) => role.endsWith("_bias") && count === 1;
  return {
    products: terms.filter((term) => term.factors.length > 0 && !isBias(term)),
    rests: terms.filter((term) => term.factors.length === 0 && !isBias(term)).map((term) => ({ ...term, symbol: bare(term.symbol) })),
    biases: terms
      .filter(isBias)
      .map((term) => ({ ...term, symbol: bare(term.symbol) }))
      .sort((a, b) => INPUT_FIRST.indexOf(a.role) - INPUT_FIRST.indexOf(b.role)),
  };
}

const INPUT_FIRST = ["input_bias", "state_bias"];

/** "Σ W_ii · x" without its sign: the row says in words that it is a sum. @param {string} symbol */
const bare = (symbol) => symbol.replace(/^Σ /, "");

const FUNCTIONS = { identity: "", sigmoid: "σ", tanh: "tanh", relu: "relu", softmax: "softmax", log_softmax: "log_softmax", argmax: "argmax", negative: "−", square: "" };

/**
 * The function over the sum, with the sum in it; null where the sum is the value.
 * @param {Explained} answer
 * @param {string} sum
 */
export function applied({ apply, terms }, sum) {
  if (apply === "identity" || !terms.length) return null;
  if (apply === "square") return `(${sum})²`;
  return apply.endsWith("max") ? FUNCTIONS[apply] : `${FUNCTIONS[apply]}(${sum})`;
}

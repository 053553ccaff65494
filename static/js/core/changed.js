// What the changes by hand did, ready to be listed: which tensors, the prediction's numbers, and the steps as columns.

/** @typedef {import("../hands.types.js").Change} Change */
/** @typedef {import("../types.js").Nested} Nested */

/** The tensors that differ, the largest first (what is not finite before all), and the names of the rest. @param {Change[]} tensors */
export function sorted(tensors) {
  const size = (/** @type {Change} */ { max_abs_diff }) => max_abs_diff ?? Infinity;
  return {
    differ: tensors.filter((one) => size(one) > 0).sort((a, b) => size(b) - size(a)),
    same: tensors.filter((one) => size(one) === 0).map(({ name }) => name),
  };
}

/**
 * Every number with its index, in order.
 * @param {Nested} nested
 * @param {number[]} [index]
 * @returns {{index: number[], value: number | null}[]}
 */
export function numbersIn(nested, index = []) {
  return Array.isArray(nested) ? nested.flatMap((one, k) => numbersIn(one, [...index, k])) : [{ index, value: nested }];
}

/**
 * The largest of each stretch of steps, so that at most `most` columns are left. What is not finite wins.
 * @param {(number | null)[]} steps
 * @param {number} most
 * @returns {{from: number, to: number, value: number | null}[]} [from, to)
 */
export function columns(steps, most) {
  const each = Math.max(1, Math.ceil(steps.length / most));
  return Array.from({ length: Math.ceil(steps.length / each) }, (_, k) => {
    const part = steps.slice(k * each, (k + 1) * each);
    return { from: k * each, to: k * each + part.length, value: part.includes(null) ? null : Math.max(...part.map(Number)) };
  });
}

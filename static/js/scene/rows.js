// How the pipeline breaks into rows: few rows, evenly filled, final states beside the output they come from.

/** @typedef {import("./layout.js").Item} Item */

const BREAK = { with: 2.5, "": 0.35, new: 0 }; // what a break before a block costs, in rows

/**
 * The cheapest way to break the items into rows no wider than `inner`. An item that is wider stands alone.
 * @param {Item[]} items @param {number} inner @returns {Item[][]}
 */
export function wrap(items, inner) {
  const width = (/** @type {Item} */ item) => item.w + (item.lead?.w ?? 0);
  /** best[k]: the cost of the items before k and where their last row begins @type {{cost: number, from: number}[]} */
  const best = [{ cost: 0, from: 0 }];
  for (let end = 1; end <= items.length; end++) {
    best[end] = { cost: Infinity, from: end - 1 };
    let used = 0;
    for (let from = end - 1; from >= 0; from--) {
      used += width(items[from]);
      if (used > inner && from < end - 1) break;
      const empty = Math.max(0, 1 - used / inner);
      const cost = best[from].cost + 1 + 0.4 * empty ** 2 + (from > 0 ? breakCost(items[from]) : 0);
      if (cost < best[end].cost) best[end] = { cost, from };
    }
  }
  /** @type {Item[][]} */
  const rows = [];
  for (let end = items.length; end > 0; end = best[end].from) rows.unshift(items.slice(best[end].from, end));
  return rows;
}

/** @param {Item} item the first of a new row */
const breakCost = ({ flow }) => BREAK[flow];

/** Many rows, and breaks between what belongs together. @param {Item[][]} rows */
export const badness = (rows) => rows.reduce((sum, [first], k) => sum + 1 + (k > 0 ? breakCost(first) : 0), 0);

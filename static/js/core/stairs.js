// Runs of equal numbers in a row: the steps of the stairs that packing cuts a batch into.

/**
 * [3, 3, 2, 1] as [{ size: 3, steps: 2 }, { size: 2, steps: 1 }, { size: 1, steps: 1 }]
 * @param {number[]} sizes
 */
export function stairs(sizes) {
  /** @type {{size: number, steps: number}[]} */
  const runs = [];
  for (const size of sizes) {
    const last = runs.at(-1);
    if (last?.size === size) last.steps += 1;
    else runs.push({ size, steps: 1 });
  }
  return runs;
}

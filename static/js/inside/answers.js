// How every number of one cell was made: one question to the server for each gate and state, kept for a while.

import { QUANTITIES, limitFor } from "./facts.js";

/** @typedef {import("../types.js").Context} Context */
/** @typedef {import("../types.js").Explained} Explained */
/** @typedef {import("../types.js").Trace} Trace */

const MOST = 80; // answers kept

/** @param {Context} context @param {() => void} arrived */
export function createAnswers(context, arrived) {
  /** @type {Map<string, {[name: string]: Explained} | null>} null: could not be had */
  const kept = new Map();
  let asking = new AbortController();
  let wanted = "";

  /** @param {string} key @param {(signal: AbortSignal) => Promise<{[name: string]: Explained}>} ask */
  function get(key, ask) {
    const have = kept.get(key);
    if (have !== undefined || wanted === key) return have;
    asking.abort();
    asking = new AbortController();
    wanted = key;
    const { signal } = asking;
    void ask(signal).catch(() => null).then((found) => {
      if (signal.aborted) return;
      wanted = "";
      kept.set(key, found);
      for (const oldest of kept.keys()) {
        if (kept.size <= MOST) break;
        kept.delete(oldest);
      }
      arrived();
    });
    return undefined;
  }

  /** @param {string} tensor @param {number[]} index @param {number} limit @param {AbortSignal} signal */
  const explain = async (tensor, index, limit, signal) => /** @type {Explained} */ (await context.part("explain", { tensor, index: index.join(), limit }, signal));

  return {
    /** Of one cell: undefined while on the way. @param {Trace} trace @param {string} lang @param {string} row @param {number[]} at  N, T, unit */
    cell(trace, lang, row, at) {
      const { cell, proj_size: P } = trace.request.model;
      return get(`${trace.id} ${lang} ${row} ${at}`, async (signal) => {
        const found = await Promise.all(QUANTITIES[cell].map((q) => explain(`${row}.${q}`, q === "h" && P ? [at[0], at[1], Math.min(at[2], P - 1)] : at, limitFor(cell, q, P > 0), signal)));
        return Object.fromEntries(QUANTITIES[cell].map((q, k) => [q, found[k]]));
      });
    },
    /** Of one number. @param {Trace} trace @param {string} lang @param {import("../types.js").CellAt} cell @param {number} limit */
    number(trace, lang, { tensor, index }, limit) {
      return get(`${trace.id} ${lang} ${tensor} ${index} =`, async (signal) => ({ answer: await explain(tensor, index, limit, signal) }));
    },
    stop: () => asking.abort(),
  };
}

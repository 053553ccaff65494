// Asks how the chosen number was made: a kept one at once, another when the pointer rests; answers are kept for a while.

import { answerFor, chosen, key } from "./core/chosen.js";

/** @typedef {import("./types.js").AppState} AppState */
/** @typedef {import("./types.js").CellAt} CellAt */
/** @typedef {import("./types.js").Explained} Explained */
/** @typedef {import("./types.js").Store} Store */
/** @typedef {{after: (ms: number, then: () => void) => () => void}} Clock  gives back what calls it off */

const REST = 70; // ms the pointer rests before its number is asked for
const MOST = 300; // answers kept of one trace
export const LIMIT = 12; // products by themselves; the rest as sums

/**
 * @param {Store} store
 * @param {(cell: CellAt, limit: number, signal: AbortSignal) => Promise<Explained>} explain
 * @param {Clock} clock
 * @returns {() => void} stop
 */
export function createExplaining(store, explain, clock) {
  /** The newest last. @type {Map<string, Explained>} */
  const kept = new Map();
  let of = "";
  let wanted = "";
  let asking = new AbortController();
  let callOff = () => {};

  function follow() {
    const state = store.get();
    if (!state.trace) return;
    const about = `${state.trace.id} ${state.lang}`;
    if (about !== of) {
      of = about;
      kept.clear();
      forget();
      if (state.explained) store.set({ explained: null });
    }
    const { home, how } = chosen(store.get());
    const name = key(home);
    if (answerFor(store.get(), home)) return forget();
    const here = kept.get(name);
    if (here) {
      forget();
      kept.delete(name);
      kept.set(name, here);
      return store.set({ explained: { cell: home, answer: here } });
    }
    if (wanted === `${how} ${name}`) return;
    forget();
    wanted = `${how} ${name}`;
    const { signal } = asking;
    callOff = clock.after(how === "pinned" ? 0 : REST, () => void ask(home, signal));
  }

  /** @param {CellAt} home @param {AbortSignal} signal */
  async function ask(home, signal) {
    const answer = await explain(home, LIMIT, signal).catch(() => null);
    if (signal.aborted) return;
    if (answer) keep(key(home), answer);
    store.set({ explained: { cell: home, answer } });
  }

  /** @param {string} name @param {Explained} answer */
  function keep(name, answer) {
    kept.set(name, answer);
    for (const oldest of kept.keys()) {
      if (kept.size <= MOST) break;
      kept.delete(oldest);
    }
  }

  function forget() {
    callOff();
    asking.abort();
    asking = new AbortController();
    wanted = "";
  }

  const watched = /** @type {const} */ (["trace", "lang", "cursor", "pinned", "row", "n", "t", "explained"]);
  const unsubscribe = store.subscribe((state, previous) => {
    if (watched.some((name) => state[name] !== previous[name])) follow();
  });
  follow();
  return () => {
    unsubscribe();
    forget();
  };
}

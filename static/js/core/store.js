// One place for the page's state; whoever subscribed hears of every change, and of nothing else.

/** @typedef {import("../types.js").AppState} AppState */
/** @typedef {import("../types.js").CellAt} CellAt */
/** @typedef {import("../types.js").Store} Store */

/**
 * A store that tells its subscribers about each change once, in order.
 * @param {AppState} initial
 * @returns {Store}
 */
export function createStore(initial) {
  let state = initial;
  /** @type {Set<(state: AppState, previous: AppState) => void>} */
  const listeners = new Set();

  let telling = false;

  /** @param {AppState} told the state everybody knows about */
  function tell(told) {
    telling = true;
    try {
      // A listener may set the store itself: everybody hears of this change first, then of that one.
      while (told !== state) {
        const now = state;
        for (const listener of [...listeners]) if (listeners.has(listener)) listener(now, told);
        told = now;
      }
    } finally {
      telling = false;
    }
  }

  return {
    get: () => state,
    set(patch) {
      const keys = /** @type {(keyof AppState)[]} */ (Object.keys(patch));
      if (keys.every((key) => same(state[key], patch[key]))) return;
      const previous = state;
      state = { ...state, ...patch };
      if (!telling) tell(previous);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
  };
}

/**
 * Equal values; two cells are equal when they name the same number.
 * @param {unknown} a
 * @param {unknown} b
 */
function same(a, b) {
  if (Object.is(a, b)) return true;
  return isCell(a) && isCell(b) && a.tensor === b.tensor && a.index.join() === b.index.join();
}

/**
 * @param {unknown} value
 * @returns {value is CellAt}
 */
function isCell(value) {
  return typeof value === "object" && value !== null && "tensor" in value && "index" in value && Array.isArray(value.index);
}

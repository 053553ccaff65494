// What the browser remembers of this page between visits; where it keeps nothing, what is said in this one.

/**
 * @typedef {object} Memory
 * @property {(name: string) => string | null} get
 * @property {(name: string, value: string) => void} set
 */

const PREFIX = "unrolled.";

/**
 * @param {Pick<Window, "localStorage">} window  reading its storage may throw, where cookies are refused
 * @returns {Memory}
 */
export function createMemory(window) {
  /** @type {Map<string, string>} */
  const visit = new Map();
  return {
    get(name) {
      if (visit.has(name)) return visit.get(name) ?? null;
      try {
        return window.localStorage.getItem(PREFIX + name);
      } catch {
        return null;
      }
    },
    set(name, value) {
      visit.set(name, value);
      try {
        window.localStorage.setItem(PREFIX + name, value);
      } catch {
        // this visit still knows
      }
    },
  };
}

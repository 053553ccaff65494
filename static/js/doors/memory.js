// What the browser remembers of this page between visits; where it keeps nothing, the tab does as long as it is open.

/**
 * @typedef {object} Memory
 * @property {(name: string) => string | null} get
 * @property {(name: string, value: string) => void} set
 */

const PREFIX = "unrolled.";

/**
 * @param {Pick<Window, "localStorage" | "name">} window  reading its storage throws where cookies are refused
 * @returns {Memory}
 */
export function createMemory(window) {
  const tab = new URLSearchParams(window.name.startsWith(PREFIX) ? window.name.slice(PREFIX.length) : "");
  return {
    get(name) {
      if (tab.has(name)) return tab.get(name);
      try {
        return window.localStorage.getItem(PREFIX + name);
      } catch {
        return null;
      }
    },
    set(name, value) {
      try {
        window.localStorage.setItem(PREFIX + name, value);
      } catch {
        tab.set(name, value);
        window.name = PREFIX + tab; // outlives a reload of this tab, and nothing more
      }
    },
  };
}

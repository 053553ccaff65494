// Blocks of numbers for painting: at once when they are here, else asked for once, and a call when they have come.

/** @typedef {import("../types").Block} Block */
/** @typedef {import("../types").Context} Context */
/** @typedef {import("../types").IndexPart} IndexPart */
/** @typedef {{read(name: string, index: IndexPart[]): Block | null, failed(): boolean, stop(): void}} Reader */

const PAUSE = 5000; // ms: what failed is asked for again by a later repaint, not at once and for ever

/**
 * @param {Context} context
 * @param {() => void} arrived something that was asked for has come, or will not come
 * @returns {Reader}
 */
export function createReader(context, arrived) {
  /** What is on its way, or since when it could not be had, for one trace's tensors. @type {Map<string, "coming" | number>} */
  const asked = new Map();
  let of = context.tensors;
  let stopped = false;

  return {
    read(name, index) {
      const tensors = context.tensors;
      if (tensors !== of) {
        of = tensors;
        asked.clear();
      }
      const here = tensors.peek(name, index);
      if (here) return here;
      const key = `${name}[${index.map((part) => (part === null ? ":" : String(part).replace(",", ":"))).join()}]`;
      const state = asked.get(key);
      if (state === undefined || (typeof state === "number" && performance.now() - state > PAUSE)) {
        asked.set(key, "coming");
        tensors.slice(name, index).then(
          () => {
            if (stopped || of !== tensors) return;
            asked.delete(key);
            arrived();
          },
          () => {
            if (stopped || of !== tensors) return;
            asked.set(key, performance.now());
            arrived();
          },
        );
      }
      return null;
    },
    failed: () => [...asked.values()].some((state) => typeof state === "number"),
    stop() {
      stopped = true;
    },
  };
}

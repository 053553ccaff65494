// The whole screen, where the browser gives it: only after a press, and never a reason to fail.

/**
 * @param {Document} document
 * @param {AbortSignal} signal
 * @param {() => void} left  the reader left the whole screen by the browser's own key
 */
export function createScreen(document, signal, left) {
  let whole = false;
  document.addEventListener(
    "fullscreenchange",
    () => {
      const was = whole;
      whole = document.fullscreenElement !== null;
      if (was && !whole) left();
    },
    { signal },
  );
  return {
    enter() {
      if (document.fullscreenEnabled) document.documentElement.requestFullscreen().catch(() => {}); // without a press it is refused
    },
    leave() {
      whole = false; // this time it is our own wish
      if (document.fullscreenElement) document.exitFullscreen().catch(() => {});
    },
  };
}

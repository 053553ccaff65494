// What lies over the page and how it closes; which keys are the page's own.

/** Fields that take the characters themselves. */
const TYPED = 'textarea, select, [contenteditable], input:not([type="checkbox"], [type="radio"], [type="range"])';

/**
 * The key of an event that is meant for the page: not written into a field, not with Ctrl, not under an open sheet.
 * @param {KeyboardEvent} event
 * @returns {string | null}
 */
export function keyOf(event) {
  if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey) return null;
  const at = event.target instanceof Element ? event.target : null;
  return at?.closest(`${TYPED}, dialog`) ? null : event.key;
}

/**
 * A sheet closes by its button and by a press beside it; Escape and where the focus goes back to are the browser's.
 * @param {HTMLDialogElement} sheet
 * @param {AbortSignal} signal
 */
export function closes(sheet, signal) {
  sheet.addEventListener(
    "click",
    ({ target }) => {
      if (target === sheet || (target instanceof Element && target.closest('[data-do="close"]'))) sheet.close();
    },
    { signal },
  );
}

// The sheet with every key, and the other sheets' way in and out: a button, `?`, Escape.

import { closes, keyOf } from "../doors/sheets.js";
import { find } from "../doors/dom.js";

const OFF = "keys"; // in the browser's memory: "off" where keys of one character are none

/** @type {import("../types.js").Mount} */
export function mountHelp(el, store, context) {
  const life = new AbortController();
  const { signal } = life;
  const sheet = /** @type {HTMLDialogElement} */ (el);
  /** @type {HTMLInputElement} */
  const single = find(el, '[data-role="single"]');
  closes(sheet, signal);
  single.checked = context.memory.get(OFF) !== "off";
  single.addEventListener("change", () => context.memory.set(OFF, single.checked ? "on" : "off"), { signal });
  document.addEventListener(
    "click",
    ({ target }) => {
      const button = target instanceof Element ? target.closest("[data-open]") : null;
      const name = button?.getAttribute("data-open");
      if (name) /** @type {HTMLDialogElement} */ (find(document, `#${name}`)).showModal();
    },
    { signal },
  );
  document.addEventListener(
    "keydown",
    (event) => {
      if (keyOf(event) !== "?" || context.memory.get(OFF) === "off") return;
      event.preventDefault();
      sheet.showModal();
    },
    { signal },
  );
  return () => life.abort();
}

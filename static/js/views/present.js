// Before a class: the scene and its caption alone, a spot that follows the pointer, the dark, and the way out.

import { find } from "../doors/dom.js";
import { createScreen } from "../doors/screen.js";
import { keyOf } from "../doors/sheets.js";

const IDLE = 2500; // ms until the spot fades

/** @type {import("../types.js").Mount} */
export function mountPresent(el, store, context) {
  const life = new AbortController();
  const { signal } = life;
  const { body } = document;
  const spot = find(document, "#spot");
  const blackout = find(document, "#blackout");
  const black = find(el, '[data-do="black"]');
  const button = find(document, '#masthead [data-do="present"]');
  let fading = 0;
  const screen = createScreen(document, signal, leave);

  function enter() {
    screen.enter();
    context.ask({ present: true });
    el.focus({ preventScroll: true });
  }

  function leave() {
    darken(false);
    screen.leave();
    context.ask({ present: false });
    button.focus({ preventScroll: true });
  }

  /** @param {boolean} dark */
  function darken(dark) {
    blackout.hidden = !dark;
    blackout.textContent = dark ? context.say("present.dark") : ""; // said, not shown
    black.setAttribute("aria-pressed", String(dark));
  }

  /** The page's own time bar does the step, whatever a step is there. @param {"back" | "step"} way */
  const step = (way) => find(document, `#timeline [data-do="${way}"]`).click();

  button.addEventListener("click", enter, { signal });
  blackout.addEventListener("click", () => darken(false), { signal });
  el.addEventListener(
    "click",
    ({ target }) => {
      const pressed = target instanceof Element ? target.closest("button")?.dataset.do : undefined;
      if (pressed === "back" || pressed === "step") step(pressed);
      else if (pressed === "black") darken(Boolean(blackout.hidden));
      else if (pressed === "leave") leave();
    },
    { signal },
  );
  document.addEventListener(
    "keydown",
    (event) => {
      const key = keyOf(event);
      const { present } = store.get();
      const single = context.memory.get("keys") !== "off";
      if (key === "Escape" && present) {
        if (blackout.hidden) leave();
        else darken(false);
      } else if (present && (key === "b" || key === "B" || key === ".")) darken(Boolean(blackout.hidden));
      else if (!present && single && (key === "p" || key === "P")) enter();
      else return;
      event.preventDefault();
    },
    { signal },
  );
  for (const type of /** @type {const} */ (["pointermove", "pointerdown"])) document.addEventListener(type, follow, { signal });

  /** @param {PointerEvent} event */
  function follow({ clientX, clientY }) {
    if (!store.get().present) return;
    spot.style.translate = `${clientX}px ${clientY}px`;
    spot.classList.add("is-seen");
    window.clearTimeout(fading);
    fading = window.setTimeout(() => spot.classList.remove("is-seen"), IDLE);
  }

  function draw() {
    const { present } = store.get();
    body.toggleAttribute("data-present", present);
    el.hidden = spot.hidden = !present;
    if (!present) darken(false);
  }
  draw();
  const unsubscribe = store.subscribe((state, previous) => {
    if (state.present !== previous.present) draw();
  });
  return () => {
    window.clearTimeout(fading);
    unsubscribe();
    life.abort();
  };
}

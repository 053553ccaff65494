// A first visit explains itself: the example plays once, three hints stand in a corner, and neither comes again.

import { find } from "../doors/dom.js";

const VISITED = "visited"; // in the browser's memory

/** @type {import("../types.js").Mount} */
export function mountHints(el, store, context) {
  const life = new AbortController();
  const { signal } = life;
  const hint = find(el, '[data-role="hint"]');
  const which = find(el, '[data-role="which"]');
  const next = find(el, '[data-do="next"]');
  const keys = [context.reducedMotion() ? "hints.still" : "hints.play", "hints.point", "hints.change"];
  let at = 0;

  // Whoever follows a link is shown what the link says, and nothing moves by itself.
  const first = window.location.search === "" && !context.memory.get(VISITED) && store.get().trace !== null;
  if (first) {
    context.memory.set(VISITED, "yes");
    el.hidden = false;
    draw();
    if (!context.reducedMotion()) find(document, '#timeline [data-do="play"]').click();
  }

  function draw() {
    if (el.hidden) return;
    const { say } = context;
    hint.textContent = say(keys[at]);
    which.textContent = `${at + 1} / ${keys.length}`;
    next.textContent = say(at < keys.length - 1 ? "hints.next" : "hints.done");
  }
  function close() {
    const inside = el.contains(document.activeElement);
    el.hidden = true;
    if (inside) find(document, "#scene").focus({ preventScroll: true }); // the focus does not fall off the page
  }

  next.addEventListener("click", () => {
    if (at === keys.length - 1) return close();
    at += 1;
    draw();
  }, { signal });
  find(el, '[data-do="close"]').addEventListener("click", close, { signal });
  el.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    close();
  }, { signal });
  const unsubscribe = store.subscribe((state, previous) => {
    if (state.lang !== previous.lang) draw();
  });
  return () => {
    unsubscribe();
    life.abort();
  };
}

// What is done by hand to this run, one sentence each, and the way to take it back.

import { parse, sentence, without } from "../core/hands.js";
import { el as make } from "../doors/dom.js";

/** @type {import("../types.js").Mount} */
export function mountHands(el, store, context) {
  const life = new AbortController();

  el.addEventListener(
    "click",
    (event) => {
      const link = event.target instanceof Element ? event.target.closest("a") : null;
      if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault(); // the address it leads to is for those without this script
      const place = link.dataset.hand;
      context.ask({ interventions: place ? without(store.get().asked.interventions, Number(place)) : "" });
      focusLink(Number(place ?? 0));
    },
    { signal: life.signal },
  );

  /** The focus stays in the list, on what took the place of the one that went. @param {number} place */
  function focusLink(place) {
    const links = el.querySelectorAll("a");
    (links[Math.min(place, links.length - 1)] ?? el).focus();
  }

  function draw() {
    const focused = [...el.querySelectorAll("a")].findIndex((link) => link === document.activeElement);
    write();
    if (focused >= 0) focusLink(focused);
  }

  function write() {
    const { asked, trace } = store.get();
    const { say } = context;
    const changes = parse(asked.interventions);
    el.toggleAttribute("data-none", changes.length === 0);
    if (changes.length === 0) return void el.replaceChildren();
    const back = (/** @type {string} */ says, /** @type {string | null} */ place, /** @type {string} */ label) =>
      make("a", { href: "/", class: place === null ? "hands-all" : "hand-back", "data-hand": place, "aria-label": label }, says);
    const items = changes.map((change, k) => {
      const says = sentence(say, change, trace?.text?.vocabulary ?? []);
      return make("li", { class: "hand" }, make("span", { dir: "auto" }, says), back("×", String(k), say("hands.back", { says })));
    });
    el.replaceChildren(make("b", { class: "hands-title" }, say("hands.title")), make("ul", { class: "hand-list" }, ...items), back(say("hands.back.all"), null, say("hands.back.all")));
  }

  draw();
  const unsubscribe = store.subscribe((state, previous) => {
    if (state.asked.interventions !== previous.asked.interventions || state.trace !== previous.trace || state.lang !== previous.lang) draw();
  });
  return () => {
    unsubscribe();
    life.abort();
  };
}

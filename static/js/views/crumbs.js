// Where in the scene we are: a path of crumbs from the whole to here, a way in and a way back out, and the passage between.

import { crumbs, parse } from "../core/zoom.js";
import { el as make, find } from "../doors/dom.js";
import { passage } from "../scene/passage.js";
import { goTo, zoomIn, zoomOut } from "../scene/zooming.js";

/** @typedef {import("../core/zoom.js").Crumb} Crumb */

const DEPTHS = ["whole", "block", "slice", "cell", "number"];

/** @type {import("../types.js").Mount} */
export function mountCrumbs(el, store, context) {
  const life = new AbortController();
  const { signal } = life;
  const stage = /** @type {HTMLElement} */ (find(/** @type {HTMLElement} */ (el.closest(".figure")), ".zoom-stage"));
  const list = make("ol", { class: "crumb-list" });
  const outward = make("button", { type: "button", class: "icon", "data-zoom": "out" }, "−");
  const inward = make("button", { type: "button", class: "icon", "data-zoom": "in" }, "+");
  const how = make("p", { class: "soft crumb-how" });
  el.replaceChildren(list, how, make("div", { class: "crumb-ways" }, outward, inward));
  /** @type {Crumb[]} */
  let path = [];
  /** Where the pointer was last: what is gone into grows from there. @type {{x: number, y: number, at: number}} */
  let last = { x: 0, y: 0, at: -Infinity };

  el.addEventListener("click", ({ target }) => {
    const button = target instanceof Element ? target.closest("button") : null;
    if (button === inward) zoomIn(store, null);
    else if (button === outward) zoomOut(store);
    else if (button?.dataset.level) {
      const crumb = path.find(({ level }) => level === button.dataset.level);
      if (crumb) goTo(store, crumb.zoom);
    }
  }, { signal });
  stage.addEventListener("pointermove", ({ clientX, clientY, timeStamp }) => (last = { x: clientX, y: clientY, at: timeStamp }), { signal, capture: true });
  stage.addEventListener("pointerdown", ({ clientX, clientY, timeStamp }) => (last = { x: clientX, y: clientY, at: timeStamp }), { signal, capture: true });
  // one key back out, from wherever on the page nothing else takes it
  document.addEventListener("keydown", (event) => {
    const back = event.key === "Escape" || event.key === "Backspace";
    const typing = event.target instanceof Element && event.target.closest("input:not([type=range]), select, textarea, dialog, [contenteditable]");
    if (!back || typing || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (zoomOut(store)) event.preventDefault();
  }, { signal });

  function draw() {
    const { trace, zoom, t, n } = store.get();
    const { say } = context;
    path = crumbs(trace, parse(zoom), { n, t });
    const here = path.length - 1;
    const held = list.contains(document.activeElement) ? document.activeElement?.getAttribute("data-level") : null;
    el.setAttribute("aria-label", say("zoom.path"));
    list.replaceChildren(...path.map((crumb, k) => make("li", {}, make("button", { type: "button", class: "crumb", "data-level": crumb.level, "aria-current": k === here ? "location" : null }, wordsOf(crumb)))));
    how.textContent = say(here ? "zoom.back" : "zoom.how");
    for (const [button, key] of /** @type {const} */ ([[outward, "zoom.out"], [inward, "zoom.in"]])) {
      button.setAttribute("aria-label", say(key));
      button.title = say(key);
    }
    outward.toggleAttribute("aria-disabled", here === 0);
    inward.toggleAttribute("aria-disabled", path[here].level === "number");
    if (held) /** @type {HTMLElement | null} */ (list.querySelector(`[data-level="${held}"], li:last-child button`))?.focus();
  }

  /** @param {Crumb} crumb */
  function wordsOf({ level, name, index, followed }) {
    const { say } = context;
    if (level === "whole") return say("zoom.whole");
    if (level === "block") return name;
    if (level === "slice") return followed ? `t = ${index}` : `[${index}]`;
    return level === "cell" ? say("zoom.unit", { unit: index ?? 0 }) : say("zoom.products", { name });
  }

  draw();
  const forget = store.subscribe((state, previous) => {
    if (state.zoom !== previous.zoom && !context.reducedMotion()) {
      const deeper = DEPTHS.indexOf(parse(state.zoom).level) > DEPTHS.indexOf(parse(previous.zoom).level);
      const box = stage.getBoundingClientRect();
      const inside = last.x >= box.left && last.x <= box.right && last.y >= box.top && last.y <= box.bottom;
      passage(stage, deeper, inside ? [last.x - box.left, last.y - box.top] : [box.width / 2, Math.min(box.height, 500) / 2]);
    }
    if (["trace", "zoom", "t", "n", "lang"].some((key) => state[/** @type {"t"} */ (key)] !== previous[/** @type {"t"} */ (key)])) draw();
  });
  return () => {
    forget();
    life.abort();
    el.replaceChildren();
  };
}

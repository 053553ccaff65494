// How the cubes of the scene lie: which axis is cut, what becomes of the slice, and which unit a cut along the last axis is at.

import { widest } from "../core/places.js";
import { find } from "../doors/dom.js";

/** @typedef {import("../types.js").AppState} AppState */

/** @type {import("../types.js").Mount} */
export function mountCutting(el, store) {
  const life = new AbortController();
  const { signal } = life;
  const radios = /** @type {HTMLInputElement[]} */ ([...el.querySelectorAll('input[type="radio"]')]);
  /** @type {HTMLInputElement} */
  const unit = find(el, '[data-role="unit"]');

  el.addEventListener("change", ({ target }) => {
    if (!(target instanceof HTMLInputElement)) return;
    const { name, value } = target;
    if (name === "pose") store.set({ pose: /** @type {AppState["pose"]} */ (value) });
    else if (name === "cut") store.set({ cut: /** @type {AppState["cut"]} */ (value) });
  }, { signal });
  unit.addEventListener("input", () => {
    const wanted = unit.valueAsNumber;
    if (Number.isInteger(wanted) && wanted >= 0 && wanted < widest(store.get().trace)) store.set({ unit: wanted });
  }, { signal });
  unit.addEventListener("blur", draw, { signal });

  function draw() {
    const { pose, cut, unit: at, trace } = store.get();
    el.hidden = trace.tensors.output.shape.length < 3;
    for (const radio of radios) radio.checked = radio.value === (radio.name === "pose" ? pose : cut);
    find(el, ".unit").hidden = cut !== "F";
    unit.max = String(widest(trace) - 1);
    if (unit.valueAsNumber !== at) unit.value = String(at);
  }
  draw();
  const unsubscribe = store.subscribe((state, previous) => {
    const watched = /** @type {const} */ (["pose", "cut", "unit", "trace"]);
    if (watched.some((key) => state[key] !== previous[key])) draw();
  });
  return () => {
    life.abort();
    unsubscribe();
  };
}

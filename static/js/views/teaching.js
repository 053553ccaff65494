// A teacher's link at work: the parts that it leaves out, the controls that it holds fast.

import { locked, namesOf } from "../core/teaching.js";

/** @type {import("../types.js").Mount} */
export function mountTeaching(el, store) {
  const body = el.ownerDocument.body;
  /** @type {Set<string>} */
  let before = new Set();

  function draw() {
    const { hide, lock } = store.get();
    mark("hide", hide);
    mark("lock", lock);
    const now = locked(lock);
    for (const key of new Set([...before, ...now])) hold(key, now.has(key));
    before = now;
  }

  /** For the style sheet. @param {string} name @param {string} list */
  function mark(name, list) {
    if (list) body.dataset[name] = namesOf(list).join(" ");
    else delete body.dataset[name];
  }

  /** @param {string} key @param {boolean} held */
  function hold(key, held) {
    const named = `[data-arg="${key}"], [data-for="${key}"], [data-arg^="${key}-"]`;
    const controls = key === "text" ? el.querySelectorAll("fieldset.input") : el.querySelectorAll(named);
    for (const control of /** @type {NodeListOf<HTMLInputElement>} */ (controls)) control.disabled = held;
  }

  draw();
  const unsubscribe = store.subscribe((state, previous) => {
    // the views before this one have just said what is enabled by itself
    if (state.hide !== previous.hide || state.lock !== previous.lock || (state.lock && state.asked !== previous.asked)) draw();
  });
  return unsubscribe;
}

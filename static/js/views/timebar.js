// One variable t: play, step and scrub move it; the tokens of the chosen sample are its steps.

import { windowAround } from "../core/format.js";
import { sampleName, sizes, trueLengths } from "../core/places.js";
import { readsAt } from "../core/task.js";
import { el as make, fillMenu, find } from "../doors/dom.js";

/** @typedef {import("../types.js").Trace} Trace */

const BEAT = 700; // ms a step while playing
const BEGINNING = 28; // characters of a sentence in the menu
const MOST_STEPS = 40; // steps shown as buttons; longer sequences show the stretch around t

/** @type {import("../types.js").Mount} */
export function mountTimebar(el, store, context) {
  const life = new AbortController();
  const { signal } = life;
  /** @type {HTMLInputElement} */
  const scrub = find(el, ".scrub");
  /** @type {HTMLSelectElement} */
  const sample = find(el, 'select[data-arg="n"]');
  const steps = find(el, ".steps");
  const now = find(el, '[data-role="t-now"]');
  const play = find(el, '[data-do="play"]');
  let beat = 0;

  const last = () => sizes(store.get().trace).steps - 1;
  const go = (/** @type {number} */ t) => store.set({ t: Math.min(Math.max(0, t), last()) });
  const actions = /** @type {{[name: string]: () => void}} */ ({
    back: () => (store.set({ playing: false }), go(store.get().t - 1)),
    step: () => (store.set({ playing: false }), go(store.get().t + 1)),
    play: () => {
      const { playing, t } = store.get();
      if (!playing && t === last()) go(0);
      store.set({ playing: !playing });
    },
  });

  el.addEventListener(
    "click",
    ({ target }) => {
      const button = target instanceof Element ? target.closest("button") : null;
      if (button?.dataset.do) actions[button.dataset.do]();
      else if (button?.dataset.t) store.set({ playing: false, t: Number(button.dataset.t) });
    },
    { signal },
  );
  scrub.addEventListener("input", () => store.set({ playing: false, t: scrub.valueAsNumber }), { signal });
  sample.addEventListener("change", () => store.set({ n: Number(sample.value) }), { signal });
  document.addEventListener(
    "keydown",
    (event) => {
      const action = keyAction(event);
      if (!action) return;
      event.preventDefault();
      actions[action]();
    },
    { signal },
  );

  function draw() {
    const { trace, n, t } = store.get();
    const { samples } = sizes(trace);
    const options = Array.from({ length: samples }, (_, k) => ({ value: String(k), text: sampleName(trace.encoder ?? trace, k, BEGINNING) }));
    fillMenu(sample, options, String(n));
    scrub.max = String(last());
    drawSteps(trace, n, t);
    drawNow();
  }

  /** @param {Trace} trace @param {number} n @param {number} t */
  function drawSteps(trace, n, t) {
    const [from, to] = windowAround(t, last() + 1, MOST_STEPS);
    const length = trueLengths(trace)?.[n] ?? Infinity;
    const items = Array.from({ length: to - from }, (_, k) => {
      const at = from + k;
      const token = trace.text ? (trace.text.tokens[n]?.[at] ?? trace.text.vocabulary[0]) : (chosen(trace, n, at) ?? `x${at}`);
      const pad = at >= length;
      const says = spoken(trace, n, at);
      return make(
        "li",
        {},
        make("button", { type: "button", class: pad ? "token token-pad" : "token", "data-t": at, "aria-current": at === t && "step", title: says ?? `t = ${at}` }, make("span", { dir: "auto", "aria-hidden": says !== null && "true" }, token), says !== null && make("span", { class: "unseen" }, says), trace.text !== null && make("small", { "aria-hidden": "true" }, String(at))),
      );
    });
    if (from > 0) items.unshift(make("li", { class: "more", "aria-hidden": "true" }, "…"));
    if (to <= last()) items.push(make("li", { class: "more", "aria-hidden": "true" }, "…"));
    steps.replaceChildren(...items);
  }

  /** What a decoder's step reads and which word it chooses, once that is known. @param {Trace} trace @param {number} n @param {number} at */
  function chosen(trace, n, at) {
    const word = wordAt(trace, n, at);
    if (word === null) return null;
    const reads = readsAt(trace, at);
    const read = reads === "word" ? wordAt(trace, n, at - 1) : context.say(`page.time.short.${reads}`);
    return `${read} → ${word}`;
  }

  /** The same in words. @param {Trace} trace @param {number} n @param {number} at */
  function spoken(trace, n, at) {
    const word = wordAt(trace, n, at);
    if (word === null) return null;
    const reads = context.say(`page.time.reads.${readsAt(trace, at)}`, { word: wordAt(trace, n, at - 1) ?? "" });
    return context.say("page.time.chose", { t: at, reads, word });
  }

  /** @param {Trace} trace @param {number} n @param {number} at */
  function wordAt(trace, n, at) {
    const info = trace.tensors.decoded;
    return info && at >= 0 ? context.tensors.value("decoded", info.axes.map((axis) => (axis === "T" ? at : n))) : null;
  }

  function drawNow() {
    const { t, playing } = store.get();
    scrub.value = String(t);
    now.textContent = `t = ${t} / ${last()}`;
    play.setAttribute("aria-pressed", String(playing));
    play.setAttribute("aria-label", context.say(playing ? "page.time.pause" : "page.time.play"));
    if (!steps.querySelector(`button[data-t="${t}"]`)) drawSteps(store.get().trace, store.get().n, t);
    const inside = steps.contains(document.activeElement);
    for (const button of steps.querySelectorAll("button")) {
      const current = Number(button.dataset.t) === t;
      button.tabIndex = current ? 0 : -1; // one stop for Tab; the arrow keys go on from there
      if (current && inside) button.focus({ preventScroll: true });
      if (current) button.setAttribute("aria-current", "step");
      else button.removeAttribute("aria-current");
      if (current) showInside(steps, button);
    }
  }

  function runClock() {
    window.clearInterval(beat);
    if (!store.get().playing) return;
    beat = window.setInterval(() => {
      go(store.get().t + 1);
      if (store.get().t >= last()) store.set({ playing: false });
    }, BEAT);
  }

  draw();
  const unsubscribe = store.subscribe((state, previous) => {
    if (state.playing !== previous.playing) runClock();
    if (state.trace !== previous.trace || state.n !== previous.n || state.lang !== previous.lang) draw();
    else if (state.t !== previous.t || state.playing !== previous.playing) drawNow();
  });
  return () => {
    window.clearInterval(beat);
    unsubscribe();
    life.abort();
  };
}

/**
 * ← → and space belong to time unless whatever has the focus needs them itself.
 * @param {KeyboardEvent} event
 * @returns {"back" | "step" | "play" | null}
 */
function keyAction(event) {
  if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return null;
  const at = event.target instanceof Element ? event.target : null;
  if (at?.closest('input, select, textarea, [contenteditable], [role="application"], [tabindex="0"], dialog')) return null;
  if (event.key === "ArrowLeft") return "back";
  if (event.key === "ArrowRight") return "step";
  return event.key === " " && !at?.closest("button, summary, a") ? "play" : null;
}

/**
 * Scrolls the list alone; scrollIntoView would move the page too.
 * @param {HTMLElement} list
 * @param {HTMLElement} item
 */
function showInside(list, item) {
  const left = item.offsetLeft - list.offsetLeft;
  if (left < list.scrollLeft) list.scrollLeft = left;
  else if (left + item.offsetWidth > list.scrollLeft + list.clientWidth) list.scrollLeft = left + item.offsetWidth - list.clientWidth;
}

// The one time axis of two runs: play, step and scrub it; its steps are the words of the chosen sample.

import { windowAround } from "../core/format.js";
import { sampleName, sizes, trueLengths } from "../core/places.js";
import { el as make, fillMenu, find } from "../doors/dom.js";

const BEAT = 700; // ms a step while playing
const BEGINNING = 28; // characters of a sentence in the menu
const MOST_STEPS = 40; // steps shown as buttons; longer sequences show the stretch around t

/** On the store of the run with the most steps. @type {import("../types.js").Mount} */
export function mountAxis(el, store, context) {
  const life = new AbortController();
  const { signal } = life;
  /** @type {HTMLInputElement} */
  const scrub = find(el, ".scrub");
  /** @type {HTMLSelectElement} */
  const sample = find(el, "select");
  const steps = find(el, ".steps");
  const now = find(el, ".t-now");
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

  el.addEventListener("click", ({ target }) => {
    const button = target instanceof Element ? target.closest("button") : null;
    if (button?.dataset.do) actions[button.dataset.do]();
    else if (button?.dataset.t) store.set({ playing: false, t: Number(button.dataset.t) });
  }, { signal });
  scrub.addEventListener("input", () => store.set({ playing: false, t: scrub.valueAsNumber }), { signal });
  sample.addEventListener("change", () => store.set({ n: Number(sample.value) }), { signal });
  document.addEventListener("keydown", (event) => {
    const action = keyAction(event);
    if (!action) return;
    event.preventDefault();
    actions[action]();
  }, { signal });

  function drawSteps() {
    const { trace, n, t } = store.get();
    const [from, to] = windowAround(t, last() + 1, MOST_STEPS);
    const length = trueLengths(trace)?.[n] ?? Infinity;
    const items = Array.from({ length: to - from }, (_, k) => {
      const at = from + k;
      const token = trace.text?.tokens[n]?.[at] ?? `x${at}`;
      return make("li", {}, make("button", { type: "button", class: at >= length ? "token token-pad" : "token", "data-t": at, title: `t = ${at}` }, make("span", { dir: "auto" }, token), trace.text !== null && make("small", { "aria-hidden": "true" }, String(at))));
    });
    if (from > 0) items.unshift(make("li", { class: "more", "aria-hidden": "true" }, "…"));
    if (to <= last()) items.push(make("li", { class: "more", "aria-hidden": "true" }, "…"));
    steps.replaceChildren(...items);
  }

  function draw() {
    const { trace, n } = store.get();
    const options = Array.from({ length: sizes(trace).samples }, (_, k) => ({ value: String(k), text: sampleName(trace, k, BEGINNING) }));
    fillMenu(sample, options, String(n));
    scrub.max = String(last());
    drawSteps();
    drawNow();
  }

  function drawNow() {
    const { t, playing } = store.get();
    scrub.value = String(t);
    now.textContent = `t = ${t} / ${last()}`;
    play.setAttribute("aria-pressed", String(playing));
    play.setAttribute("aria-label", context.say(playing ? "page.time.pause" : "page.time.play"));
    if (!steps.querySelector(`button[data-t="${t}"]`)) drawSteps();
    for (const button of steps.querySelectorAll("button")) {
      const current = Number(button.dataset.t) === t;
      if (current) button.setAttribute("aria-current", "step");
      else button.removeAttribute("aria-current");
      button.tabIndex = current ? 0 : -1; // one stop for Tab; the arrow keys go on from there
      if (current && steps.contains(document.activeElement)) button.focus({ preventScroll: true });
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
    if (state.n !== previous.n) draw();
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
  if (at?.closest('input, select, textarea, [role="application"], .scroll, .net-stage')) return null;
  if (event.key === "ArrowLeft") return "back";
  if (event.key === "ArrowRight") return "step";
  return event.key === " " && !at?.closest("button, summary, a") ? "play" : null;
}

// The player: one position moves along the computation; play, step and scrub it. The tokens of the chosen sample are its steps.

import { windowAround } from "../core/format.js";
import { sampleName, sizes, trueLengths } from "../core/places.js";
import { readsAt } from "../core/task.js";
import { el as make, fillMenu, find } from "../doors/dom.js";
import { ALL, keyframe, labelOf, positionAt, scheduleOf, secondsAt, stretch, whereIs } from "../play/schedule.js";

/** @typedef {import("../types.js").Trace} Trace */

const BEGINNING = 28; // characters of a sentence in the menu
const MOST_STEPS = 40; // steps shown as buttons; longer sequences show the stretch around t, and can be scrubbed
const ENDS = 0.004; // of the film: so near its end everything is shown

/** @type {import("../types.js").Mount} */
export function mountTimebar(el, store, context) {
  const life = new AbortController();
  const { signal } = life;
  /** @type {HTMLInputElement} */
  const scrub = find(el, ".scrub");
  /** @type {HTMLInputElement} */
  const film = find(el, '[data-role="film"]');
  const parts = find(el, ".film-parts");
  /** @type {HTMLSelectElement} */
  const speed = find(el, '[data-role="speed"]');
  /** @type {HTMLSelectElement} */
  const sample = find(el, 'select[data-arg="n"]');
  const steps = find(el, ".steps");
  const now = find(el, '[data-role="t-now"]');
  const play = find(el, '[data-do="play"]');

  const last = () => sizes(store.get().trace).steps - 1;
  const schedule = () => scheduleOf(store.get().trace);
  const go = (/** @type {number} */ p) => store.set({ playing: false, p });
  /** A keyframe on; where everything is shown, a step of the cubes. @param {1 | -1} way */
  function stepBy(way) {
    const { p, t } = store.get();
    if (p >= 0) go(keyframe(schedule(), p, way));
    else store.set({ playing: false, t: Math.min(Math.max(0, t + way), last()) });
  }
  const actions = /** @type {{[name: string]: () => void}} */ ({
    first: () => go(0),
    back: () => stepBy(-1),
    play: () => store.set({ playing: !store.get().playing }),
    step: () => stepBy(1),
    all: () => go(ALL),
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
  film.addEventListener("input", () => {
    const { seconds } = schedule();
    const share = film.valueAsNumber / Number(film.max);
    if (share >= 1 - ENDS) return go(ALL);
    const p = positionAt(schedule(), share * seconds);
    go(context.reducedMotion() ? Math.round(p) : p);
  }, { signal });
  film.addEventListener("keydown", (event) => {
    const { p } = store.get();
    const to = { ArrowLeft: keyframe(schedule(), p, -1), ArrowDown: keyframe(schedule(), p, -1), ArrowRight: keyframe(schedule(), p, 1), ArrowUp: keyframe(schedule(), p, 1), PageUp: stretch(schedule(), p, 1), PageDown: stretch(schedule(), p, -1), Home: 0, End: ALL }[event.key];
    if (to === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    go(p < 0 && to === ALL ? ALL : to);
  }, { signal });
  scrub.addEventListener("input", () => store.set({ playing: false, t: scrub.valueAsNumber }), { signal });
  speed.addEventListener("change", () => store.set({ speed: Number(speed.value) }), { signal });
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
    scrub.hidden = last() < MOST_STEPS;
    drawParts();
    drawSteps(trace, n, t);
    drawNow();
  }

  /** The stretches of the film, as wide as they take long. */
  function drawParts() {
    parts.replaceChildren(...schedule().segments.map((segment) => {
      const label = labelOf(segment);
      const part = make("span", { class: `film-part film-${segment.kind}` }, make("span", {}, label));
      part.style.flexGrow = String(segment.seconds);
      return part;
    }));
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

  function drawFilm() {
    const { p } = store.get();
    const { seconds, segments, beats } = schedule();
    const at = p < 0 ? 1 : secondsAt(schedule(), p) / seconds;
    film.value = String(at * Number(film.max));
    el.style.setProperty("--film", `${at * 100}%`);
    const where = p < 0 ? null : whereIs(schedule(), p);
    segments.forEach((segment, k) => parts.children[k]?.classList.toggle("is-now", segment === where?.segment));
    film.setAttribute("aria-valuetext", where ? context.say("page.play.at", { part: labelOf(where.segment), beat: Math.ceil(p), beats }) : context.say(p < 0 ? "page.play.done" : "page.play.begin"));
  }

  function drawNow() {
    const { t, playing } = store.get();
    drawFilm();
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

  draw();
  const unsubscribe = store.subscribe((state, previous) => {
    if (state.trace !== previous.trace || state.n !== previous.n || state.lang !== previous.lang) draw();
    else if (state.t !== previous.t || state.playing !== previous.playing) drawNow();
    else if (state.p !== previous.p) drawFilm();
  });
  return () => {
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

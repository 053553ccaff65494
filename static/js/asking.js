// From a change of the controls to a new answer: address, history, server, and back into the store.

import { Refused } from "./doors/api.js";
import { ALL, scheduleOf, shownAt } from "./play/schedule.js";
import { DEFAULTS, isView, merge, toQuery, viewOf } from "./core/query.js";
import { pinsFrom } from "./core/pins.js";
import { unlocked } from "./core/teaching.js";
import { rows, sizes, widest } from "./core/places.js";
import { cellOf, fitZoom, parse } from "./core/zoom.js";

/** @typedef {import("./types.js").AppState} AppState */
/** @typedef {import("./types.js").FlatState} FlatState */
/** @typedef {import("./types.js").Problem} Problem */
/** @typedef {import("./types.js").Store} Store */
/** @typedef {import("./types.js").Trace} Trace */
/** @typedef {import("./types.js").Twin} Twin */
/** @typedef {"push" | "replace" | "keep"} Entry  what becomes of the history entry */

const PAUSE = 250; // ms without a key before a typed value is asked for
const SETTLE = 200; // ms before a scrubbed step reaches the address; browsers limit how often it may change

/**
 * @typedef {object} Asking
 * @property {(patch: Partial<FlatState>, how?: {typing?: boolean}) => void} ask
 * @property {() => void} again  the same question once more
 * @property {() => void} stop
 */

/**
 * @param {Store} store
 * @param {import("./doors/api.js").Api} api
 * @param {{traceArrives: (trace: Trace) => void, speak: (lang: AppState["lang"]) => Promise<void>, window: Window}} world
 * @returns {Asking}
 */
export function createAsking(store, api, { traceArrives, speak, window }) {
  let typing = 0;
  let typedKeys = "";
  let settling = 0;
  let known = window.location.search.slice(1); // the query that is answered

  /** @type {Asking["ask"]} */
  function ask(wanted, how = {}) {
    const before = store.get().asked;
    const patch = unlocked(store.get().lock, wanted);
    const keys = Object.keys(patch).sort().join();
    if (!keys) return;
    const asked = merge(before, patch);
    window.clearTimeout(typing);
    if (Object.keys(patch).every(isView)) {
      store.set({ asked });
      return void look(patch);
    }
    store.set({ asked, status: "loading" });
    // One stretch of typing in one field is one step of the history.
    const entry = how.typing && typedKeys === keys ? "replace" : "push";
    typedKeys = how.typing ? keys : "";
    if (how.typing) typing = window.setTimeout(() => go(asked, entry), PAUSE);
    else go(asked, entry);
  }

  /** @param {Partial<FlatState>} patch */
  function look(patch) {
    const { lang, theme } = patch;
    const own = Object.entries(patch).filter(([key]) => !["lang", "theme", "pin", "pins"].includes(key)); // what is kept has its own form in the store
    store.set(Object.fromEntries(own));
    if (theme) store.set({ theme });
    if (lang && lang !== store.get().lang) void turnTo(lang);
  }

  /** @param {AppState["lang"]} lang */
  async function turnTo(lang) {
    const refused = store.get().status === "error";
    await answerTo(async () => {
      await speak(lang);
      return api.twin(addressOf({ ...store.get(), state: { ...store.get().state, lang } }));
    }, (twin) => {
      store.set({ lang });
      accept(twin, "replace", refused ? twin.state : store.get().asked); // a refused value stays in its field
      if (refused) void go(store.get().asked, "push"); // what was refused says why in the new language
    });
  }

  /** A place that the new run does not have is only left; what is asked and not understood is refused. @param {Problem} problem */
  const isAsked = ({ field }) => !isView(field ?? "");

  /** @param {FlatState} asked @param {Entry} entry */
  function go(asked, entry) {
    return answerTo(
      // without the place that is looked at, which another network need not have: it is fitted to the answer
      () => api.twin(toQuery({ ...asked, p: DEFAULTS.p, t: 0, n: 0, unit: 0, row: "", tensor: DEFAULTS.tensor, zoom: "", pin: "", pins: "" }), { strict: Boolean(store.get().trace) }),
      (twin) => (twin.problems.some(isAsked) && store.get().trace ? refuse(twin.problems, twin.fixed) : accept(twin, entry, asked)),
    );
  }

  /** @param {() => Promise<Twin>} question @param {(twin: Twin) => void} then */
  async function answerTo(question, then) {
    store.set({ status: "loading" });
    try {
      then(await question());
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") return; // a newer question took its place
      if (!(error instanceof Refused)) throw error;
      refuse([error.problem ?? unreachable(error.status)]);
    }
  }

  /** @param {Problem[]} problems @param {string | null} [fixed] */
  function refuse(problems, fixed = null) {
    typedKeys = "";
    store.set({ status: "error", problems, fixed });
  }

  /** @param {Twin} twin @param {Entry} entry @param {FlatState | null} asked what was asked, if a control did */
  function accept(twin, entry, asked) {
    const now = store.get();
    const { trace } = twin;
    if (!trace) return refuse(twin.problems);
    // The answer always names a language; the address only where somebody chose one.
    const state = { ...twin.state, lang: entry === "keep" ? chosenLang(window) : now.asked.lang };
    if (trace.id !== now.trace?.id) traceArrives(trace);
    const view = entry === "keep" ? state : { ...viewOf(now), p: sameFilm(now.trace, trace) ? now.p : ALL, row: nextRow(now, state) };
    store.set({
      trace,
      state,
      // Whatever was typed since stays as it is.
      asked: asked === null || asked === now.asked ? state : now.asked,
      problems: twin.problems,
      fixed: null,
      shown: twin.shown,
      lines: twin.lines,
      status: "ready",
      ...fit(trace, view),
      ...(entry === "keep" ? placesFrom(trace, state) : placesFrom(trace, viewOf(now))),
      ...(trace.id === now.trace?.id ? {} : { explained: null, changed: null }),
      cursor: null,
    });
    window.clearTimeout(settling);
    if (entry === "push") window.history.pushState(null, "", urlOf(store.get()));
    if (entry === "replace") window.history.replaceState(null, "", urlOf(store.get()));
    known = window.location.search.slice(1);
  }

  const onPop = () => {
    window.clearTimeout(typing);
    typedKeys = "";
    const search = window.location.search.slice(1);
    if (search === known) return; // a link within the page: nothing else is asked
    known = search;
    void answerTo(async () => {
      const twin = await api.twin(search);
      if (twin.lang !== store.get().lang) await speak(twin.lang);
      return twin;
    }, (twin) => {
      const { theme, panel, cut, pose, present, hide, lock } = twin.state;
      store.set({ lang: twin.lang, theme, panel, cut, pose, present, hide, lock });
      accept(twin, "keep", null);
    });
  };
  window.addEventListener("popstate", onPop);

  const unsubscribe = store.subscribe((state, previous) => {
    const view = viewOf(state);
    const old = viewOf(previous);
    if (/** @type {(keyof typeof view)[]} */ (Object.keys(view)).every((key) => view[key] === old[key])) return;
    window.clearTimeout(settling);
    settling = window.setTimeout(() => {
      window.history.replaceState(null, "", urlOf(store.get()));
      known = window.location.search.slice(1);
    }, SETTLE);
  });

  return {
    ask,
    again: () => void go(store.get().asked, "push"),
    stop() {
      window.removeEventListener("popstate", onPop);
      window.clearTimeout(typing);
      window.clearTimeout(settling);
      unsubscribe();
    },
  };
}

/** The language that the address asks for, if it does. @param {Window} window @returns {FlatState["lang"]} */
export function chosenLang(window) {
  const lang = new URLSearchParams(window.location.search).get("lang");
  return lang === "en" || lang === "zh" ? lang : "";
}

/** The query of what is shown, and of the place that is looked at. @param {AppState} now */
export function addressOf(now) {
  return toQuery({ ...now.state, ...viewOf(now) });
}

/** @param {AppState} now */
function urlOf(now) {
  const query = addressOf(now);
  return query ? `/?${query}` : "/";
}

/**
 * Whoever looks at the top layer goes on looking at the top layer when layers come or go.
 * @param {AppState} now
 * @param {FlatState} next
 */
function nextRow(now, next) {
  return now.row === `l${now.state.num_layers - 1}` ? `l${next.num_layers - 1}` : now.row;
}

/** Does the computation of both take the same beats? @param {Trace | null} a @param {Trace} b */
function sameFilm(a, b) {
  return a !== null && keysOf(a) === keysOf(b);
}

/** @param {Trace} trace */
const keysOf = (trace) => scheduleOf(trace).segments.map(({ key, beats }) => `${key} ${beats}`).join();

/**
 * What is gone into and what is kept, as far as this trace has it.
 * @param {Trace} trace
 * @param {{zoom: string, pin: string, pins: string, p: number, t: number, n: number, row: string, tensor: string, unit: number}} view
 */
export function placesFrom(trace, { zoom: text, pin, pins, ...at }) {
  const zoom = fitZoom(trace, text);
  const open = parse(zoom).level === "number" ? cellOf(parse(zoom), fit(trace, at)) : null;
  return { zoom, pinned: pinsFrom(trace, pin)[0] ?? open, pins: pinsFrom(trace, pins) };
}

/**
 * The nearest place that this trace has; where the film stands somewhere, its step and row.
 * @param {Trace} trace
 * @param {{p: number, t: number, n: number, row: string, tensor: string, unit: number}} view
 */
export function fit(trace, { p, t, n, row, tensor, unit }) {
  const { samples, steps } = sizes(trace);
  const names = rows(trace).map(({ name }) => name);
  const schedule = scheduleOf(trace);
  const film = p >= 0 && p <= schedule.beats ? shownAt(schedule, p) : null;
  return {
    p: film ? p : ALL,
    t: film ? film.t : Math.min(Math.max(0, t), steps - 1),
    n: Math.min(Math.max(0, n), samples - 1),
    unit: Math.min(Math.max(0, unit), widest(trace) - 1),
    row: film?.row ?? (names.includes(row) ? row : (names[0] ?? "l0")),
    tensor: Object.hasOwn(trace.tensors, tensor) ? tensor : "output",
  };
}

/**
 * @param {number} status
 * @returns {Problem}
 */
function unreachable(status) {
  const key = status === 0 ? "page.error.unreachable" : "page.error.server";
  return { type: "about:blank", title: key, status, detail: key, field: null, got: null, expected: null, torch: null, hint: null };
}

// One position moves: playing carries it on, and the step and the row that are shown go with it, or it with them.

import { ALL, keptTo, positionAt, positionOf, scheduleOf, secondsAt, shownAt } from "./play/schedule.js";

/** @typedef {import("./types.js").AppState} AppState */
/** @typedef {import("./types.js").Store} Store */
/** @typedef {{frame: (then: (ms: number) => void) => () => void}} Clock  calls once, at the next frame; gives back what calls it off */

const LONGEST = 250; // ms a frame counts for at most: a page that was hidden goes on where it was

/**
 * The change that shows a position: with it go the step, and the row that is being computed.
 * @param {AppState} state @param {number} p @returns {Partial<AppState>}
 */
export function moved(state, p) {
  if (p < 0) return { p: ALL };
  const { t, row } = shownAt(scheduleOf(state.trace), p);
  return { p, t, ...(row === null ? {} : { row }) };
}

/**
 * @param {Store} store
 * @param {{calm: () => boolean}} context  calm: whether motion is to be reduced
 * @param {Clock} clock
 * @returns {() => void} stop
 */
export function createPlaying(store, { calm }, clock) {
  let callOff = () => {};
  let last = 0;
  let seconds = 0; // how far the film is, at speed 1

  /** @param {number} ms */
  function tick(ms) {
    const state = store.get();
    if (!state.playing) return;
    const schedule = scheduleOf(state.trace);
    if (last) seconds += (Math.min(LONGEST, ms - last) / 1000) * state.speed;
    last = ms;
    if (seconds >= schedule.seconds) return store.set({ ...moved(state, ALL), playing: false });
    const p = keptTo(schedule, positionAt(schedule, seconds), calm());
    if (p !== state.p) store.set(moved(state, p));
    callOff = clock.frame(tick);
  }

  function begin() {
    const { p, trace } = store.get();
    const schedule = scheduleOf(trace);
    seconds = p < 0 || p >= schedule.beats ? 0 : secondsAt(schedule, p);
    last = 0;
    store.set(moved(store.get(), positionAt(schedule, seconds)));
    callOff = clock.frame(tick);
  }

  const forget = store.subscribe((state, previous) => {
    if (!state.trace) return;
    if (state.playing !== previous.playing) {
      callOff();
      if (state.playing) return begin();
    }
    if (state.trace !== previous.trace) {
      if (state.playing && state.p < 0) store.set({ playing: false }); // another computation
      return;
    }
    if (state.p < 0) return;
    const schedule = scheduleOf(state.trace);
    const shown = shownAt(schedule, state.p);
    if (state.p !== previous.p) {
      if (shown.t !== state.t || (shown.row !== null && shown.row !== state.row)) store.set(moved(state, state.p));
      return;
    }
    // somebody chose a step or a row that the position does not show: the film goes there
    if (shown.t !== state.t || (shown.row ?? previous.row) !== state.row) store.set({ p: positionOf(schedule, state.row, state.t), playing: false });
  });
  return () => {
    callOff();
    forget();
  };
}

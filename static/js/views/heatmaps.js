// The gates and states of one row as pictures: units down, time to the right, one map a quantity.

import { heldIn } from "../core/hands.js";
import { aliases, sampleName, trueLengths } from "../core/places.js";
import { sourcesOf } from "../core/reads.js";
import { createHeat } from "../network/heat.js";
import { liveSteps, netOf } from "../network/layout.js";
import { meanOf } from "../network/legend.js";
import { createReader } from "../network/reader.js";
import { scaleOfQuantity } from "../network/scales.js";
import { summary } from "../network/window.js";

/** @typedef {import("../types").CellAt} CellAt */
/** @typedef {import("../types").Context} Context */
/** @typedef {import("../types").Store} Store */
/** @typedef {import("../types").Trace} Trace */
/** @typedef {import("../network/heat.js").Heat} Heat */

/** In the order of computation, as the equations read. */
const QUANTITIES = { lstm: ["i", "f", "g", "o", "c", "h"], gru: ["r", "z", "n", "h"], rnn: ["h"] };

const BEGINNING = 48; // characters of a sentence that are written out

/**
 * @param {HTMLElement} el
 * @param {Store} store
 * @param {Context} context
 * @returns {() => void} unmount
 */
export function mountHeatmaps(el, store, context) {
  const stop = new AbortController();
  const axes = make("p", "heat-axesnote");
  const maps = make("div", "heat-maps");
  el.replaceChildren(axes, maps);

  const reader = createReader(context, schedule);
  /** @type {Map<string, Heat>} */ let heats = new Map();
  let width = 0;
  let frame = 0;

  const sized = new ResizeObserver(() => {
    if (maps.clientWidth === width) return;
    width = maps.clientWidth;
    schedule();
  });
  sized.observe(maps);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", schedule, { signal: stop.signal });

  /** The maps themselves: another trace or language. */
  function rebuild() {
    const { trace } = store.get();
    heats = new Map();
    if (trace) {
      const { steps } = netOf(trace);
      for (const symbol of QUANTITIES[trace.request.model.cell]) {
        const units = trace.tensors[`l0.${symbol}`]?.shape.at(-1);
        if (units !== undefined) heats.set(symbol, createHeat(symbol, { steps, units }, context.say, { pointed, chosen, now: () => store.get().t }));
      }
    }
    maps.classList.toggle("heat-four", heats.size === 4);
    maps.replaceChildren(...[...heats.values()].map((heat) => heat.el));
    paint();
  }

  /** @param {CellAt | null} cursor */
  const pointed = (cursor) => store.set({ cursor });
  /** @param {CellAt} cell */
  const chosen = (cell) => store.set({ pinned: cell, cursor: cell, t: cell.index[1] });

  function schedule() {
    if (frame) return;
    frame = requestAnimationFrame(() => {
      frame = 0;
      if (!stop.signal.aborted) paint();
    });
  }

  function paint() {
    const { trace, n, row } = store.get();
    if (!trace || width === 0) return;
    const net = netOf(trace);
    const place = net.rows.find((one) => one.name === row) ?? net.rows[0];
    const sample = Math.min(n, net.samples - 1);
    const style = getComputedStyle(el);
    const colour = (/** @type {string} */ token) => style.getPropertyValue(token).trim() || "gray";
    const end = trueLengths(trace)?.[sample] ?? net.steps;
    const live = liveSteps(trace, sample);
    let average = { steps: 1, units: 1 };
    for (const [symbol, heat] of heats) {
      const tensor = `${place.name}.${symbol}`;
      const block = reader.read(tensor, [sample, null, null]);
      const seen = block && trace.tensors[tensor].max === null ? summary(block.data) : null;
      average = heat.paint({
        say: context.say, tensor, n: sample, block, failed: reader.failed(), hatch: colour("--rule-strong"), grid: colour("--paper"),
        row: context.say("network.row", { layer: place.layer, direction: context.say(`network.${place.direction}`) }),
        scale: scaleOfQuantity(trace, symbol, seen), live, end,
      });
    }
    const averaged = average.steps > 1 || average.units > 1;
    axes.textContent = [
      context.say("heatmaps.of", { sample: sampleName(trace, sample, BEGINNING) }),
      context.say("heatmaps.axes"),
      heldIn(trace).some(({ tensor }) => tensor.startsWith(`${place.name}.`)) ? context.say("heatmaps.held") : "",
      averaged ? context.say("heatmaps.averaged", { what: meanOf(context.say, average) }) : "",
      live < net.steps ? context.say("heatmaps.padding") : end < net.steps ? context.say("heatmaps.ended") : "",
    ].filter(Boolean).join(" ");
    mark();
  }

  function mark() {
    const { trace, t, cursor, pinned } = store.get();
    if (!trace) return;
    const same = (/** @type {CellAt | null} */ cell) => (cell && Object.hasOwn(trace.tensors, cell.tensor) ? [cell, ...aliases(trace, cell)] : []);
    const pointedAt = same(cursor);
    const pinnedAt = same(pinned);
    const read = sourcesOf(store.get())?.marked ?? [];
    const held = heldIn(trace);
    for (const heat of heats.values()) heat.mark(t, pointedAt, pinnedAt, { read, held });
  }

  const unsubscribe = store.subscribe((state, previous) => {
    if (state.trace !== previous.trace || state.lang !== previous.lang) return rebuild();
    if (state.n !== previous.n || state.row !== previous.row) return paint();
    if (state.theme !== previous.theme) schedule();
    if (state.t !== previous.t || state.cursor !== previous.cursor || state.pinned !== previous.pinned || sourcesOf(state) !== sourcesOf(previous)) mark();
  });
  rebuild();

  return () => {
    stop.abort();
    unsubscribe();
    sized.disconnect();
    reader.stop();
    cancelAnimationFrame(frame);
    el.replaceChildren();
  };
}

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {string} name
 */
function make(tag, name) {
  const el = document.createElement(tag);
  el.className = name;
  return el;
}

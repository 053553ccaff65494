// The scene: every tensor of the forward pass on one canvas, left to right; pointer, keyboard and words around it.

import { scalesOf } from "../core/colour.js";
import { trueLengths } from "../core/places.js";
import { createBitmaps } from "../scene/bitmaps.js";
import { blockOf, blocksOf } from "../scene/blocks.js";
import { arrange, paletteOf } from "../scene/arrange.js";
import { drawScene } from "../scene/draw.js";
import { linksOf, marksOf } from "../scene/ends.js";
import { drawLegend } from "../scene/legend.js";
import { pick, step } from "../scene/pick.js";
import { HOME, clampTurn, viewOf } from "../scene/projection.js";
import { ENCODER } from "../core/encoder.js";
import { sourcesOf } from "../core/reads.js";
import { createTexts, describe, make } from "../scene/texts.js";

/** @typedef {import("../types.js").CellAt} CellAt */
/** @typedef {import("../scene/draw.js").Palette} Palette */
/** @typedef {{blocks: import("../scene/blocks.js").SceneBlock[], scales: ReturnType<typeof scalesOf>, bitmaps: import("../scene/bitmaps.js").Bitmaps}} Content */
/** @typedef {ReturnType<typeof arrange>} Arrangement */

const STILL = 4; // px a pointer may move and still be a click
const PER_PIXEL = 0.008; // radians turned for each pixel dragged
const KEY_TURN = 0.09; // radians
const ZOOM = { least: 0.7, most: 1.9, by: 1.15 };

/** @type {import("../types.js").Mount} */
export function mountScene(el, store, context) {
  const stop = new AbortController();
  const { signal } = stop;
  const host = make("div", { role: "application", tabindex: "0", "aria-describedby": "scene-help scene-shown scene-cell" });
  const canvas = make("canvas", { "aria-hidden": "true" });
  const texts = createTexts();
  Object.assign(host.style, { position: "relative", touchAction: "pan-y", cursor: "grab", overflow: "hidden" });
  Object.assign(canvas.style, { display: "block", width: "100%" });
  host.append(canvas);
  el.replaceChildren(host, ...Object.values(texts));

  const ctx = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const darkness = matchMedia("(prefers-color-scheme: dark)");
  let turn = HOME;
  let zoom = 1;
  let width = 0;
  let frame = 0;
  let focused = 0; // the block the keyboard is in
  /** @type {Content | null} */ let content = null;
  /** @type {Arrangement | null} */ let arrangement = null;
  /** @type {Palette | null} */ let palette = null;
  /** @type {{x: number, y: number, turning: boolean, from: typeof HOME} | null} */ let drag = null;

  // ---- what is shown: state → layout → draw, each rebuilt when what it depends on changed ----

  function contentNow() {
    const { trace } = store.get();
    if (!content) {
      content = { blocks: blocksOf(trace), scales: scalesOf(trace.tensors), bitmaps: createBitmaps(() => context.tensors, redraw) };
      focused = 0;
    }
    return content;
  }

  function arrangementNow() {
    if (arrangement) return arrangement;
    const { blocks, scales } = contentNow();
    arrangement = arrange(store.get().trace, blocks, scales, { width, zoom, ratio: ratio(), say: context.say, palette: paletteNow(), ctx });
    return arrangement;
  }

  function paletteNow() {
    if (palette) return palette;
    palette = paletteOf(getComputedStyle(el));
    return palette;
  }

  function draw() {
    frame = 0;
    const state = store.get();
    if (width === 0 || !state.trace) return;
    const { blocks, scales, bitmaps } = contentNow();
    const { layout: arranged, legend } = arrangementNow();
    const height = Math.ceil(arranged.bottom + legend.height + 8);
    fitCanvas(height);
    const { trace, t, n, cursor, pinned } = state;
    const inks = paletteNow();
    drawScene(ctx, {
      layout: arranged,
      view: viewOf(turn),
      t,
      n,
      marked: marksOf(trace, cursor, pinned),
      sources: sourcesOf(state),
      nowText: context.say("scene.now", { t }),
      word: trace.text?.tokens[n]?.[t] ?? "",
      links: linksOf(trace, n),
      ended: (name) => endedOf(trace.encoder && name.startsWith(ENCODER) ? trace.encoder : trace),
      scales,
      palette: inks,
      ratio: ratio(),
      bitmaps,
      value: (tensor, index) => context.tensors.value(tensor, index),
      modules: { rnn: moduleOf(trace.request), ...(trace.encoder ? { [`${ENCODER}rnn`]: moduleOf(trace.encoder.request) } : {}) },
    });
    drawLegend(ctx, legend.items, inks);
    describe(host, texts, { say: context.say, tensors: context.tensors, state, blocks });
    el.removeAttribute("data-expect"); // the height that was kept for it is its own now
  }

  function redraw() {
    if (!frame && !signal.aborted) frame = requestAnimationFrame(draw);
  }

  /** @param {number} height */
  function fitCanvas(height) {
    const [w, h] = [Math.round(width * ratio()), Math.round(height * ratio())];
    if (canvas.width === w && canvas.height === h) return;
    Object.assign(canvas, { width: w, height: h });
    canvas.style.height = `${height}px`;
  }

  // ---- the pointer ----

  /** @param {PointerEvent} event */
  function cellAt(event) {
    const box = canvas.getBoundingClientRect();
    return pick(arrangementNow().layout.placed, viewOf(turn), store.get().t, [event.clientX - box.left, event.clientY - box.top]);
  }

  host.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    host.setPointerCapture(event.pointerId);
    drag = { x: event.clientX, y: event.clientY, turning: false, from: turn };
  }, { signal });
  host.addEventListener("pointermove", (event) => {
    if (!drag) return store.set({ cursor: same(cellAt(event), store.get().cursor) });
    const [dx, dy] = [event.clientX - drag.x, event.clientY - drag.y];
    drag.turning ||= Math.hypot(dx, dy) > STILL;
    if (!drag.turning) return;
    host.style.cursor = "grabbing";
    turn = clampTurn({ yaw: drag.from.yaw - dx * PER_PIXEL, pitch: drag.from.pitch + dy * PER_PIXEL });
    redraw();
  }, { signal });
  host.addEventListener("pointerup", (event) => {
    if (drag && !drag.turning) {
      const cell = cellAt(event);
      if (cell) {
        focused = Math.max(0, walkable().findIndex(({ name }) => name === cell.tensor));
        store.set({ cursor: cell, pinned: equal(cell, store.get().pinned) ? null : cell });
      }
    }
    endDrag();
  }, { signal });
  host.addEventListener("pointercancel", () => {
    if (drag?.turning) turn = drag.from; // the finger wanted to scroll the page
    endDrag();
    redraw();
  }, { signal });
  host.addEventListener("pointerleave", () => {
    if (!drag) store.set({ cursor: null });
  }, { signal });

  function endDrag() {
    drag = null;
    host.style.cursor = "grab";
  }

  // ---- the keyboard ----

  host.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !keyed(event)) return;
    event.preventDefault();
    event.stopPropagation(); // the same arrows step through time elsewhere on the page
  }, { signal });

  const walkable = () => contentNow().blocks.filter(({ kind }) => kind !== "module");

  /** @param {KeyboardEvent} event @returns {boolean} was it one of ours */
  function keyed({ key, shiftKey }) {
    const blocks = walkable();
    const { cursor, pinned, t, n } = store.get();
    const here = cursor && blockOf(blocks, cursor.tensor);
    const at = here ? blocks.indexOf(here) : Math.min(focused, blocks.length - 1);
    if (shiftKey && key.startsWith("Arrow")) {
      const [x, y] = /** @type {Record<string, [number, number]>} */ ({ ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] })[key];
      turn = clampTurn({ yaw: turn.yaw + x * KEY_TURN, pitch: turn.pitch + y * KEY_TURN });
    } else if (key === "[" || key === "]") go(blocks, Math.min(blocks.length - 1, Math.max(0, at + (key === "]" ? 1 : -1))));
    else if (key === "+" || key === "=" || key === "-") rezoom(key === "-" ? zoom / ZOOM.by : zoom * ZOOM.by);
    else if (key === "Home") {
      turn = HOME;
      rezoom(1);
    } else if (key === "Enter" && here) store.set({ pinned: equal(cursor, pinned) ? null : cursor });
    else if (key === "Escape" && (cursor || pinned)) store.set({ cursor: null, pinned: null });
    else {
      const block = blocks[at];
      const from = here && cursor ? cursor.index : startOf(block, t, n);
      const index = step(block, from, key);
      if (!index) return false;
      moveTo(block, here ? index : from);
    }
    redraw();
    return true;
  }

  /** @param {Content["blocks"]} blocks @param {number} at */
  function go(blocks, at) {
    focused = at;
    const { t, n } = store.get();
    moveTo(blocks[at], startOf(blocks[at], t, n));
  }

  /** The slice follows the keyboard, so that the cell is always in sight. @param {Content["blocks"][0]} block @param {number[]} index */
  function moveTo(block, index) {
    const time = block.axes.indexOf("T");
    store.set({ cursor: { tensor: block.name, index }, ...(time >= 0 ? { t: index[time] } : {}) });
  }

  /** @param {number} wanted */
  function rezoom(wanted) {
    zoom = Math.min(ZOOM.most, Math.max(ZOOM.least, wanted));
    arrangement = null;
  }

  // ---- what starts must stop ----

  const sized = new ResizeObserver(() => {
    const now = Math.floor(el.clientWidth - parseFloat(getComputedStyle(el).paddingLeft) - parseFloat(getComputedStyle(el).paddingRight));
    if (now <= 0 || now === width) return;
    width = now;
    arrangement = null;
    redraw();
  });
  sized.observe(el);
  darkness.addEventListener("change", recolour, { signal });
  window.addEventListener("resize", redraw, { signal }); // another screen may have other pixels

  function recolour() {
    palette = null;
    redraw();
  }

  const forget = store.subscribe((state, previous) => {
    if (state.trace !== previous.trace) {
      content?.bitmaps.stop();
      content = null;
      arrangement = null;
    }
    if (state.lang !== previous.lang) arrangement = palette = null;
    if (state.theme !== previous.theme) requestAnimationFrame(recolour); // after the page has taken the theme
    const watched = /** @type {const} */ (["trace", "t", "n", "cursor", "pinned", "lang"]);
    if (watched.some((key) => state[key] !== previous[key]) || sourcesOf(state) !== sourcesOf(previous)) redraw();
  });

  return () => {
    stop.abort();
    forget();
    sized.disconnect();
    cancelAnimationFrame(frame);
    content?.bitmaps.stop();
    el.replaceChildren();
  };
}

/** @param {import("../types.js").TraceRequest} request */
const moduleOf = ({ model }) => ({
  layers: model.num_layers,
  both: model.bidirectional,
  cell: `nn.${model.cell.toUpperCase()}`,
  sizes: [model.input_size, model.hidden_size, ...(model.proj_size ? [model.proj_size] : [])].join(" → "),
});

/** Where the samples end that a block shows. @param {import("../types.js").Trace} trace @returns {import("../scene/padding.js").Ended | null} */
function endedOf(trace) {
  const lengths = trueLengths(trace);
  return lengths && { lengths, cut: trace.request.packed === true };
}

const ratio = () => Math.min(3, window.devicePixelRatio || 1);

/** @param {{axes: string[], shape: number[]}} block @param {number} t @param {number} n */
const startOf = ({ axes, shape }, t, n) => axes.map((axis, k) => Math.min(shape[k] - 1, axis === "T" ? t : axis === "N" ? n : 0));

/** @param {CellAt | null} a @param {CellAt | null} b */
const equal = (a, b) => a === b || (!!a && !!b && a.tensor === b.tensor && a.index.join() === b.index.join());

/** The old object where it says the same, so that nobody is notified. @param {CellAt | null} fresh @param {CellAt | null} old */
const same = (fresh, old) => (equal(fresh, old) ? old : fresh);

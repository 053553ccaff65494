// The scene: every tensor of the forward pass on one canvas, left to right; its state → layout → draw, and its stop.

import { scalesOf } from "../core/colour.js";
import { arrange, paletteOf } from "../scene/arrange.js";
import { createBitmaps } from "../scene/bitmaps.js";
import { blocksOf, wholeOf } from "../scene/blocks.js";
import { createCamera } from "../scene/camera.js";
import { drawScene } from "../scene/draw.js";
import { largest } from "../scene/fit.js";
import { endedIn, frameOf, looksDifferent } from "../scene/frame.js";
import { listenKeys } from "../scene/keyboard.js";
import { drawLegend } from "../scene/legend.js";
import { isDone, motionOf } from "../play/motion.js";
import { createMoving } from "../scene/moving.js";
import { pick } from "../scene/pick.js";
import { STILL, askedOf, posed } from "../scene/posed.js";
import { listenPointer } from "../scene/pointer.js";
import { viewOf } from "../scene/projection.js";
import { shownKey, shownOf } from "../scene/shown.js";
import { createTexts, describe, make } from "../scene/texts.js";
import { listenWheel } from "../scene/wheel.js";

/** @typedef {import("../scene/draw.js").Palette} Palette */
/** @typedef {{blocks: import("../scene/blocks.js").SceneBlock[], scales: ReturnType<typeof scalesOf>, bitmaps: import("../scene/bitmaps.js").Bitmaps}} Content */
/** @typedef {ReturnType<typeof arrange>} Arrangement */

const WIDE = 780; // px: on a phone a short picture leaves no gap
const AROUND = 216; // css px before a class for the path, the caption and the bar

/** @type {import("../types.js").Mount} */
export function mountScene(el, store, context) {
  const stop = new AbortController();
  const { signal } = stop;
  const host = make("div", { role: "application", tabindex: "0", "aria-describedby": `${el.id}-help ${el.id}-shown ${el.id}-cell` });
  const canvas = make("canvas", { "aria-hidden": "true" });
  const texts = createTexts(el.id);
  Object.assign(host.style, { position: "relative", touchAction: "pan-y", cursor: "grab", overflow: "hidden" });
  Object.assign(canvas.style, { display: "block", width: "100%" });
  host.append(canvas);
  el.replaceChildren(host, ...Object.values(texts));

  const ctx = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const darkness = matchMedia("(prefers-color-scheme: dark)");
  let width = 0;
  let frame = 0;
  let magnified = 1; // before a class everything is larger, type too
  /** @type {Content | null} */ let content = null;
  /** @type {Arrangement | null} */ let arrangement = null;
  /** @type {Palette | null} */ let palette = null;
  /** as it was drawn last, which is what the pointer is over @type {import("../scene/layout.js").Layout | null} */ let shown = null;
  const moving = createMoving(() => context.reducedMotion());

  const camera = createCamera((what) => {
    if (what === "zoom") arrangement = null;
    redraw();
  });
  /** @type {import("../scene/types.js").Stage} */
  const stage = {
    store,
    camera,
    focused: 0,
    blocks: () => shownNow().blocks.filter(({ kind }) => kind !== "module").map(wholeOf),
    cellAt(x, y) {
      const cell = pick(drawnNow().placed, viewOf(camera.turn), store.get().t, pointIn(x, y));
      return cell && isDone(motionOf(store.get().trace, store.get().p)?.undone(cell.tensor) ?? [], cell.index) ? cell : null; // nothing is there yet
    },
    moduleAt(x, y) {
      const [px, py] = pointIn(x, y);
      return drawnNow().placed.some(({ block, room }) => block.kind === "module" && block.name === "rnn" && px >= room.x && px <= room.x + room.w && py >= room.y && py <= room.y + room.h);
    },
  };
  const drawnNow = () => shown ?? arrangementNow().layout;
  /** On the canvas, a point of the window. @param {number} x @param {number} y @returns {[number, number]} */
  function pointIn(x, y) {
    const { left, top } = canvas.getBoundingClientRect();
    return [(x - left) / magnified, (y - top) / magnified];
  }

  listenPointer(host, stage, signal);
  listenWheel(host, stage, signal);
  listenKeys(host, stage, signal);

  // ---- what is shown: state → layout → draw, each rebuilt when what it depends on changed ----

  function contentNow() {
    const { trace } = store.get();
    if (!content) {
      content = { blocks: blocksOf(trace), scales: scalesOf(trace.tensors, context.beside?.map(({ tensors }) => tensors)), bitmaps: createBitmaps(() => context.tensors, redraw) };
      stage.focused = 0;
    }
    return content;
  }

  const shownNow = () => shownOf(contentNow().blocks, store.get(), width);

  function arrangementNow() {
    if (arrangement) return arrangement;
    const { scales } = contentNow();
    const { blocks, alone } = shownNow();
    const how = { zoom: camera.zoom, alone, say: context.say, palette: paletteNow(), ctx };
    const arrangeAt = (/** @type {number} */ by) => arrange(store.get().trace, blocks, scales, { ...how, width: width / by, ratio: ratio() * by });
    const room = store.get().present ? window.innerHeight - AROUND : 0;
    const found = largest(room, arrangeAt, heightOf);
    magnified = found.magnified;
    arrangement = found.arranged;
    return arrangement;
  }

  function paletteNow() {
    if (palette) return palette;
    palette = paletteOf(getComputedStyle(el));
    return palette;
  }

  /** @param {number} now */
  function draw(now) {
    frame = 0;
    const state = store.get();
    if (width === 0 || !state.trace) return;
    const { scales, bitmaps } = contentNow();
    const { layout, legend } = arrangementNow();
    fitCanvas(Math.ceil(heightOf({ layout, legend }) * magnified));
    const inks = paletteNow();
    shown = posed(layout, askedOf(state), moving.at(now), { say: context.say, ended: endedIn(state.trace) });
    if (moving.moves) redraw();
    drawScene(ctx, frameOf(state, camera, context, { layout: shown, scales, palette: inks, ratio: ratio() * magnified, bitmaps }));
    drawLegend(ctx, legend.items, inks);
    describe(host, texts, { say: context.say, tensors: context.tensors, state, blocks: shownNow().blocks.map(wholeOf) });
    const around = /** @type {HTMLElement | null} */ (el.closest(".zoom-stage"));
    if (around && state.zoom === "" && !state.present && width >= WIDE) around.style.minHeight = `${el.offsetHeight}px`; // what is below stays where it is, however deep one goes
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

  /** The picture as it stands, for a file or for paper. @type {Parameters<import("../scene/types.js").Pictures["offer"]>[0]} */
  function shot({ light = false } = {}) {
    const state = store.get();
    if (width === 0 || !state.trace) return null;
    const { blocks, scales, bitmaps } = contentNow();
    const inks = light ? paletteOf(getComputedStyle(document.documentElement)) : paletteNow();
    const { layout: arranged, legend } = arrange(state.trace, blocks, scales, { width, zoom: camera.zoom, ratio: ratio(), say: context.say, palette: inks, ctx, still: true });
    const layout = posed(arranged, askedOf(state), STILL, { say: context.say, ended: endedIn(state.trace) });
    const scene = frameOf(state, camera, context, { layout, scales, palette: inks, ratio: ratio(), bitmaps });
    return { scene, legend: legend.items, width, height: Math.ceil(layout.bottom + legend.height + 8) };
  }

  // ---- what starts must stop ----
  const withdraw = context.pictures.offer(shot);

  const sized = new ResizeObserver(() => {
    const now = Math.floor(el.clientWidth - parseFloat(getComputedStyle(el).paddingLeft) - parseFloat(getComputedStyle(el).paddingRight));
    if (now <= 0 || now === width) return;
    width = now;
    arrangement = null;
    redraw();
  });
  sized.observe(el);
  darkness.addEventListener("change", recolour, { signal });
  window.addEventListener(
    "resize",
    () => {
      if (store.get().present) arrangement = null; // as large as the window's height allows
      redraw(); // another screen may have other pixels
    },
    { signal },
  );

  function recolour() {
    palette = null;
    redraw();
  }

  const forget = store.subscribe((state, previous) => {
    moving.notice(state, previous);
    if (state.trace !== previous.trace) {
      content?.bitmaps.stop();
      content = null;
      arrangement = shown = null;
    }
    if (shownKey(state) !== shownKey(previous)) {
      arrangement = shown = null;
      if (state.zoom !== previous.zoom) stage.focused = 0;
    }
    if (state.present !== previous.present) arrangement = null;
    if (state.lang !== previous.lang) arrangement = palette = null;
    if (state.theme !== previous.theme) requestAnimationFrame(recolour); // after the page has taken the theme
    if (looksDifferent(state, previous)) redraw();
  });

  return () => {
    stop.abort();
    forget();
    withdraw();
    sized.disconnect();
    cancelAnimationFrame(frame);
    content?.bitmaps.stop();
    el.replaceChildren();
  };
}

/** @param {Arrangement} arrangement */
const heightOf = ({ layout, legend }) => layout.bottom + legend.height + 8;

const ratio = () => Math.min(3, window.devicePixelRatio || 1);

// The scene: every tensor of the forward pass on one canvas, left to right; its state → layout → draw, and its stop.

import { scalesOf } from "../core/colour.js";
import { arrange, paletteOf } from "../scene/arrange.js";
import { createBitmaps } from "../scene/bitmaps.js";
import { blocksOf } from "../scene/blocks.js";
import { createCamera } from "../scene/camera.js";
import { drawScene } from "../scene/draw.js";
import { frameOf, looksDifferent } from "../scene/frame.js";
import { listenKeys } from "../scene/keyboard.js";
import { drawLegend } from "../scene/legend.js";
import { pick } from "../scene/pick.js";
import { listenPointer } from "../scene/pointer.js";
import { viewOf } from "../scene/projection.js";
import { createTexts, describe, make } from "../scene/texts.js";

/** @typedef {import("../scene/draw.js").Palette} Palette */
/** @typedef {{blocks: import("../scene/blocks.js").SceneBlock[], scales: ReturnType<typeof scalesOf>, bitmaps: import("../scene/bitmaps.js").Bitmaps}} Content */
/** @typedef {ReturnType<typeof arrange>} Arrangement */

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
  let width = 0;
  let frame = 0;
  /** @type {Content | null} */ let content = null;
  /** @type {Arrangement | null} */ let arrangement = null;
  /** @type {Palette | null} */ let palette = null;

  const camera = createCamera((what) => {
    if (what === "zoom") arrangement = null;
    redraw();
  });
  /** @type {import("../scene/types.js").Stage} */
  const stage = {
    store,
    camera,
    focused: 0,
    blocks: () => contentNow().blocks.filter(({ kind }) => kind !== "module"),
    cellAt(x, y) {
      const box = canvas.getBoundingClientRect();
      return pick(arrangementNow().layout.placed, viewOf(camera.turn), store.get().t, [x - box.left, y - box.top]);
    },
  };
  listenPointer(host, stage, signal);
  listenKeys(host, stage, signal);

  // ---- what is shown: state → layout → draw, each rebuilt when what it depends on changed ----

  function contentNow() {
    const { trace } = store.get();
    if (!content) {
      content = { blocks: blocksOf(trace), scales: scalesOf(trace.tensors), bitmaps: createBitmaps(() => context.tensors, redraw) };
      stage.focused = 0;
    }
    return content;
  }

  function arrangementNow() {
    if (arrangement) return arrangement;
    const { blocks, scales } = contentNow();
    arrangement = arrange(store.get().trace, blocks, scales, { width, zoom: camera.zoom, ratio: ratio(), say: context.say, palette: paletteNow(), ctx });
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
    const { layout, legend } = arrangementNow();
    fitCanvas(Math.ceil(layout.bottom + legend.height + 8));
    const inks = paletteNow();
    drawScene(ctx, frameOf(state, camera, context, { layout, scales, palette: inks, ratio: ratio(), bitmaps }));
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

  /** The picture as it stands, for a file or for paper. @type {Parameters<import("../types.js").Pictures["offer"]>[0]} */
  function shot({ light = false } = {}) {
    const state = store.get();
    if (width === 0 || !state.trace) return null;
    const { blocks, scales, bitmaps } = contentNow();
    const inks = light ? paletteOf(getComputedStyle(document.documentElement)) : paletteNow();
    const { layout, legend } = arrange(state.trace, blocks, scales, { width, zoom: camera.zoom, ratio: ratio(), say: context.say, palette: inks, ctx, still: true });
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

const ratio = () => Math.min(3, window.devicePixelRatio || 1);

// The unrolled network: layers upward, time to the right, every state as its real numbers, and where output, h_n and c_n come out.

import { heldIn } from "../core/hands.js";
import { aliases } from "../core/places.js";
import { sourcesOf } from "../core/reads.js";
import { drawNetwork } from "../network/draw.js";
import { markCells, paintTravelling, shownYet, travelling } from "../network/film.js";
import { columnsFor, layoutNetwork, liveSteps, netOf } from "../network/layout.js";
import { createOverview } from "../network/overview.js";
import { paintNumbers } from "../network/numbers.js";
import { cellOf, placesOf, spotAt, spotsOf } from "../network/places.js";
import { createReader } from "../network/reader.js";
import { boxesOf, drawWays, layoutSources } from "../network/sources.js";
import { prepare } from "../network/strip.js";
import { follow, windowAt } from "../network/window.js";
import { motionOf } from "../play/motion.js";

/** @typedef {import("../types").AppState} AppState */
/** @typedef {import("../types").CellAt} CellAt */
/** @typedef {import("../types").Context} Context */
/** @typedef {import("../types").Store} Store */
/** @typedef {import("../network/layout.js").Layout} Layout */
/** @typedef {import("../network/layout.js").Net} Net */
/** @typedef {import("../network/overview.js").Overview} Overview */
/** @typedef {import("../network/places.js").Spot} Spot */
/** @typedef {{net: Net, layout: Layout, svg: SVGSVGElement, spots: Spot[], overview: Overview | null}} Picture */

/**
 * @param {HTMLElement} el
 * @param {Store} store
 * @param {Context} context
 * @returns {() => void} unmount
 */
export function mountNetwork(el, store, context) {
  const stop = new AbortController();
  const { signal } = stop;
  const head = make("div", "net-head");
  const above = make("div", "net-above");
  const stage = make("div", "net-stage");
  const canvas = make("canvas", "net-numbers");
  const marks = make("div", "net-marks");
  const flying = make("canvas", "net-numbers");
  const note = make("p", "net-note");
  canvas.setAttribute("aria-hidden", "true");
  flying.setAttribute("aria-hidden", "true");
  el.replaceChildren(head, above, stage, note);

  const reader = createReader(context, () => schedulePaint());
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  /** @type {Picture | null} */ let picture = null;
  /** What the last painting showed. @type {{done: string, scales: ReturnType<typeof paintNumbers>, inks: {now: string, paper: string}} | null} */ let shown = null;
  let first = 0;
  let width = 0;
  /** Where the keyboard is: a row, a step, a unit. */
  let focus = { row: 0, t: 0, unit: 0 };
  let frame = 0;

  const sized = new ResizeObserver(() => {
    const now = Math.floor(stage.clientWidth);
    if (now > 0 && now !== width) {
      width = now;
      rebuild();
    }
  });
  sized.observe(stage);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", schedulePaint, { signal });

  /** Everything from scratch: another trace, sample, language or width. */
  function rebuild() {
    const state = store.get();
    if (!state.trace || width === 0) {
      picture = null;
      for (const part of [head, above, stage]) part.replaceChildren();
      return;
    }
    const net = netOf(state.trace, context.beside);
    const count = columnsFor(net, width);
    first = follow(windowAt(first, count, net.steps), Math.min(state.t, net.steps - 1), net.steps).first;
    const overview = count < net.steps ? overviewOf(net) : null;
    above.replaceChildren(...(overview ? [overview.el] : []));
    drawWindow(net, overview);
  }

  /** The window of columns alone. @param {Net} net @param {Overview | null} overview */
  function drawWindow(net, overview) {
    const { trace, n } = store.get();
    const sample = Math.min(n, net.samples - 1);
    const layout = layoutNetwork(net, { width, first, live: liveSteps(trace, sample) });
    const svg = drawNetwork(layout, net, { say: context.say, trace, n: sample, measure });
    const held = stage.contains(document.activeElement) && picture !== null ? document.activeElement : null;
    const heldRow = held?.classList.contains("net-rowlabel") ? held.getAttribute("data-row") : null;
    stage.replaceChildren(svg, canvas, flying, marks);
    picture = { net, layout, svg, spots: spotsOf(layout, net, trace, sample), overview };
    focus = { row: Math.min(focus.row, net.rows.length - 1), t: clamp(focus.t, layout.first, layout.first + layout.count - 1), unit: Math.min(focus.unit, net.units - 1) };
    rove();
    if (heldRow) /** @type {SVGElement | null} */ (svg.querySelector(`.net-rowlabel[data-row="${heldRow}"]`))?.focus();
    else if (held) cellNode(focus.row, focus.t)?.focus({ preventScroll: true });
    mark();
    paint();
  }

  /** @param {Net} net */
  function overviewOf(net) {
    return createOverview({
      say: context.say, net, width,
      moved: (to) => moveWindow(to),
      stepped: (t) => store.set({ t }),
      pointed: (row, t, unit) => store.set({ cursor: { tensor: `${row.name}.h`, index: [store.get().n, t, unit] } }),
      left: () => store.set({ cursor: null }),
      chosen: (row) => store.set({ row: row.name }),
    });
  }

  /** @param {number} to */
  function moveWindow(to) {
    if (!picture) return;
    first = windowAt(to, picture.layout.count, picture.net.steps).first;
    if (first !== picture.layout.first) drawWindow(picture.net, picture.overview);
  }

  function schedulePaint() {
    if (frame) return;
    frame = requestAnimationFrame(() => {
      frame = 0;
      if (!signal.aborted) paint();
    });
  }

  function paint() {
    const { trace, n } = store.get();
    if (!picture) return;
    const style = getComputedStyle(el);
    const ink = (/** @type {string} */ name) => style.getPropertyValue(name).trim() || "gray";
    const hatch = ink("--rule-strong");
    const film = motionOf(trace, store.get().p);
    const scales = paintNumbers(picture, { canvas, head, note, hatch, n: Math.min(n, picture.net.samples - 1), film }, trace, reader, context);
    markCells(picture.svg, picture.net.rows, film);
    shown = { done: doneNow(), scales, inks: { now: ink("--now"), paper: ink("--paper") } };
    fly();
  }

  /** Which strips have numbers at this position. */
  function doneNow() {
    const film = motionOf(store.get().trace, store.get().p);
    const at = film?.computing;
    return film ? `${at ? `${at.row.name} ${at.step}` : ""} ${picture?.spots.map((spot) => Number(shownYet(film, spot))).join("")}` : "";
  }

  /** What only travels is painted by itself; the rest when something has been computed. */
  function film() {
    if (!shown || shown.done !== doneNow()) schedulePaint();
    else fly();
  }

  function fly() {
    if (!picture || !shown) return;
    const { layout, spots, net } = picture;
    const some = travelling(spots, net, motionOf(store.get().trace, store.get().p));
    if (!some.length && flying.hidden) return;
    flying.hidden = !some.length;
    if (!some.length) return;
    paintTravelling(prepare(flying, layout.width, layout.height), some, shown.scales, ({ tensor, index }) => context.tensors.peek(tensor, index)?.data ?? null, shown.inks);
  }

  /** What moves without repainting: the current step, the chosen row, the number pointed at, the number pinned. */
  function mark() {
    if (!picture) return;
    const { layout, svg, overview, net } = picture;
    const { t, row, cursor, pinned, pins, trace } = store.get();
    const column = layout.columns.find((candidate) => candidate.t === t);
    const glow = svg.querySelector(".net-glow");
    const reach = Math.min(12, layout.gutter / 2);
    glow?.toggleAttribute("hidden", !column);
    if (column && glow)
      for (const [name, value] of Object.entries({ x: column.x - reach, y: layout.glow.top, width: column.w + 2 * reach, height: layout.glow.bottom - layout.glow.top }))
        glow.setAttribute(name, String(value));
    for (const part of svg.querySelectorAll("[data-t]")) part.classList.toggle("is-now", part.getAttribute("data-t") === String(t));
    for (const part of svg.querySelectorAll(".net-band, .net-row")) part.classList.toggle("is-row", part.getAttribute("data-row") === row);
    for (const part of svg.querySelectorAll(".net-rowlabel")) part.setAttribute("aria-pressed", String(part.getAttribute("data-row") === row));
    overview?.mark({ first: layout.first, count: layout.count }, Math.min(t, net.steps - 1), row);
    const sources = sourcesOf(store.get());
    const read = sources && layoutSources(picture, sources);
    marks.replaceChildren(...heldMarks(trace), ...changedMarks(), ...(read ? [drawWays(layout, read.ways), ...read.outlines.map(({ key, box }) => boxed(box, "net-source", key))] : []), ...[...pins, pinned].flatMap((cell) => marksOf(cell, "net-pin", trace)), ...marksOf(cursor, "net-cursor", trace));
  }

  /** The h and c that are held by hand, one step at a time. @param {AppState["trace"]} trace */
  function heldMarks(trace) {
    if (!picture) return [];
    const { spots, layout: { first, count } } = picture;
    const { n } = store.get();
    return heldIn(trace).flatMap(({ tensor, spans: [sample, [from, to], units] }) => {
      const steps = sample[0] === n ? Array.from({ length: count }, (_, k) => first + k).filter((t) => t >= from && t < to) : [];
      return steps.flatMap((t) => boxesOf(spots, { tensor, spans: [sample, [t, t + 1], units] })).map((box) => boxed(box, "net-held"));
    });
  }

  /** The steps at which a row's h differs because of what is done by hand. */
  function changedMarks() {
    const { changed, n, trace } = store.get();
    if (!picture || !changed || !trace.request.interventions?.length) return [];
    const { spots, net, layout: { first, count } } = picture;
    return net.rows.flatMap(({ name }) => {
      const steps = changed.tensors.find((one) => one.name === `${name}.h`)?.per_step ?? [];
      return steps.slice(first, first + count).flatMap((most, k) => (most === 0 ? [] : boxesOf(spots, { tensor: `${name}.h`, spans: [[n, n + 1], [first + k, first + k + 1], [0, net.units]] }).map((box) => boxed(box, "net-changed"))));
    });
  }

  /** A number and the same number elsewhere. @param {CellAt | null} cell @param {string} name @param {AppState["trace"]} trace */
  function marksOf(cell, name, trace) {
    if (!cell || !picture || !Object.hasOwn(trace.tensors, cell.tensor)) return [];
    const spots = picture.spots;
    return [cell, ...aliases(trace, cell)].flatMap((one, k) => placesOf(spots, one).map((box) => boxed(box, k === 0 ? name : `${name} net-same`)));
  }

  /** @param {number} row @param {number} t @returns {SVGElement | null} */
  function cellNode(row, t) {
    return picture?.svg.querySelector(`.net-cell[data-row="${picture.net.rows[row].name}"][data-t="${t}"]`) ?? null;
  }

  function rove() {
    for (const cell of picture?.svg.querySelectorAll('.net-cell[tabindex="0"]') ?? []) cell.setAttribute("tabindex", "-1");
    cellNode(focus.row, focus.t)?.setAttribute("tabindex", "0");
  }

  /** @returns {CellAt} */
  const focused = () => ({ tensor: `${picture?.net.rows[focus.row].name}.h`, index: [store.get().n, focus.t, focus.unit] });

  /** @param {number} rows @param {number} steps */
  function go(rows, steps) {
    if (!picture) return;
    const { net, layout } = picture;
    focus = { ...focus, row: clamp(focus.row + rows, 0, net.rows.length - 1), t: clamp(focus.t + steps, 0, net.steps - 1) };
    if (focus.t < layout.first) moveWindow(focus.t);
    else if (focus.t >= layout.first + layout.count) moveWindow(focus.t - layout.count + 1);
    rove();
    cellNode(focus.row, focus.t)?.focus();
    store.set({ cursor: focused() });
  }

  /** @param {PointerEvent | MouseEvent} event */
  const hit = (event) => {
    const { left, top } = stage.getBoundingClientRect();
    return picture && spotAt(picture.spots, event.clientX - left, event.clientY - top);
  };

  stage.addEventListener("pointermove", (event) => {
    const at = hit(event);
    store.set({ cursor: at ? cellOf(at.spot, at.unit) : null });
    stage.classList.toggle("is-over", at !== null);
  }, { signal });
  stage.addEventListener("pointerleave", () => store.set({ cursor: null }), { signal });
  stage.addEventListener("click", (event) => {
    const target = event.target instanceof Element ? event.target : null;
    const label = target?.closest(".net-rowlabel");
    if (label) return store.set({ row: label.getAttribute("data-row") ?? store.get().row });
    const at = hit(event);
    const cell = target?.closest(".net-cell");
    if (cell && picture) {
      focus = { ...focus, row: picture.net.rows.findIndex((row) => row.name === cell.getAttribute("data-row")), t: Number(cell.getAttribute("data-t")) };
      if (at) focus.unit = at.unit;
      rove();
    }
    if (at) store.set({ pinned: cellOf(at.spot, at.unit), cursor: cellOf(at.spot, at.unit), ...(at.spot.t === null ? {} : { t: at.spot.t }) });
    else if (cell && !cell.classList.contains("net-padding")) store.set({ pinned: focused(), t: focus.t });
  }, { signal });
  stage.addEventListener("focusin", (event) => {
    const cell = event.target instanceof Element ? event.target.closest(".net-cell") : null;
    if (!cell || !picture || !cell.matches(":focus-visible")) return;
    focus = { ...focus, row: picture.net.rows.findIndex((row) => row.name === cell.getAttribute("data-row")), t: Number(cell.getAttribute("data-t")) };
    store.set({ cursor: focused() });
  }, { signal });
  stage.addEventListener("keydown", (event) => {
    const target = event.target instanceof Element ? event.target : null;
    const label = target?.closest(".net-rowlabel");
    if (label && (event.key === "Enter" || event.key === " ")) store.set({ row: label.getAttribute("data-row") ?? store.get().row });
    else if (target?.closest(".net-cell") && picture && !event.altKey && !event.ctrlKey && !event.metaKey) {
      const { steps, units } = picture.net;
      if (event.key === "ArrowUp") go(1, 0);
      else if (event.key === "ArrowDown") go(-1, 0);
      else if (event.shiftKey && (event.key === "ArrowLeft" || event.key === "ArrowRight")) {
        focus.unit = clamp(focus.unit + (event.key === "ArrowRight" ? 1 : -1), 0, units - 1);
        store.set({ cursor: focused() });
      } else if (event.key === "ArrowLeft") go(0, -1);
      else if (event.key === "ArrowRight") go(0, 1);
      else if (event.key === "Home") go(0, -steps);
      else if (event.key === "End") go(0, steps);
      else if (event.key === "Enter" || event.key === " ") store.set({ pinned: focused(), t: focus.t });
      else return;
    } else return;
    event.preventDefault();
    event.stopPropagation(); // the page's own arrow keys and space move t
  }, { signal });

  const unsubscribe = store.subscribe((state, previous) => {
    if (state.trace !== previous.trace || state.n !== previous.n || state.lang !== previous.lang) return rebuild();
    if (state.theme !== previous.theme) schedulePaint();
    if (state.p !== previous.p) film();
    if (state.t !== previous.t && picture) {
      const { net, layout, overview } = picture;
      const next = follow({ first: layout.first, count: layout.count }, clamp(state.t, 0, net.steps - 1), net.steps);
      if (next.first !== layout.first) {
        first = next.first;
        return drawWindow(net, overview);
      }
    }
    if (state.t !== previous.t || state.row !== previous.row || state.cursor !== previous.cursor || state.pinned !== previous.pinned || state.pins !== previous.pins || state.changed !== previous.changed || sourcesOf(state) !== sourcesOf(previous)) mark();
  });

  /** @param {string} text @param {number} size @param {boolean} [code] */
  function measure(text, size, code = false) {
    const style = getComputedStyle(el);
    pen.font = `${size}px ${code ? style.getPropertyValue("--font-code") : style.fontFamily}`;
    return pen.measureText(text).width;
  }

  return () => {
    stop.abort();
    unsubscribe();
    sized.disconnect();
    reader.stop();
    cancelAnimationFrame(frame);
    el.replaceChildren();
  };
}

/** @param {number} value @param {number} low @param {number} high */
const clamp = (value, low, high) => Math.max(low, Math.min(high, value));

/** A frame around a place. @param {import("../network/layout.js").Box} box @param {string} name @param {string} [source] */
function boxed({ x, y, w, h }, name, source) {
  const mark = make("div", name);
  if (source) mark.dataset.source = source;
  Object.assign(mark.style, { left: `${x - 2}px`, top: `${y - 2}px`, width: `${w + 4}px`, height: `${h + 4}px` });
  return mark;
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

// Padded beside packed: what reading on after its end does to each sample, and one button that stops it.

import { exact, tiny } from "../core/format.js";
import { sampleName, trueLengths } from "../core/places.js";
import { stairs } from "../core/stairs.js";
import { el as make } from "../doors/dom.js";

/** @typedef {import("../types.js").AppState} AppState */
/** @typedef {import("../types.js").Padding} Padding */

const BEGINNING = 24; // characters of a sentence
const ROUNDING = 1e-5; // a difference below it is not a drift

/** @type {import("../types.js").Mount} */
export function mountPadding(el, store, context) {
  const title = make("h2", { id: "padding-title" });
  const why = make("p", { class: "aside" });
  const toggle = make("button", { type: "button", class: "button", "data-do": "pack" });
  const table = make("table", { class: "numbers padding-table" });
  const scroll = make("div", { class: "scroll", role: "region", tabindex: "0", "aria-labelledby": "padding-caption" }, table);
  const note = make("p", { class: "aside padding-note" });
  el.replaceChildren(make("header", { class: "head" }, title, toggle), why, scroll, note);
  let asking = new AbortController();
  toggle.addEventListener("click", () => context.ask({ packed: !store.get().asked.packed }));

  async function draw() {
    const state = store.get();
    const { trace } = state;
    const lengths = trueLengths(trace) ?? [];
    el.hidden = lengths.length === 0 || lengths.every((length) => length === lengths[0]);
    asking.abort();
    if (el.hidden) return;
    asking = new AbortController();
    write(state);
    const found = await context.padding(asking.signal).catch(() => null);
    if (asking.signal.aborted) return;
    if (found) drawTable(state, found);
    else table.replaceChildren(make("caption", {}, context.say("padding.failed")));
  }

  /** @param {AppState} state */
  function write({ trace }) {
    const { say } = context;
    title.textContent = say("padding.title");
    why.textContent = say("padding.why");
    toggle.textContent = say(trace.request.packed ? "padding.unpack" : "padding.pack");
  }

  /** @param {AppState} state @param {Padding} found */
  function drawTable({ trace }, { packed, steps, of, reads, batch_sizes, samples }) {
    const { say } = context;
    const both = samples.some((one) => one.padded_backward !== null);
    const now = (/** @type {boolean} */ mode) => (mode === packed ? "is-now" : false);
    const head = (/** @type {boolean} */ mode, /** @type {string} */ words, /** @type {string} */ code) =>
      make("th", { scope: "col", class: now(mode) }, words, make("code", {}, code));
    const drift = (/** @type {boolean} */ mode, /** @type {number | null} */ value, /** @type {string} */ name, /** @type {number} */ sample) =>
      make("td", { class: [now(mode) || "", (value ?? Infinity) > ROUNDING ? "is-drift" : ""].join(" "), "data-drift": name, "data-sample": sample, "data-value": exact(value), title: exact(value) }, tiny(value));
    const rows = samples.map((one) =>
      make(
        "tr",
        {},
        make("th", { scope: "row" }, make("span", { dir: "auto" }, sampleName(trace, one.sample, BEGINNING))),
        make("td", { class: "padding-bar" }, bar(one.length, steps)),
        make("td", {}, String(one.length)),
        drift(false, one.padded, "padded", one.sample),
        both && drift(false, one.padded_backward, "padded_backward", one.sample),
        drift(true, one.packed, "packed", one.sample),
      ),
    );
    table.replaceChildren(
      make("caption", { id: "padding-caption" }, say("padding.caption")),
      make(
        "thead",
        {},
        make(
          "tr",
          {},
          make("th", { scope: "col" }, say("padding.sample")),
          make("th", { scope: "col", class: "padding-bar" }, say("padding.steps", { steps })),
          make("th", { scope: "col" }, make("code", {}, "lengths")),
          head(false, say("padding.padded"), reads),
          both && head(false, say("padding.padded"), "h_n[-1]"),
          head(true, say("padding.packed"), both ? "h_n[-2:]" : "h_n[-1]"),
        ),
      ),
      make("tbody", {}, ...rows),
      make("tfoot", {}, make("tr", {}, make("th", { scope: "row" }, make("code", {}, "batch_sizes")), make("td", { class: "padding-bar" }, columns(batch_sizes, of)), make("td", { colspan: both ? 4 : 3, class: "padding-sizes" }, sizesText(batch_sizes)))),
    );
    const rest = of > samples.length ? ` ${say("padding.first", { shown: samples.length, of })}` : "";
    note.textContent = say(packed ? "padding.after" : "padding.note") + rest;
  }

  void draw();
  const unsubscribe = store.subscribe((state, previous) => {
    if (state.trace !== previous.trace || state.lang !== previous.lang) void draw();
  });
  return () => {
    asking.abort();
    unsubscribe();
    el.replaceChildren();
  };
}

/** The steps of a sample: its own filled, the padding hatched. @param {number} length @param {number} steps */
function bar(length, steps) {
  const marks = make("span", { class: "bar", "aria-hidden": "true" });
  const own = make("span", { class: "bar-own" });
  own.style.flexGrow = String(length);
  const pad = make("span", { class: "bar-pad" });
  pad.style.flexGrow = String(steps - length);
  marks.append(own, ...(length < steps ? [pad] : []));
  return marks;
}

/** How many samples still run at each step, as columns that grow shorter. @param {number[]} sizes @param {number} of */
function columns(sizes, of) {
  const marks = make("span", { class: "bar bar-sizes", "aria-hidden": "true" });
  for (const { size, steps } of stairs(sizes)) {
    const column = make("span", { class: "bar-column" });
    column.style.flexGrow = String(steps);
    column.style.height = `${(100 * size) / of}%`;
    marks.append(column);
  }
  return marks;
}

/** "2, 2, 2, 1, 1", or its runs: "50 × 3, 49 × 2". @param {number[]} sizes */
function sizesText(sizes) {
  if (sizes.length <= 12) return `[${sizes.join(", ")}]`;
  const runs = stairs(sizes);
  const shown = runs.slice(0, 6).map(({ size, steps }) => (steps > 1 ? `${size} × ${steps}` : String(size)));
  return `[${shown.join(", ")}${runs.length > 6 ? ", …" : ""}]`;
}

// The two innermost depths of the scene: one cell as a diagram with this unit's numbers on its wires, and one number's products.

import { fixed, place } from "../core/format.js";
import { rows, sizes } from "../core/places.js";
import { cellOf, elsewhere, into, parse, rowOf } from "../core/zoom.js";
import { el as make, fillMenu } from "../doors/dom.js";
import { createAnswers } from "../inside/answers.js";
import { drawCell } from "../inside/draw.js";
import { factsOf } from "../inside/facts.js";
import { heldAt, held, knobOf, released } from "../inside/knobs.js";
import { layoutCell } from "../inside/layout.js";
import { LIMIT, productParts } from "../inside/products.js";
import { nextWire } from "../inside/walk.js";
import { goTo } from "../scene/zooming.js";

/** @typedef {import("../types.js").AppState} AppState */
/** @typedef {import("../types.js").CellAt} CellAt */
/** @typedef {import("../inside/layout.js").Diagram} Diagram */
/** @typedef {{[wire: string]: import("../inside/facts.js").Fact}} Facts */

const TWICE = 400; // ms between two clicks that are a double one

/** @type {import("../types.js").Mount} */
export function mountInside(el, store, context) {
  const life = new AbortController();
  const { signal } = life;
  const answers = createAnswers(context, draw);
  const head = make("div", { class: "inside-head" });
  const title = make("h3", { class: "inside-title", tabindex: -1 });
  const row = make("select", { class: "field", name: "inside-row" });
  const unit = make("input", { class: "field", type: "number", name: "inside-unit", min: 0, step: 1 });
  const steps = make("select", { class: "field", name: "inside-steps" });
  const picture = make("div", { class: "inside-picture" });
  const readout = make("p", { class: "inside-readout code", "aria-live": "polite" });
  const note = make("p", { class: "soft inside-note" });
  const number = make("div", { class: "inside-number", "data-testid": "inside-number" });
  const unitField = make("label", { class: "inside-unit" });
  const stepsField = make("span", { class: "menu-field" }, steps);
  head.append(title, make("span", { class: "menu-field" }, row), unitField, stepsField);
  const cell = make("div", { class: "inside-cell" }, head, picture, readout, note);
  el.replaceChildren(cell, number);
  let width = 0;
  /** @type {{diagram: Diagram, facts: Facts} | null} */
  let shown = null;
  let at = ""; // the wire that the keyboard is on
  let click = { id: "", at: -Infinity };

  const where = () => {
    const { trace, zoom: text, n, t } = store.get();
    const zoom = parse(text);
    const own = cellOf(zoom, { n, t });
    const [, , u] = own.index;
    const size = sizes(trace);
    return { zoom, own, row: rowOf(zoom.tensor), n: Math.min(n, size.samples - 1), t: Math.min(t, size.steps - 1), u };
  };

  function draw() {
    if (signal.aborted) return;
    const { trace, zoom: text } = store.get();
    const { level } = parse(text);
    el.hidden = level !== "cell" && level !== "number";
    const scene = el.previousElementSibling;
    if (scene instanceof HTMLElement) scene.hidden = !el.hidden;
    if (el.hidden || !trace) return void (shown = null);
    cell.hidden = level !== "cell";
    number.hidden = level !== "number";
    if (level === "cell" ? drawDiagram() : drawNumber()) scene?.removeAttribute("data-expect"); // what is below need not wait any longer
  }

  function drawDiagram() {
    const { trace, lang, asked } = store.get();
    const { say } = context;
    const here = where();
    const { model } = trace.request;
    const room = width || Math.floor(el.clientWidth) || 900;
    const diagram = layoutCell(model.cell, room, { projected: model.proj_size > 0, nonlinearity: model.nonlinearity, bias: model.bias });
    const found = answers.cell(trace, lang, here.row, [here.n, here.t, here.u]);
    const padded = found && Object.values(found).some(({ kind }) => kind === "padding");
    const facts = found && !padded ? factsOf(model.cell, found) : {};
    const narrow = room < 560;
    const names = namesOf(facts, trace, here);
    const gates = Object.fromEntries(diagram.gates.map(({ quantity, sign }) => {
      const inner = found?.[quantity]?.inner;
      const whole = `${sign}(${fixed(inner ?? null)})`;
      const clamp = heldAt(asked.interventions, here, quantity);
      const written = inner === undefined || padded ? sign : clamp ? say("inside.held") : narrow && model.cell !== "rnn" ? fixed(inner) : whole;
      return [quantity, { inner: written, held: clamp !== null, says: say("inside.gate", { name: quantity, value: facts[quantity]?.short ?? "…" }) }];
    }));
    const focus = document.activeElement;
    const keep = focus && picture.contains(focus) ? (focus.getAttribute("data-knob") ? `[data-knob="${focus.getAttribute("data-knob")}"]${focus.hasAttribute("data-end") ? `[data-end="${focus.getAttribute("data-end")}"]` : ".knob"}` : `[data-wire="${at}"]`) : "";
    const drawing = drawCell(diagram, facts, { label: say("inside.label", { unit: here.u, row: here.row, t: here.t, n: here.n }), names, gates, narrow });
    const knobs = diagram.gates.flatMap((gate) => {
      const value = found?.[gate.quantity]?.value ?? null;
      const knob = trace.request.input.decode ? null : knobOf(gate, { value, held: heldAt(asked.interventions, here, gate.quantity), narrow, say }, (to) => hold(gate.quantity, to));
      return knob ? [knob] : [];
    });
    stepsField.hidden = knobs.length === 0;
    const board = make("div", { class: "inside-board" });
    Object.assign(board.style, { width: `${diagram.width}px`, height: `${diagram.height}px` });
    board.append(drawing, ...knobs);
    picture.replaceChildren(board);
    picture.toggleAttribute("aria-busy", found === undefined);
    shown = { diagram, facts };
    rove(at && drawing.querySelector(`[data-wire="${at}"]`) ? at : "c" in facts ? "c" : "h");
    if (keep) /** @type {HTMLElement | null} */ (picture.querySelector(keep))?.focus({ preventScroll: true });
    title.textContent = say("inside.title", { cell: model.cell.toUpperCase(), t: here.t, n: here.n });
    const word = trace.text?.tokens[here.n]?.[here.t];
    if (word) title.append(make("span", { class: "soft" }, ` ${word}`));
    controls(here);
    note.textContent = padded ? say("inside.padding") : found === null ? say("page.products.failed") : say("inside.how");
    return found !== undefined;
  }

  /** @param {ReturnType<typeof where>} here */
  function controls(here) {
    const { trace } = store.get();
    const { say } = context;
    fillMenu(row, rows(trace).map(({ name, layer, direction }) => ({ value: name, text: say(`scene.row.${direction}`, { layer }) })), here.row);
    row.setAttribute("aria-label", say("inside.row"));
    const units = trace.tensors[here.zoom.tensor].shape[2];
    unitField.replaceChildren(say("inside.unit"), unit, make("span", { class: "soft" }, say("inside.of", { count: units })));
    unit.max = String(units - 1);
    if (document.activeElement !== unit) unit.value = String(here.u);
    steps.setAttribute("aria-label", say("hold.steps"));
    const chosen = steps.value || "once";
    fillMenu(steps, [{ value: "once", text: say("hold.once", { step: here.t }) }, { value: "from", text: say("hold.from", { step: here.t }) }, { value: "always", text: say("hold.always") }], chosen);
  }

  /** What the ends of the rails are called: the step that they come from. @param {Facts} facts @param {AppState["trace"]} trace @param {ReturnType<typeof where>} here @returns {{[wire: string]: string}} */
  function namesOf(facts, trace, here) {
    const step = (/** @type {string} */ id, /** @type {string} */ letter) => {
      const from = facts[id]?.cell;
      if (!from) return letter;
      return /^[hc]_0$/.test(from.tensor) ? from.tensor : `${letter}[${from.index[1]}]`;
    };
    const word = trace.text?.tokens[here.n]?.[here.t];
    const many = (/** @type {string} */ id) => facts[id]?.short ?? "";
    const h = trace.request.model.proj_size ? `h[${here.t}] · ${facts.h?.cell?.index[2] ?? 0}` : `h[${here.t}]`;
    return { c_prev: step("c_prev", "c"), c: `c[${here.t}]`, h, h_prev_own: step("h_prev_own", "h"), h_prev: `${step("h_prev", "h")} ${many("h_prev")}`, x: `x[${here.t}] ${many("x")}${word ? ` ${word}` : ""}` };
  }

  function drawNumber() {
    const { trace, lang, n, t, zoom } = store.get();
    const found = answers.number(trace, lang, cellOf(parse(zoom), { n, t }), LIMIT);
    number.toggleAttribute("aria-busy", found === undefined);
    if (found === undefined) return false;
    number.replaceChildren(...(found ? productParts(found.answer, trace, context.say) : [make("p", { class: "soft" }, context.say("page.products.failed"))]));
    return true;
  }

  /** @param {string} quantity @param {number | null} value */
  function hold(quantity, value) {
    const here = where();
    const { asked } = store.get();
    context.ask({ interventions: value === null ? released(asked.interventions, here, quantity) : held(asked.interventions, here, quantity, value, steps.value || "once") }, { typing: true });
  }

  // ---- pointing at wires ----

  /** @param {string} id */
  function rove(id) {
    at = id;
    for (const node of picture.querySelectorAll("[data-wire], [data-gate]")) node.setAttribute("tabindex", node.getAttribute("data-wire") === id ? "0" : "-1");
  }

  /** @param {string | null} id */
  function point(id) {
    const fact = id === null ? undefined : shown?.facts[id];
    for (const node of picture.querySelectorAll("[data-wire], [data-of]")) {
      const name = node.getAttribute("data-wire") ?? node.getAttribute("data-of") ?? "";
      node.classList.toggle("is-here", name === id);
      node.classList.toggle("is-source", fact?.reads.includes(name) ?? false);
    }
    readout.textContent = fact ? `${fact.name} = ${fact.exact}` : "";
    if (fact?.cell) store.set({ cursor: fact.cell });
    else if (id === null) store.set({ cursor: null });
  }

  /** @param {EventTarget | null} target */
  const wireAt = (target) => {
    const node = target instanceof Element ? target.closest("[data-wire], [data-gate], [data-of]") : null;
    return node ? (node.getAttribute("data-wire") ?? node.getAttribute("data-gate") ?? node.getAttribute("data-of")) : null;
  };
  /** Keep its number; a kept one opens. @param {string} id @param {boolean} open */
  function choose(id, open) {
    const fact = shown?.facts[id];
    if (!fact?.cell) return;
    const { pinned, trace, zoom } = store.get();
    if (open || (pinned && place(pinned.tensor, pinned.index) === place(fact.cell.tensor, fact.cell.index))) {
      const next = into(trace, parse(zoom), fact.cell);
      if (next) goTo(store, next.zoom, next.at);
    } else store.set({ pinned: fact.cell });
  }
  picture.addEventListener("pointerover", ({ target }) => {
    const id = wireAt(target);
    if (id !== null) point(id);
  }, { signal });
  picture.addEventListener("pointerleave", () => point(null), { signal });
  picture.addEventListener("focusin", ({ target }) => {
    const id = wireAt(target);
    if (id !== null) point(id);
  }, { signal });
  picture.addEventListener("click", ({ target, timeStamp }) => {
    const id = wireAt(target);
    if (id === null) return;
    const twice = click.id === id && timeStamp - click.at < TWICE; // of a finger too, for which no double click is told
    click = { id, at: timeStamp };
    rove(id);
    if (twice) choose(id, true);
    else if (shown?.facts[id]?.cell) store.set({ pinned: shown.facts[id].cell });
  }, { signal });
  picture.addEventListener("keydown", (event) => {
    const id = wireAt(event.target);
    if (id === null || !shown || event.ctrlKey || event.metaKey || event.altKey) return;
    const next = nextWire(shown.diagram, id, event.key);
    if (next) {
      rove(next);
      /** @type {SVGElement | null} */ (picture.querySelector(`[data-wire="${next}"]`))?.focus();
    } else if (event.key === "Enter" || event.key === " ") choose(id, false);
    else if (event.key === "+" || event.key === "=") choose(id, true);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }, { signal });
  number.addEventListener("click", ({ target }) => {
    const link = target instanceof Element ? target.closest("button") : null;
    if (link?.dataset.tensor) openNumber({ tensor: link.dataset.tensor, index: (link.dataset.index || "").split(",").filter(Boolean).map(Number) });
  }, { signal });

  /** One number further down. @param {CellAt} target */
  function openNumber(target) {
    const { trace, zoom } = store.get();
    const next = into(trace, { ...parse(zoom), level: "number" }, target);
    if (next) goTo(store, next.zoom, next.at);
    title.scrollIntoView({ block: "nearest" });
  }

  el.addEventListener("keydown", (event) => {
    if (event.key !== "-" || (event.target instanceof HTMLInputElement && event.target.type === "number")) return;
    const out = /** @type {HTMLElement | null} */ (el.closest(".figure")?.querySelector('[data-zoom="out"]'));
    out?.click();
  }, { signal });
  el.addEventListener("wheel", (event) => {
    if (event.ctrlKey || event.metaKey) event.preventDefault();
  }, { signal, passive: false });
  row.addEventListener("change", () => goTo(store, elsewhere(store.get().trace, parse(store.get().zoom), { row: row.value })), { signal });
  unit.addEventListener("change", () => {
    if (unit.checkValidity()) goTo(store, elsewhere(store.get().trace, parse(store.get().zoom), { unit: unit.valueAsNumber }));
  }, { signal });

  const sized = new ResizeObserver(() => {
    const now = Math.floor(el.clientWidth);
    if (now > 0 && now !== width) {
      width = now;
      draw();
    }
  });
  sized.observe(el);
  draw();
  const forget = store.subscribe((state, previous) => {
    const zoom = parse(state.zoom);
    if (state.row !== previous.row && zoom.level === "cell" && rowOf(zoom.tensor) !== state.row) {
      return goTo(store, elsewhere(state.trace, zoom, { row: state.row }));
    }
    const keys = /** @type {const} */ (["trace", "zoom", "t", "n", "lang", "asked"]);
    if (keys.some((key) => state[key] !== previous[key])) draw();
  });
  return () => {
    forget();
    life.abort();
    answers.stop();
    sized.disconnect();
    el.replaceChildren();
  };
}

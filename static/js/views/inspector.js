// What made this number: its exact value, where it sits, and the textbook's equation with the numbers in it.

import { answerFor, chosen, key } from "../core/chosen.js";
import { exact, fixed, place } from "../core/format.js";
import { toggled } from "../core/pins.js";
import { aliases, coordinates, homeOf, inside } from "../core/places.js";
import { markedOf } from "../core/reads.js";
import { el as make } from "../doors/dom.js";
import { createHold } from "../inspector/hold.js";
import { equationParts, sourceList } from "../inspector/equation.js";
import { cellLink, roleIn } from "../inspector/link.js";
import { createProducts } from "../inspector/products.js";

/** @typedef {import("../types.js").AppState} AppState */
/** @typedef {import("../types.js").CellAt} CellAt */
/** @typedef {import("../types.js").Explained} Explained */

/** @type {import("../types.js").Mount} */
export function mountInspector(el, store, context) {
  const life = new AbortController();
  const products = createProducts(context, () => store.set({ explained: null }));
  const hold = createHold(store, context);
  const equation = make("section", { class: "equation-part" });
  const marked = make("p", { class: "soft marked" });
  /** What `equation` shows. @type {{answer: Explained | null, tensor: string, lang: string}} */
  let made = { answer: null, tensor: "", lang: "" };

  el.addEventListener(
    "click",
    ({ target }) => {
      const button = target instanceof Element ? target.closest("button") : null;
      if (!button) return;
      const { pinned, pins } = store.get();
      if (button.dataset.do === "pin" && pinned) store.set({ pins: toggled(pins, pinned) });
      else if (button.dataset.do === "release") store.set({ pinned: null, cursor: null });
      else if (button.dataset.tensor) store.set({ pinned: { tensor: button.dataset.tensor, index: numbers(button.dataset.index) }, cursor: null });
    },
    { signal: life.signal },
  );

  document.addEventListener(
    "keydown",
    (event) => {
      if (event.key === "Escape" && !event.defaultPrevented && store.get().pinned) store.set({ pinned: null, cursor: null });
    },
    { signal: life.signal },
  );

  /** What is known here is shown at once; the equation keeps its place while the answer is on its way. */
  function draw() {
    const state = store.get();
    const { cell, home, how } = chosen(state);
    const explained = answerFor(state, home);
    const focus = document.activeElement;
    const focused = el.contains(focus);
    el.classList.toggle("is-open", state.pinned !== null);
    el.replaceChildren(
      head(how, state),
      make("p", { class: "cell-name code" }, place(cell.tensor, cell.index)),
      valueLine(state, cell, context.tensors.value(cell.tensor, cell.index) ?? explained?.answer?.value),
      whereList(state, cell),
      ...madeBy(state, home),
      ...homePart(home, cell),
      equationPart(state, home, how, explained),
      aliasPart(state, cell),
      hold.root,
      products.root,
    );
    hold.follow(state, home, how);
    products.follow({ state, home, how, explained });
    if (!focused) return;
    const kept = focus instanceof HTMLElement && el.contains(focus) ? focus : el.querySelector("button");
    kept?.focus({ preventScroll: true });
  }

  /** @param {string} how @param {AppState} state */
  function head(how, { pinned, pins }) {
    const { say } = context;
    const kept = pinned !== null;
    const beside = pins.some((cell) => pinned && key(cell) === key(pinned));
    return make(
      "header",
      { class: "inspector-head" },
      make("h2", {}, say("page.inspector.title")),
      make("p", { class: "soft" }, say(`page.inspector.${how}`)),
      kept && make("button", { type: "button", class: "icon dismiss", "data-do": "release", "aria-label": say("page.inspector.release") }, "×"),
      kept && make("button", { type: "button", class: "icon dismiss keep-beside", "data-do": "pin", "aria-pressed": String(beside), "aria-label": say(beside ? "pins.kept" : "pins.keep"), title: say(beside ? "pins.kept" : "pins.keep") }, "⊕"),
    );
  }

  /** @param {AppState} state @param {CellAt} cell @param {number | null | undefined} value */
  function valueLine({ trace }, cell, value) {
    const attributes = { "data-tensor": cell.tensor, "data-index": cell.index.join(), "data-value": value === undefined ? null : exact(value) };
    return make(
      "p",
      { class: `value ${roleOf(cell.tensor)}`, "aria-live": "polite" },
      make("output", { class: "value-short", ...attributes }, value === undefined ? "…" : fixed(value, trace.tensors[cell.tensor].dtype)),
      make("span", { class: "value-exact code" }, value === undefined ? "" : exact(value)),
    );
  }

  /** @param {AppState} state @param {CellAt} cell */
  function whereList({ trace }, cell) {
    const { axes } = trace.tensors[cell.tensor];
    const { n } = coordinates(trace, cell);
    const items = axes.flatMap((axis, d) => {
      const token = axis === "T" ? trace.text?.tokens[n]?.[cell.index[d]] : undefined;
      const name = context.say(`page.axis.${axis}`);
      return [
        make("div", {}, make("dt", {}, make("i", {}, axis), name.startsWith("page.") ? "" : ` ${name}`), make("dd", { class: "code" }, String(cell.index[d]), token !== undefined && tokenName(token, cell, n, d))),
      ];
    });
    return make("dl", { class: "where" }, ...items);
  }

  /** A word, which is where it can be replaced. @param {string} token @param {CellAt} cell @param {number} n @param {number} d */
  function tokenName(token, { tensor, index }, n, d) {
    const { axes } = store.get().trace.tensors.tokens;
    if (tensor === "tokens") return make("span", { class: "token-name" }, ` ${token}`);
    return make("span", { class: "token-name" }, " ", cellLink({ tensor: "tokens", index: axes.map((axis) => (axis === "T" ? index[d] : n)) }, token));
  }

  /**
   * @param {AppState} state
   * @param {CellAt} home
   * @param {string} how
   * @param {AppState["explained"]} explained
   */
  function equationPart({ trace, lang }, home, how, explained) {
    if (!explained) {
      equation.classList.add("is-waiting");
      equation.setAttribute("aria-busy", "true");
      equation.classList.toggle("is-other", home.tensor !== made.tensor);
      return equation;
    }
    equation.classList.remove("is-waiting", "is-other");
    equation.removeAttribute("aria-busy");
    const { answer } = explained;
    if (made.answer !== answer || made.lang !== lang)
      equation.replaceChildren(...(answer ? [...(answer.kind === "clamped" ? [make("p", { class: "made" }, answer.says)] : equationParts(answer, trace, context.say)), marked, sourceList(answer, context.say)] : []));
    made = { answer, tensor: home.tensor, lang };
    marked.textContent = context.say("page.inspector.marked");
    marked.classList.toggle("is-quiet", how === "follows");
    marked.hidden = !answer || markedOf(trace, answer).length === 0;
    return equation;
  }

  /** @param {CellAt} home @param {CellAt} cell */
  function homePart(home, cell) {
    if (home.tensor === cell.tensor) return [];
    return [make("p", { class: "soft" }, context.say("page.inspector.home"), " ", cellLink(home, place(home.tensor, home.index)))];
  }

  /** What a number inside the module is says its equation. @param {AppState} state @param {CellAt} cell */
  function madeBy({ trace }, cell) {
    if (inside(cell.tensor)) return [];
    if (/^[hc]_0$/.test(cell.tensor) && !trace.encoder) return [make("p", { class: "made" }, context.say("page.inspector.initial"))];
    const stage = trace.stages.find(({ outputs }) => outputs.includes(cell.tensor));
    return stage ? [make("p", { class: "made" }, make("code", {}, stage.code), make("br"), stage.says)] : [];
  }

  /** @param {AppState} state @param {CellAt} cell */
  function aliasPart({ trace }, cell) {
    const home = homeOf(trace, cell); // stands above the equation already
    const others = aliases(trace, cell).filter((one) => !inside(home.tensor) || key(one) !== key(home));
    if (!others.length) return make("p", { class: "also", hidden: true });
    const links = others.flatMap((one) => [" ", cellLink(one, place(one.tensor, one.index))]);
    return make("p", { class: "also" }, context.say("page.inspector.also"), ...links);
  }

  draw();
  const unsubscribe = store.subscribe((state, previous) => {
    const keys = /** @type {const} */ (["trace", "cursor", "pinned", "pins", "lang", "explained"]);
    if (state.pinned !== previous.pinned) el.scrollTop = 0; // another number: read it from its top
    const follows = state.cursor === null && state.pinned === null && (state.t !== previous.t || state.n !== previous.n || state.row !== previous.row);
    if (follows || keys.some((name) => state[name] !== previous[name])) draw();
  });
  return () => {
    unsubscribe();
    life.abort();
  };
}

/** @param {string | undefined} text */
const numbers = (text) => (text ? text.split(",").map(Number) : []);

/** @param {string} tensor */
function roleOf(tensor) {
  const part = roleIn(tensor);
  return part ? `role-${part}` : "";
}

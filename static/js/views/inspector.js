// What made this number: its exact value, where it sits, and the textbook's equation with the numbers in it.

import { equationOf } from "../core/equations.js";
import { exact, fixed, place } from "../core/format.js";
import { aliases, coordinates, exists, homeOf, indexOf, inside } from "../core/places.js";
import { el as make } from "../doors/dom.js";
import { cellLink, roleIn } from "../inspector/link.js";
import { createProducts } from "../inspector/products.js";

/** @typedef {import("../types.js").AppState} AppState */
/** @typedef {import("../types.js").CellAt} CellAt */
/** @typedef {import("../types.js").Context} Context */
/** @typedef {import("../core/equations.js").Equation} Equation */
/** @typedef {import("../core/equations.js").Piece} Piece */

const VECTOR = 6; // numbers of a vector that are written out
const REST = 60; // ms the pointer rests before its number is asked for

/** @type {import("../types.js").Mount} */
export function mountInspector(el, store, context) {
  const life = new AbortController();
  let waiting = 0;
  let newest = 0;
  const products = createProducts(context);

  el.addEventListener(
    "click",
    ({ target }) => {
      const button = target instanceof Element ? target.closest("button") : null;
      if (!button) return;
      if (button.dataset.do === "release") store.set({ pinned: null, cursor: null });
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

  /** What is here is shown at once; what has to be fetched waits until the pointer rests. */
  function draw() {
    const mine = (newest += 1);
    window.clearTimeout(waiting);
    const state = store.get();
    const { cell, how } = chosen(state);
    const home = homeOf(state.trace, cell);
    const equation = equationOf(state.trace, home);
    products.follow(state, home, how, equation !== null);
    const wanted = [cell, ...(equation ? cellsOf(equation, state) : [])];
    const { known, missing } = look(context, wanted);
    show(state, equation, known);
    if (!missing.length) return;
    waiting = window.setTimeout(async () => {
      await fetchInto(context, missing, known);
      if (mine === newest) show(state, equation, known);
    }, REST);
  }

  /** @param {AppState} state @param {Equation | null} equation @param {Map<string, number>} known */
  function show(state, equation, known) {
    const { cell, how } = chosen(state);
    const home = homeOf(state.trace, cell);
    const focus = document.activeElement;
    const focused = el.contains(focus);
    el.classList.toggle("is-open", state.pinned !== null);
    el.replaceChildren(
      head(how, state.pinned !== null),
      make("p", { class: "cell-name code" }, place(cell.tensor, cell.index)),
      valueLine(state, cell, known),
      whereList(state, cell),
      ...(equation ? equationPart(state, equation, home, cell, known) : [madeBy(state, cell)]),
      aliasPart(state, cell),
      products.root,
    );
    if (!focused) return;
    const kept = focus instanceof HTMLElement && el.contains(focus) ? focus : el.querySelector("button");
    kept?.focus({ preventScroll: true });
  }

  /** @param {string} how @param {boolean} kept */
  function head(how, kept) {
    const { say } = context;
    return make(
      "header",
      { class: "inspector-head" },
      make("h2", {}, say("page.inspector.title")),
      make("p", { class: "soft" }, say(`page.inspector.${how}`)),
      kept && make("button", { type: "button", class: "icon dismiss", "data-do": "release", "aria-label": say("page.inspector.release") }, "×"),
    );
  }

  /** @param {AppState} state @param {CellAt} cell @param {Map<string, number>} known */
  function valueLine({ trace }, cell, known) {
    const value = known.get(key(cell));
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
        make("div", {}, make("dt", {}, make("i", {}, axis), name.startsWith("page.") ? "" : ` ${name}`), make("dd", { class: "code" }, String(cell.index[d]), token !== undefined && make("span", { class: "token-name" }, ` ${token}`))),
      ];
    });
    return make("dl", { class: "where" }, ...items);
  }

  /**
   * @param {AppState} state
   * @param {Equation} equation
   * @param {CellAt} home
   * @param {CellAt} cell
   * @param {Map<string, number>} known
   */
  function equationPart(state, equation, home, cell, known) {
    const { say } = context;
    const allNumbers = equation.pieces.every((piece) => !piece.vectors);
    const write = allNumbers ? (/** @type {Piece} */ piece) => term(piece, known) : symbol;
    const groups = lines(equation.pieces).map((pieces) => make("span", {}, ...pieces.map(write)));
    groups[0]?.prepend(write(equation.result), " = ");
    const written = make("p", { class: "equation code" }, ...groups);
    const parts = [make("h3", {}, say("page.inspector.equation")), written];
    if (home.tensor !== cell.tensor) parts.splice(1, 0, make("p", { class: "soft" }, say("page.inspector.home"), " ", cellLink(home, place(home.tensor, home.index))));
    if (!allNumbers) for (const piece of equation.pieces) if (piece.vectors || piece.cell) parts.push(vectorLine(state, piece, known));
    if (equation.start) parts.push(make("p", { class: "soft" }, say("page.inspector.start", { name: equation.start.tensor })));
    return parts;
  }

  /** @param {AppState} state @param {Piece} piece @param {Map<string, number>} known */
  function vectorLine({ trace }, piece, known) {
    const cells = piece.cell ? [piece.cell] : vectorCells(trace, piece);
    const shown = cells.slice(0, VECTOR);
    const more = cells.length > shown.length ? make("span", { class: "soft" }, ` … ${context.say("page.inspector.more", { count: cells.length - shown.length })}`) : null;
    const values = shown.flatMap((one, k) => [k ? ", " : "", cellLink(one, text(known.get(key(one))))]);
    return make("p", { class: "vector code" }, symbol(piece), " = ", piece.cell ? "" : "[", ...values, more, piece.cell ? "" : "]");
  }

  /** @param {AppState} state @param {CellAt} cell */
  function madeBy({ trace }, cell) {
    const stage = trace.stages.find(({ outputs }) => outputs.includes(cell.tensor));
    if (/^[hc]_0$/.test(cell.tensor)) return make("p", { class: "made" }, context.say("page.inspector.initial"));
    if (!stage) return make("p", { class: "made" });
    return make("p", { class: "made" }, make("code", {}, stage.code), make("br"), stage.says);
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
    const keys = /** @type {const} */ (["trace", "cursor", "pinned", "lang"]);
    if (state.pinned !== previous.pinned) el.scrollTop = 0; // another number: read it from its top
    const follows = state.cursor === null && state.pinned === null && (state.t !== previous.t || state.n !== previous.n || state.row !== previous.row);
    if (follows || keys.some((name) => state[name] !== previous[name])) draw();
  });
  return () => {
    newest += 1;
    window.clearTimeout(waiting);
    unsubscribe();
    products.end();
    life.abort();
  };
}

/**
 * The number to explain: under the pointer, else the kept one, else unit 0 of the chosen row at this step.
 * @param {AppState} state
 * @returns {{cell: CellAt, how: "pointer" | "pinned" | "follows"}}
 */
function chosen({ trace, cursor, pinned, row, n, t }) {
  if (cursor && exists(trace, cursor) && !(pinned && key(pinned) === key(cursor))) return { cell: cursor, how: "pointer" };
  if (pinned && exists(trace, pinned)) return { cell: pinned, how: "pinned" };
  const tensor = [`${row}.c`, `${row}.h`].find((name) => Object.hasOwn(trace.tensors, name)) ?? "output";
  return { cell: { tensor, index: indexOf(trace, tensor, { n, t, u: 0 }) }, how: "follows" };
}

/** @param {CellAt} cell */
const key = ({ tensor, index }) => `${tensor}[${index.join()}]`;

/** @param {string | undefined} text */
const numbers = (text) => (text ? text.split(",").map(Number) : []);

/** @param {number | undefined} value */
const text = (value) => (value === undefined ? "…" : fixed(value));

/** @param {string} tensor */
function roleOf(tensor) {
  const part = roleIn(tensor);
  return part ? `role-${part}` : "";
}

/** @param {Piece} piece */
function symbol({ text: letters, role }) {
  return role ? make("b", { class: `role-${role}` }, letters) : letters;
}

/**
 * A long equation breaks before a plus.
 * @param {Piece[]} pieces
 */
function lines(pieces) {
  /** @type {Piece[][]} */
  const found = [[]];
  for (const piece of pieces) {
    if (/^ \+ /.test(piece.text)) found.push([]);
    found[found.length - 1].push(piece);
  }
  return found;
}

/** The letter over its number. @param {Piece} piece @param {Map<string, number>} known */
function term(piece, known) {
  if (!piece.cell) return piece.text;
  return make("span", { class: "term" }, symbol(piece), cellLink(piece.cell, text(known.get(key(piece.cell))), piece.role));
}

/** @param {AppState["trace"]} trace @param {Piece} piece */
function vectorCells(trace, piece) {
  return (piece.vectors ?? []).flatMap(({ tensor, index }) =>
    Array.from({ length: trace.tensors[tensor].shape.at(-1) ?? 0 }, (_, u) => ({ tensor, index: [...index.slice(0, -1), u] })),
  );
}

/** @param {Equation} equation @param {AppState} state */
function cellsOf(equation, { trace }) {
  return [equation.result, ...equation.pieces].flatMap((piece) => (piece.cell ? [piece.cell] : vectorCells(trace, piece).slice(0, VECTOR)));
}

/**
 * The values that are here, and the cells whose values are not.
 * @param {Context} context
 * @param {CellAt[]} cells
 */
function look({ tensors }, cells) {
  /** @type {Map<string, number>} */
  const known = new Map();
  const missing = cells.filter((cell) => {
    const value = tensors.value(cell.tensor, cell.index);
    if (value !== null) known.set(key(cell), value);
    return value === null;
  });
  return { known, missing };
}

/**
 * Reads each missing value with its whole last axis, which the next question will want too.
 * @param {Context} context
 * @param {CellAt[]} missing
 * @param {Map<string, number>} known
 */
async function fetchInto({ tensors }, missing, known) {
  await Promise.all(
    missing.map(async (cell) => {
      const block = await tensors.slice(cell.tensor, [...cell.index.slice(0, -1), null]).catch(() => null);
      if (block) known.set(key(cell), block.data[cell.index.at(-1) ?? 0]);
    }),
  );
}

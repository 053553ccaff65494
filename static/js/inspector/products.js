// Down to each product: under the equation, every term of the chosen number by its size, and the same number made again.

import { colourOf } from "../core/colour.js";
import { exact, fixed, place, tiny } from "../core/format.js";
import { exists } from "../core/places.js";
import { applied, sorted } from "../core/products.js";
import { el as make } from "../doors/dom.js";
import { cellLink, roleIn } from "./link.js";

/** @typedef {import("../types.js").AppState} AppState */
/** @typedef {import("../types.js").CellAt} CellAt */
/** @typedef {import("../types.js").Context} Context */
/** @typedef {import("../types.js").Explained} Explained */
/** @typedef {import("../types.js").Factor} Factor */
/** @typedef {import("../types.js").Product} Product */
/** @typedef {import("../types.js").Source} Source */
/** @typedef {{state: AppState, home: CellAt, how: string, explained: AppState["explained"]}} Now */

const BAR = { width: 72, height: 8 };
const SIGNS = /** @type {const} */ ({ kind: "diverging", low: -1, high: 1 });
const WRAPS = { identity: ["", ""], tanh: ["tanh(", ")"], one_minus: ["(1 − ", ")"], exp: ["exp(", " − max)"], negative: ["−(", ")"], ln: ["ln(", ")"], ln_one_minus: ["ln(1 − ", ")"] };

/**
 * Open while a number is kept, until the reader says otherwise; what the reader said then holds for every number.
 * @param {Context} context
 * @param {() => void} again  asks once more for what could not be had
 */
export function createProducts(context, again) {
  const toggle = make("button", { type: "button", class: "button quiet-button", "data-do": "products", "aria-controls": "products-body" });
  const says = make("p", { class: "products-says" });
  const content = make("div", { class: "products-content", id: "products-body" });
  const root = make("section", { class: "products", "data-testid": "products" }, make("h3", {}, toggle), says, content);
  let shown = "";
  /** @type {boolean | null} */
  let wanted = null;
  /** @type {Now | null} */
  let now = null;

  toggle.addEventListener("click", () => {
    wanted = toggle.getAttribute("aria-expanded") !== "true";
    if (wanted && now?.explained && !now.explained.answer) again();
    draw();
  });

  /** The sentence is read out in any case; the table is made when it is opened. */
  function draw() {
    if (!now) return;
    const { state, home, how, explained } = now;
    const open = wanted ?? state.pinned !== null;
    const answer = explained?.answer ?? null;
    toggle.textContent = context.say("page.products.open");
    toggle.setAttribute("aria-expanded", String(open));
    says.setAttribute("aria-live", how === "pinned" ? "polite" : "off");
    says.classList.toggle("unseen", !open);
    content.hidden = !open;
    for (const part of [says, content]) {
      if (explained) part.removeAttribute("aria-busy");
      else part.setAttribute("aria-busy", "true");
    }
    if (!explained) return void (shown = ""); // the old one keeps the place, unseen
    const words = answer ? answer.says : context.say("page.products.failed");
    if (says.textContent !== words) says.textContent = words;
    const key = [state.trace.id, state.lang, home.tensor, ...home.index, open, answer !== null].join();
    if (key === shown) return;
    shown = key;
    content.replaceChildren(...(answer && open ? parts(answer, state) : []));
  }

  /** @param {Explained} answer @param {AppState} state */
  function parts(answer, state) {
    const { say } = context;
    /** @type {HTMLElement[]} */
    const found = answer.terms.length > 0 ? [table(answer, state)] : [];
    if (answer.picked_by) found.push(make("p", { class: "soft" }, say(answer.picked_by.tensor === "target" ? "page.products.target" : "page.products.picked"), " ", whereLink(answer.picked_by, state)));
    if (answer.terms.length > 0) {
      const difference = make("data", { value: exact(answer.max_abs_diff) }, tiny(answer.max_abs_diff));
      const [before, after] = say("page.products.recomputed", { value: fixed(answer.recomputed), difference: "\n" }).split("\n");
      found.push(make("p", { class: "soft recomputed", title: exact(answer.recomputed) }, before, difference, after ?? ""));
    }
    return found;
  }

  /** @param {Explained} answer @param {AppState} state */
  function table(answer, state) {
    const { say } = context;
    const { products, rests, biases } = sorted(answer.terms);
    const longest = Math.max(...answer.terms.map(({ value }) => Math.abs(value ?? 0)));
    const rows = [
      ...products.map((term) => row("product", factors(term, state), term.value, longest, term.symbol)),
      ...rests.map((term) => row("rest", [say("page.products.rest", { count: term.count, symbol: term.symbol })], term.value, longest)),
      ...biases.map((term) => row("bias", [make("span", { class: "code" }, term.symbol)], term.value, longest)),
    ];
    const sum = fixed(answer.inner);
    const over = applied(answer, sum);
    const foot = [
      answer.terms.length > 1 && row("sum", [say("page.products.sum")], answer.inner, null),
      over !== null && row("applied", [make("span", { class: "code" }, over)], answer.recomputed, null),
    ].filter((one) => one !== false);
    return make(
      "table",
      { class: "products-table" },
      make("caption", { class: "unseen" }, say("page.products.caption", { name: place(answer.tensor, answer.index) })),
      make("thead", { class: "unseen" }, make("tr", {}, make("th", { scope: "col" }, say("page.products.product")), make("th", { scope: "col" }, say("page.products.value")))),
      make("tbody", {}, ...rows),
      foot.length > 0 && make("tfoot", {}, ...foot),
    );
  }

  return {
    root,
    /** @param {Now} next */
    follow(next) {
      now = next;
      draw();
    },
  };
}

/**
 * @param {string} kind
 * @param {(Node | string)[]} label
 * @param {number | null} value
 * @param {number | null} longest  the size that a whole half of the bar stands for; null: no bar
 * @param {string} [symbol]
 */
function row(kind, label, value, longest, symbol) {
  return make(
    "tr",
    { class: `is-${kind}`, "data-product": kind, "data-symbol": symbol },
    make("th", { scope: "row" }, symbol !== undefined && make("span", { class: "symbol code" }, symbol), make("span", { class: "factors" }, ...label)),
    make("td", { class: "code", title: exact(value) }, longest !== null && bar(value ?? 0, longest), make("data", { value: exact(value) }, fixed(value))),
  );
}

/** weight × value = ; a number that stands in a tensor leads there. @param {Product} term @param {AppState} state */
function factors({ factors: all }, state) {
  const written = all.flatMap(({ value, apply, from }, k) => {
    const [before, after] = WRAPS[apply];
    return [k ? " × " : "", before, numberOf(value, from, state), after];
  });
  return [make("span", { class: "code" }, ...written, " =")];
}

/** @param {number | null} value @param {Source} from @param {AppState} state */
function numberOf(value, from, { trace }) {
  const cell = cellOf(from);
  if (cell && exists(trace, cell)) return cellLink(cell, fixed(value), roleIn(cell.tensor));
  const name = from.parameter ?? from.constant;
  return make("data", { value: exact(value), title: name === null ? exact(value) : `${place(name, from.index)} = ${exact(value)}` }, fixed(value));
}

/** @param {Source} from @param {AppState} state */
function whereLink(from, { trace }) {
  const cell = cellOf(from);
  const name = place(from.tensor ?? "", from.index);
  return cell && exists(trace, cell) ? cellLink(cell, name) : name;
}

/** @param {Source} from @returns {CellAt | null} */
const cellOf = ({ tensor, index }) => (tensor === null ? null : { tensor, index });

/** From the middle to the left below zero, to the right above. @param {number} value @param {number} longest */
function bar(value, longest) {
  const middle = BAR.width / 2;
  const length = longest > 0 ? (middle * Math.abs(value)) / longest : 0;
  const fill = colourOf(0.7 * Math.sign(value), SIGNS);
  const picture = svg("svg", { class: "product-bar", viewBox: `0 0 ${BAR.width} ${BAR.height}`, "aria-hidden": "true" });
  picture.append(
    svg("rect", { x: value < 0 ? middle - length : middle, y: 1, width: length, height: BAR.height - 2, fill }),
    svg("path", { d: `M${middle} 0V${BAR.height}`, class: "zero" }),
  );
  return picture;
}

/** @param {string} tag @param {{[name: string]: string | number}} attributes */
function svg(tag, attributes) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  return node;
}

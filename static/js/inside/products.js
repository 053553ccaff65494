// One number's products, largest first: each bar begins where the one before ended, so that the last one ends at their sum.

import { colourOf } from "../core/colour.js";
import { exact, fixed, place, tiny } from "../core/format.js";
import { formulaOf, textOf } from "../core/formula.js";
import { exists } from "../core/places.js";
import { applied, sorted } from "../core/products.js";
import { el as make, svg } from "../doors/dom.js";
import { cellLink, roleIn } from "../inspector/link.js";

/** @typedef {import("../types.js").Explained} Explained */
/** @typedef {import("../types.js").Product} Product */
/** @typedef {import("../types.js").Say} Say */
/** @typedef {import("../types.js").Trace} Trace */

export const LIMIT = 12; // products by themselves
const ROW = 28; // px
const SIGNS = /** @type {const} */ ({ kind: "diverging", low: -1, high: 1 });
const CURVE = { w: 240, h: 150, reach: 6 };
const WRAPS = { identity: ["", ""], tanh: ["tanh(", ")"], one_minus: ["(1 − ", ")"], exp: ["exp(", " − max)"], negative: ["−(", ")"], ln: ["ln(", ")"], ln_one_minus: ["ln(1 − ", ")"] };
const CURVES = /** @type {{[name: string]: (x: number) => number}} */ ({ sigmoid: (x) => 1 / (1 + Math.exp(-x)), tanh: Math.tanh, relu: (x) => Math.max(0, x) });

/**
 * @param {Explained} answer
 * @param {Trace} trace
 * @param {Say} say
 * @returns {HTMLElement[]}
 */
export function productParts(answer, trace, say) {
  const formula = formulaOf(answer);
  const role = roleIn(answer.tensor);
  const head = make("p", { class: "number-head" }, make("span", { class: "code" }, `${place(answer.tensor, answer.index)} = `), make("b", { class: role ? `role-${role} code` : "code", "data-value": exact(answer.value) }, fixed(answer.value)), make("span", { class: "soft code" }, ` ${exact(answer.value)}`));
  const parts = [head];
  if (formula) parts.push(make("p", { class: "code number-formula" }, textOf(formula)));
  parts.push(make("p", { class: "number-says" }, answer.says));
  if (answer.terms.length) parts.push(make("div", { class: "number-body" }, waterfall(answer, trace, say), ...curveOf(answer)));
  return parts;
}

/** @param {Explained} answer @param {Trace} trace @param {Say} say */
function waterfall(answer, trace, say) {
  const { products, rests, biases } = sorted(answer.terms);
  const all = [...products, ...rests, ...biases];
  let sum = 0;
  const steps = all.map(({ value }) => {
    const from = sum;
    sum += value ?? 0;
    return { from, to: sum };
  });
  const low = Math.min(0, ...steps.map(({ to }) => to));
  const high = Math.max(0, ...steps.map(({ to }) => to));
  const share = (/** @type {number} */ x) => (high > low ? ((x - low) / (high - low)) * 100 : 50);
  const rows = all.map((term, k) => make("tr", { "data-product": term.role },
    make("th", { scope: "row" }, make("span", { class: "symbol code" }, term.symbol), factorsOf(term, trace, say)),
    make("td", { class: "water" }, bar(share(Math.min(steps[k].from, steps[k].to)), share(Math.max(steps[k].from, steps[k].to)), (term.value ?? 0) < 0, share(0))),
    make("td", { class: "code number-value" }, make("data", { value: exact(term.value), title: exact(term.value) }, fixed(term.value)))));
  const over = applied(answer, fixed(answer.inner));
  const foot = (/** @type {string} */ words, /** @type {number | null} */ value, /** @type {string} */ kind) => make("tr", { "data-product": kind },
    make("th", { scope: "row", colspan: 2 }, words), make("td", { class: "code number-value" }, make("data", { value: exact(value), title: exact(value) }, fixed(value))));
  return make("table", { class: "waterfall" },
    make("caption", { class: "unseen" }, say("page.products.caption", { name: place(answer.tensor, answer.index) })),
    make("thead", { class: "unseen" }, make("tr", {}, ...["page.products.product", "zoom.sum_so_far", "page.products.value"].map((key) => make("th", { scope: "col" }, say(key))))),
    make("tbody", {}, ...rows),
    make("tfoot", {}, answer.terms.length > 1 && foot(say("page.products.sum"), answer.inner, "sum"), over !== null && foot(over, answer.recomputed, "applied"),
      make("tr", {}, make("td", { colspan: 3, class: "soft" }, say("page.products.recomputed", { value: fixed(answer.recomputed), difference: tiny(answer.max_abs_diff) })))));
}

/** weight × value; a number that stands in a tensor leads there. @param {Product} term @param {Trace} trace @param {Say} say */
function factorsOf({ factors, count, symbol }, trace, say) {
  if (!factors.length) return make("span", { class: "soft" }, say("page.products.rest", { count, symbol }));
  return make("span", { class: "code factors" }, ...factors.flatMap(({ value, apply, from }, k) => {
    const [before, after] = WRAPS[apply];
    const cell = from.tensor === null ? null : { tensor: from.tensor, index: from.index };
    const number = cell && exists(trace, cell) ? cellLink(cell, fixed(value), roleIn(cell.tensor)) : make("data", { value: exact(value), title: `${place(from.parameter ?? from.constant ?? "", from.index)} = ${exact(value)}` }, fixed(value));
    return [k ? " × " : "", before, number, after];
  }));
}

/** @param {number} from @param {number} to  in % @param {boolean} negative @param {number} zero */
function bar(from, to, negative, zero) {
  const picture = svg("svg", { class: "water-bar", viewBox: `0 0 100 ${ROW}`, preserveAspectRatio: "none", "aria-hidden": "true" });
  picture.append(svg("path", { d: `M${zero} 0V${ROW}`, class: "zero" }), svg("rect", { x: from, y: 7, width: Math.max(0.6, to - from), height: ROW - 14, fill: colourOf(negative ? -0.7 : 0.7, SIGNS) }));
  return picture;
}

/** The function over the sum, and where this number lies on it. @param {Explained} answer @returns {Node[]} */
function curveOf({ apply, inner, recomputed, tensor }) {
  const curve = Object.hasOwn(CURVES, apply) ? CURVES[apply] : null;
  if (!curve || inner === null || recomputed === null) return [];
  const { w, h } = CURVE;
  const reach = Math.max(CURVE.reach, Math.abs(inner) * 1.15);
  const [low, high] = apply === "sigmoid" ? [0, 1] : apply === "tanh" ? [-1, 1] : [0, reach];
  const x = (/** @type {number} */ at) => 30 + ((at + reach) / (2 * reach)) * (w - 44);
  const y = (/** @type {number} */ at) => h - 26 - ((at - low) / (high - low)) * (h - 48);
  const points = Array.from({ length: 81 }, (_, k) => -reach + (k / 80) * 2 * reach).map((at) => `${x(at).toFixed(1)} ${y(curve(at)).toFixed(1)}`);
  const words = apply === "sigmoid" ? "σ(x)" : `${apply}(x)`;
  const role = roleIn(tensor);
  const text = (/** @type {string} */ says, /** @type {number} */ px, /** @type {number} */ py, anchor = "middle") => svg("text", { x: px, y: py, "text-anchor": anchor }, says);
  return [svg("svg", { class: `curve${role ? ` role-${role}` : ""}`, width: w, height: h, viewBox: `0 0 ${w} ${h}`, role: "img", "aria-label": `${words}: ${fixed(inner)} → ${fixed(recomputed)}` },
    svg("path", { d: `M30 ${y(0)}H${w - 14}M${x(0)} 14V${h - 22}`, class: "curve-axis" }),
    svg("path", { d: `M${points.join("L")}`, class: "curve-line" }),
    svg("path", { d: `M${x(inner)} ${y(0)}V${y(recomputed)}H${x(0)}`, class: "curve-way" }),
    svg("circle", { cx: x(inner), cy: y(recomputed), r: 5, class: "curve-here" }),
    text(words, 34, 12, "start"), text(String(high), 26, y(high) + 4, "end"), text(String(low), 26, y(low) + 4, "end"),
    text(fixed(inner), Math.min(w - 24, Math.max(40, x(inner))), h - 8))];
}

// The choices above a chart: menus and numbers that call back when they change.

import { el as make, fillMenu } from "../doors/dom.js";

/** @typedef {{el: HTMLElement, show: (label: string, options: {value: string, text: string}[], hidden?: boolean) => void, value: () => string}} Menu */
/** @typedef {{el: HTMLElement, show: (label: string, most: number, hidden?: boolean) => void, value: () => number, set: (value: number) => void}} Count */

/**
 * A menu that keeps what was chosen while that is still offered.
 * @param {string} name
 * @param {() => void} changed
 * @returns {Menu}
 */
export function createMenu(name, changed) {
  const select = make("select", { class: "field", "data-choice": name });
  const words = make("span", { class: "quiet" });
  const el = make("label", { class: "chart-choice" }, words, make("span", { class: "menu-field" }, select));
  let chosen = "";
  select.addEventListener("change", () => {
    chosen = select.value;
    changed();
  });
  return {
    el,
    show(label, options, hidden = false) {
      words.textContent = label;
      el.hidden = hidden;
      if (!options.some(({ value }) => value === chosen)) chosen = options[0]?.value ?? "";
      fillMenu(select, options, chosen);
    },
    value: () => chosen,
  };
}

/**
 * A whole number from `least` on.
 * @param {string} name
 * @param {number} least
 * @param {() => void} changed
 * @returns {Count}
 */
export function createCount(name, least, changed) {
  const field = make("input", { class: "field", type: "number", step: 1, min: least, value: least, inputmode: "numeric", "data-choice": name });
  const words = make("span", { class: "quiet" });
  const el = make("label", { class: "chart-choice" }, words, field);
  let chosen = least;
  field.addEventListener("input", () => {
    const value = field.valueAsNumber;
    if (!Number.isInteger(value) || value < least || value > Number(field.max)) return;
    chosen = value;
    changed();
  });
  field.addEventListener("change", () => {
    field.value = String(chosen); // what was not understood goes back
  });
  return {
    el,
    show(label, most, hidden = false) {
      words.textContent = label;
      el.hidden = hidden;
      field.max = String(most);
      chosen = Math.min(chosen, most);
      if (document.activeElement !== field) field.value = String(chosen);
    },
    value: () => chosen,
    set(value) {
      chosen = value;
      field.value = String(value);
    },
  };
}

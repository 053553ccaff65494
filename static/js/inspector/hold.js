// Step in: hold the kept number at a value, silence its unit, read another word here, start from another state.

import { key } from "../core/chosen.js";
import { add, parse, rangeOf } from "../core/hands.js";
import { coordinates, inside, rowName } from "../core/places.js";
import { el as make, fillMenu } from "../doors/dom.js";

/** @typedef {import("../types.js").CellAt} CellAt */
/** @typedef {import("../hands.types.js").Clamp} Clamp */
/** @typedef {import("../types.js").Context} Context */
/** @typedef {import("../hands.types.js").Intervention} Intervention */
/** @typedef {import("../types.js").Nested} Nested */
/** @typedef {import("../types.js").Store} Store */
/** @typedef {import("../types.js").Trace} Trace */

const MOST_STATE = 60; // numbers of an h_0 that still fit in an address

/**
 * @param {Store} store
 * @param {Context} context
 */
export function createHold(store, context) {
  const root = make("section", { class: "hold", "data-testid": "hold", hidden: true });
  const units = make("select", { class: "field", name: "hold-units" });
  const steps = make("select", { class: "field", name: "hold-steps" });
  const samples = make("select", { class: "field", name: "hold-samples" });
  let shown = "";

  /** @param {Intervention} change */
  const lay = (change) => context.ask({ interventions: add(store.get().asked.interventions, change) });

  /** @param {{trace: Trace, lang: string}} state @param {CellAt} home @param {string} how */
  function follow({ trace, lang }, home, how) {
    const now = how === "pinned" && !trace.request.input.decode ? `${trace.id} ${lang} ${key(home)}` : "";
    if (now === shown) return;
    shown = now;
    const parts = now ? partsOf(trace, home) : [];
    root.hidden = parts.length === 0;
    root.replaceChildren(...(parts.length ? [make("h3", {}, context.say("hold.title")), ...parts] : []));
  }

  /** @param {Trace} trace @param {CellAt} home @returns {HTMLElement[]} */
  function partsOf(trace, home) {
    if (inside(home.tensor)) return holdParts(trace, home);
    if (["tokens", "embedding", "input"].includes(home.tensor) && Object.hasOwn(trace.tensors, "tokens")) return tokenParts(trace, home);
    if (home.tensor === "h_0" || home.tensor === "c_0") return stateParts(trace, home, home.tensor);
    return [];
  }

  /** @param {Trace} trace @param {CellAt} home */
  function holdParts(trace, home) {
    const { say } = context;
    const { layer, backward, part } = /** @type {import("../core/places.js").Inside} */ (inside(home.tensor));
    const { n, t, u } = coordinates(trace, home);
    const row = rowName(layer, backward);
    const at = t ?? 0;
    choose(units, say("hold.units"), [["this", say("hold.unit", { unit: u })], ["all", say("hold.units.all")]]);
    choose(steps, say("hold.steps"), [["from", say("hold.from", { step: at })], ["this", say("hold.once", { step: at })], ...(at > 0 ? [/** @type {[string, string]} */ (["all", say("hold.always")])] : [])]);
    choose(samples, say("hold.samples"), [["this", say("hold.sample", { sample: n })], ["all", say("hold.samples.all")]]);
    const { low, high, offered } = rangeOf(part);
    const hold = (/** @type {number} */ value) => {
      /** @type {Clamp} */
      const clamp = { row, quantity: part, value };
      if (units.value === "this") clamp.units = [u];
      if (samples.value === "this") clamp.samples = [n];
      if (steps.value !== "all" && at > 0) clamp.from = at;
      if (steps.value === "this") clamp.to = at + 1;
      lay({ clamp });
    };
    const number = make("input", { class: "field", type: "number", name: "hold-value", min: low, max: high, step: "any", value: String((offered[0] + (offered.at(-1) ?? 0)) / 2 || 0.5), "aria-label": say("hold.value", { name: part }), required: true });
    const form = make("form", { class: "hold-line", novalidate: true }, number, make("button", { class: "button", type: "submit" }, say("hold.at")));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      number.toggleAttribute("aria-invalid", false);
      if (number.checkValidity()) hold(number.valueAsNumber);
      else number.setAttribute("aria-invalid", "true");
    });
    const buttons = offered.map((value) => press(say("hold.at.value", { name: part, value }), () => hold(value), `hold-${value}`));
    const found = [make("div", { class: "hold-line" }, ...[units, steps, samples].map(menu)), make("div", { class: "hold-line" }, ...buttons), form];
    if (part === "h" || !trace.request.model.proj_size) {
      found.push(make("div", { class: "hold-line" }, press(say("hold.zero", { unit: u, row }), () => lay({ clamp: { row, quantity: "h", value: 0, units: [u] } }), "zero")));
    }
    return found;
  }

  /** @param {Trace} trace @param {CellAt} home */
  function tokenParts(trace, home) {
    const { say } = context;
    const { axes, shape } = trace.tensors.tokens;
    const place = trace.tensors[home.tensor].axes;
    const where = (/** @type {string} */ axis) => (place.includes(axis) ? home.index[place.indexOf(axis)] : 0);
    const [n, t] = [where("N"), where("T")];
    const words = trace.text?.vocabulary;
    if (words && t >= (trace.text?.lengths[n] ?? 0)) return []; // padding
    const id = context.tensors.value("tokens", axes.map((axis) => where(axis)));
    if (shape.length !== axes.length) return [];
    const label = say("hold.token", { step: t });
    /** @type {HTMLSelectElement | HTMLInputElement} */
    const choice = words ? make("select", { class: "field", name: "hold-token", "aria-label": label })
      : make("input", { class: "field", type: "number", name: "hold-token", min: 0, step: 1, value: String(id ?? 0), "aria-label": label });
    if (choice instanceof HTMLSelectElement && words) fillMenu(choice, words.slice(1).map((word) => ({ value: word, text: word })), words[id ?? 1] ?? words[1]);
    const replace = () => {
      if (choice.value !== "") lay({ token: { ...(n ? { sample: n } : {}), step: t, token: words ? choice.value : Number(choice.value) } });
    };
    return [make("p", { class: "soft" }, label), make("div", { class: "hold-line" }, choice instanceof HTMLSelectElement ? menu(choice) : choice, press(say("hold.replace"), replace, "replace"))];
  }

  /** @param {Trace} trace @param {CellAt} home @param {"h_0" | "c_0"} name */
  function stateParts(trace, home, name) {
    const { shape } = trace.tensors[name];
    const all = context.tensors.peek(name, shape.map(() => null));
    if (!all || all.data.length > MOST_STATE || trace.encoder) return [];
    const { say } = context;
    const number = make("input", { class: "field", type: "number", name: "hold-value", step: "any", value: "1", "aria-label": say("hold.value", { name }), required: true });
    const form = make("form", { class: "hold-line", novalidate: true }, number, make("button", { class: "button", type: "submit" }, say("hold.set")));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!number.checkValidity()) return void number.setAttribute("aria-invalid", "true");
      const data = Array.from(all.data, (value) => Number(value.toPrecision(9))); // nine digits are a float32
      data[home.index.reduce((sum, at, d) => sum * shape[d] + at, 0)] = number.valueAsNumber;
      const others = parse(store.get().asked.interventions).filter(({ state }) => state?.[name]);
      lay({ state: { ...others.at(-1)?.state, [name]: nested(data, shape) } });
    });
    return [form];
  }

  return { root, follow };
}

/** @param {HTMLSelectElement} select @param {string} label @param {[string, string][]} options */
function choose(select, label, options) {
  const chosen = options.some(([value]) => value === select.value) ? select.value : options[0][0];
  select.setAttribute("aria-label", label);
  fillMenu(select, options.map(([value, text]) => ({ value, text })), chosen);
}

/** @param {HTMLSelectElement} select */
const menu = (select) => make("span", { class: "menu-field" }, select);

/** @param {string} text @param {() => void} then @param {string} name */
function press(text, then, name) {
  const button = make("button", { type: "button", class: "button", "data-hold": name }, text);
  button.addEventListener("click", then);
  return button;
}

/** @param {number[]} data @param {number[]} shape @returns {Nested} */
function nested(data, shape) {
  if (shape.length === 1) return data;
  const size = data.length / shape[0];
  return Array.from({ length: shape[0] }, (_, k) => nested(data.slice(k * size, (k + 1) * size), shape.slice(1)));
}

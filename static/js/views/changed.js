// What the changes by hand did: the prediction before and now, every tensor by its largest difference, and each row over time.

import { columns, numbersIn, sorted } from "../core/changed.js";
import { colourOf, roundUp } from "../core/colour.js";
import { exact, fixed, place, tiny } from "../core/format.js";
import { toQuery } from "../core/query.js";
import { inside } from "../core/places.js";
import { el as make } from "../doors/dom.js";
import { cellLink } from "../inspector/link.js";
import { ramp } from "../network/legend.js";

/** @typedef {import("../types.js").AppState} AppState */
/** @typedef {import("../hands.types.js").Change} Change */
/** @typedef {import("../hands.types.js").Changed} Changed */

const MOST_PREDICTIONS = 8;
const MOST_COLUMNS = 48; // steps beside each other; longer sequences show the largest of a stretch
const WRITTEN = 10; // columns that have room for their number

/** @type {import("../types.js").Mount} */
export function mountChanged(el, store, context) {
  const life = new AbortController();
  const title = make("h2", { id: "changed-title" });
  const why = make("p", { class: "aside" });
  const body = make("div", { class: "changed-body", "aria-live": "off" });
  el.replaceChildren(make("header", { class: "head" }, title, why), body);
  let asking = new AbortController();

  body.addEventListener(
    "click",
    ({ target }) => {
      const button = target instanceof Element ? target.closest("button") : null;
      if (!button?.dataset.tensor) return;
      const cell = { tensor: button.dataset.tensor, index: button.dataset.index ? button.dataset.index.split(",").map(Number) : [] };
      store.set({ pinned: cell, cursor: null });
    },
    { signal: life.signal },
  );

  async function draw() {
    const state = store.get();
    const { trace } = state;
    asking.abort();
    el.hidden = !trace.request.interventions?.length;
    if (el.hidden) return void body.replaceChildren();
    asking = new AbortController();
    const { signal } = asking;
    const { say } = context;
    title.textContent = say("changed.title");
    why.replaceChildren(say("changed.why"), " ", make("a", { href: `/?${toQuery({ ...state.state, interventions: "", lang: state.lang })}` }, say("changed.original")));
    body.setAttribute("aria-busy", "true");
    const found = /** @type {Changed | null} */ (await context.part("changed", {}, signal).catch(() => null));
    if (signal.aborted) return;
    body.removeAttribute("aria-busy");
    if (!found) body.replaceChildren(make("p", { class: "changed-says" }, say("changed.failed")));
    else show(found);
    store.set({ changed: found }); // what differs is marked in the pictures too
    mark();
  }

  /** @param {Changed} found */
  function show(found) {
    const { say } = context;
    const { differ, same } = sorted(found.tensors);
    const parts = [predictions(found), strips(found.tensors), tensorTable(differ)];
    const says = found.same ? say("changed.nothing") : same.length ? say("changed.same", { names: same.join(", ") }) : "";
    body.replaceChildren(...parts.filter((one) => one !== null), make("p", { class: "aside changed-same" }, says));
  }

  /** @param {Changed} found */
  function predictions({ prediction }) {
    if (!prediction) return null;
    const { say } = context;
    const before = numbersIn(prediction.original);
    const now = numbersIn(prediction.now);
    const number = (/** @type {number | null} */ value, /** @type {string} */ run) => make("data", { value: exact(value), "data-run": run, title: exact(value) }, fixed(value));
    const items = before.slice(0, MOST_PREDICTIONS).map(({ index, value }, k) =>
      make("li", {}, cellLink({ tensor: "prediction", index }, place("prediction", index)), " ", number(value, "original"), make("span", { class: "soft" }, " → "), make("b", {}, number(now[k].value, "now"))),
    );
    const rest = before.length - items.length;
    if (rest > 0) items.push(make("li", { class: "soft" }, say("changed.more", { count: rest })));
    return make("ul", { class: "changed-predictions code", "data-testid": "changed-prediction", "aria-label": say("changed.prediction") }, ...items);
  }

  /** @param {Change[]} differ */
  function tensorTable(differ) {
    if (differ.length === 0) return null;
    const { say } = context;
    const cell = (/** @type {number | null} */ value, /** @type {string} */ what) => make("td", { "data-what": what, "data-value": exact(value), title: exact(value) }, tiny(value));
    const rows = differ.map((one) =>
      make(
        "tr",
        { "data-name": one.name },
        make("th", { scope: "row" }, one.name),
        cell(one.max_abs_diff, "max"),
        cell(one.mean_abs_diff, "mean"),
        make("td", {}, cellLink({ tensor: one.name, index: one.at }, place(one.name, one.at))),
        make("td", {}, one.first_step === null ? "–" : String(one.first_step)),
      ),
    );
    const head = ["tensor", "max", "mean", "at", "first"].map((name) => make("th", { scope: "col" }, say(`changed.column.${name}`)));
    const table = make("table", { class: "numbers" }, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...rows));
    return make("div", { class: "scroll changed-tensors", role: "region", tabindex: 0, "aria-label": say("changed.tensors") }, table);
  }

  /** max |Δ| of each row's h at every step: a picture whose every field is also a number. @param {Change[]} tensors */
  function strips(tensors) {
    const rows = tensors.flatMap(({ name, per_step: steps }) => (inside(name)?.part === "h" && steps ? [{ name, steps }] : []));
    if (rows.length === 0) return null;
    const { say } = context;
    const largest = Math.max(...rows.flatMap(({ steps }) => steps.map((one) => one ?? 0)));
    const scale = /** @type {const} */ ({ kind: "sequential", low: 0, high: roundUp(largest) });
    const wide = columns(rows[0].steps, MOST_COLUMNS);
    const words = wide.length > WRITTEN ? "unseen" : "";
    const name = (/** @type {{from: number, to: number}} */ { from, to }) => (to === from + 1 ? String(from) : `${from}–${to - 1}`);
    const every = Math.ceil(wide.length / WRITTEN); // of many steps only some are named
    const head = wide.map((one, k) => make("th", { scope: "col", "data-from": one.from, "data-to": one.to }, make("span", { class: k % every ? "unseen" : "changed-step" }, k % every || every === 1 ? name(one) : String(one.from))));
    const lines = rows.toReversed().map((row) => {
      const cells = columns(row.steps, MOST_COLUMNS).map(({ from, to, value }) => {
        const patch = make("span", { class: "changed-patch", "aria-hidden": "true" });
        patch.style.background = colourOf(value ?? NaN, scale);
        return make("td", { "data-from": from, "data-to": to, "data-value": exact(value), title: `t = ${name({ from, to })}: ${exact(value)}` }, patch, make("span", { class: words }, tiny(value)));
      });
      return make("tr", { "data-name": row.name }, make("th", { scope: "row" }, row.name), ...cells);
    });
    const caption = make("caption", {}, say("changed.strips"), " ", ramp(say, "max |Δ|", scale));
    const table = make("table", { class: "changed-strips" }, caption, make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "t"), ...head)), make("tbody", {}, ...lines));
    return make("div", { class: "scroll", role: "region", tabindex: 0, "aria-label": say("changed.strips") }, table);
  }

  /** Where the current step is. */
  function mark() {
    const { t } = store.get();
    for (const one of body.querySelectorAll("[data-from]")) {
      const { from, to } = /** @type {HTMLElement} */ (one).dataset;
      one.classList.toggle("is-now", t >= Number(from) && t < Number(to));
    }
  }

  void draw();
  const unsubscribe = store.subscribe((state, previous) => {
    if (state.trace !== previous.trace || state.lang !== previous.lang) void draw();
    else if (state.t !== previous.t) mark();
  });
  return () => {
    life.abort();
    asking.abort();
    unsubscribe();
    el.replaceChildren();
  };
}

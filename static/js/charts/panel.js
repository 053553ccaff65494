// One chart with what it says: its choices, a sentence, the figure, and the same numbers as a table.

import { el as make } from "../doors/dom.js";

/** @typedef {import("../types.js").AppState} AppState */
/** @typedef {import("../types.js").Context} Context */
/** @typedef {import("../types.js").Store} Store */
/** @typedef {import("../types.js").Params} Params */
/** @typedef {{numbers: string, figure: string, params: Params, figureParams?: Params}} Question  which routes, and with what */
/** @typedef {{head: string[], rows: {t: number | null, cells: string[]}[]}} Table  the first cell names the row; `t` makes it a way to that step */
/**
 * What a view says about its chart.
 * @template A
 * @typedef {object} Spec
 * @property {AppState["panel"]} name
 * @property {number} height  px of the figure, kept free until it is there
 * @property {HTMLElement} choices
 * @property {(state: AppState) => Question | string} question  or the sentence why there is none
 * @property {(answer: A, state: AppState) => string} says
 * @property {(answer: A, state: AppState) => Table} table
 * @property {(point: {x: number, y: number, type: string}, answer: A) => void} clicked
 * @property {(answer: A, state: AppState) => number | null} mark  where on the x axis the current step is
 * @property {() => void} choose  brings the choices up to the state
 */

const REST = 120; // ms that a passing step rests before its chart is asked for

/**
 * @template A
 * @param {HTMLElement} el
 * @param {Store} store
 * @param {Context} context
 * @param {Spec<A>} spec
 */
export function createPanel(el, store, context, spec) {
  const says = make("p", { class: "chart-says", "aria-live": "polite" });
  const host = make("div", { class: "chart-host", role: "img", "data-testid": `chart-${spec.name}` });
  host.style.minHeight = `${spec.height}px`;
  const again = make("button", { type: "button", class: "button", hidden: true });
  const summary = make("summary", {});
  const scroll = make("div", { class: "scroll", role: "region", tabindex: 0 });
  const source = make("a", { class: "quiet chart-source" });
  const details = make("details", { class: "chart-numbers" }, summary, scroll);
  el.replaceChildren(spec.choices, says, again, host, make("div", { class: "chart-foot" }, details, source));
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const life = new AbortController();

  /** @type {A | null} */
  let answer = null;
  let asking = new AbortController();
  let waiting = 0;
  let shown = "";
  const chart = context.charts.create(host, (point) => {
    if (answer) spec.clicked(point, answer);
  });

  again.addEventListener("click", () => {
    shown = "";
    update();
  }, { signal: life.signal });
  scroll.addEventListener("click", ({ target }) => {
    const button = target instanceof Element ? target.closest("button") : null;
    if (button?.dataset.t) store.set({ t: Number(button.dataset.t) });
  }, { signal: life.signal });
  dark.addEventListener("change", () => update(), { signal: life.signal });

  /** Whatever differs from what is shown is asked for; nothing else is drawn. */
  function update() {
    const state = store.get();
    if (state.panel !== spec.name) return;
    spec.choose();
    const question = spec.question(state);
    const theme = state.theme === "auto" ? (dark.matches ? "dark" : "light") : state.theme;
    const key = JSON.stringify([state.trace.id, state.lang, theme, question]);
    if (key === shown) return mark();
    const fresh = shown === "" || el.dataset.state === "none";
    shown = key;
    asking.abort();
    asking = new AbortController();
    window.clearTimeout(waiting);
    summary.textContent = context.say("charts.numbers");
    again.textContent = context.say("charts.again");
    again.hidden = true;
    if (typeof question === "string") return none(question);
    el.dataset.state = "loading";
    host.setAttribute("aria-busy", "true");
    if (fresh) says.textContent = context.say("charts.loading");
    const { signal } = asking;
    waiting = window.setTimeout(() => void fill(question, theme, signal), fresh ? 0 : REST);
  }

  /** @param {string} why */
  function none(why) {
    answer = null;
    el.dataset.state = "none";
    says.textContent = why;
  }

  /** @param {Question} question @param {"light" | "dark"} theme @param {AbortSignal} signal */
  async function fill(question, theme, signal) {
    const figureParams = { ...question.params, ...question.figureParams, theme };
    try {
      const figure = context.part(`figures/${question.figure}`, figureParams, signal);
      figure.catch(() => undefined); // what it says, the numbers say too
      const numbers = /** @type {A} */ (await context.part(question.numbers, question.params, signal));
      answer = numbers;
      write(numbers);
      await chart.draw(/** @type {import("./types.js").PlotlyFigure} */ (await figure), signal);
      el.dataset.state = "ready";
      mark();
    } catch (error) {
      if (signal.aborted) return;
      el.dataset.state = "error";
      again.hidden = false;
      const detail = error instanceof Error && "problem" in error && error.problem ? error.message : context.say("charts.failed");
      says.textContent = detail;
    }
    host.removeAttribute("aria-busy");
    source.textContent = context.say("charts.source");
    source.href = context.address(`figures/${question.figure}`, figureParams);
  }

  /** @param {A} numbers */
  function write(numbers) {
    const state = store.get();
    const sentence = spec.says(numbers, state);
    says.textContent = sentence;
    host.setAttribute("aria-label", sentence);
    const { head, rows } = spec.table(numbers, state);
    scroll.setAttribute("aria-label", context.say("charts.numbers"));
    const body = rows.map(({ t, cells: [name, ...cells] }) =>
      make(
        "tr",
        { "data-t": t },
        make("th", { scope: "row" }, t === null ? name : make("button", { type: "button", class: "button quiet-button", "data-t": t }, name)),
        ...cells.map((text) => make("td", { "data-value": text }, shortened(text))),
      ),
    );
    scroll.replaceChildren(
      make("table", { class: "numbers" }, make("thead", {}, make("tr", {}, ...head.map((text) => make("th", { scope: "col" }, text)))), make("tbody", {}, ...body)),
    );
  }

  function mark() {
    const state = store.get();
    if (!answer || el.dataset.state !== "ready") return;
    chart.mark(spec.mark(answer, state), getComputedStyle(el).getPropertyValue("--now").trim());
    for (const row of scroll.querySelectorAll("tr[data-t]")) row.classList.toggle("is-now", Number(/** @type {HTMLElement} */ (row).dataset.t) === state.t);
  }

  const unsubscribe = store.subscribe((state, previous) => {
    const keys = /** @type {const} */ (["panel", "trace", "n", "t", "row", "lang", "theme"]);
    if (keys.some((name) => state[name] !== previous[name])) update();
  });
  update();

  return {
    update,
    stop() {
      life.abort();
      asking.abort();
      window.clearTimeout(waiting);
      unsubscribe();
      chart.stop();
      el.replaceChildren();
    },
  };
}

/** A number in few digits; its exact value stays beside it. @param {string} text */
function shortened(text) {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) return text;
  return value !== 0 && Math.abs(value) < 0.0001 ? value.toExponential(2).replace("e+", "e") : String(Number(value.toPrecision(5)));
}

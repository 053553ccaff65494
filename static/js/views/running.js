// The prediction of a trained model after every step, over its tokens, and what each step left in the final memory.

import { exact, fixed } from "../core/format.js";
import { el as make } from "../doors/dom.js";

/** @typedef {import("../trained.types.js").Running} Running */

const MOST_STEPS = 120; // columns; a longer text says how many there are
const MOST_CLASSES = 5;

/** @type {import("../types.js").Mount} */
export function mountRunning(el, store, context) {
  const life = new AbortController();
  let asking = new AbortController();
  /** @type {Running | null} */
  let found = null;
  const title = make("h2", { id: "running-title" });
  const why = make("p", { class: "aside" });
  const open = make("button", { type: "button", class: "button quiet-button", "data-do": "ledger" });
  const steps = make("ol", { class: "running-steps" });
  const scroll = make("div", { class: "scroll running-scroll", role: "region", tabindex: "0", "aria-labelledby": "running-title" }, steps);
  const top = make("p", { class: "running-top", "data-testid": "running-top" });
  el.replaceChildren(make("header", { class: "head" }, title, open), why, scroll, top);

  el.addEventListener(
    "click",
    ({ target }) => {
      const button = target instanceof Element ? target.closest("button") : null;
      if (button?.dataset.t) store.set({ t: Number(button.dataset.t) });
      if (button?.dataset.do !== "ledger") return;
      store.set({ panel: "ledger" });
      document.getElementById("tab-ledger")?.focus();
    },
    { signal: life.signal },
  );

  async function arrive() {
    const { trace, n } = store.get();
    asking.abort();
    el.hidden = !trace.request.weights.bundled;
    if (el.hidden) return;
    words();
    asking = new AbortController();
    const { signal } = asking;
    const answer = await context.part("running", { sample: n }, signal).catch(() => null);
    if (signal.aborted) return;
    found = /** @type {Running | null} */ (answer);
    if (found) draw(found);
    else steps.replaceChildren(make("li", {}, context.say("page.running.failed")));
  }

  function words() {
    const { say } = context;
    title.textContent = say("page.running.title");
    why.textContent = say("page.running.says");
    open.textContent = say("page.running.ledger");
  }

  /** @param {Running} running */
  function draw({ tokens, values, left, unknown, classes, activation }) {
    const { say } = context;
    const most = Math.max(...(left ?? []), Number.MIN_VALUE);
    const shown = values.slice(0, MOST_STEPS);
    const numbers = shown.flatMap((line) => (line.length === 1 ? line : []));
    const low = Math.min(0, ...numbers);
    const high = activation === "sigmoid" ? 1 : Math.max(...numbers, Number.MIN_VALUE);
    steps.replaceChildren(
      ...shown.map((line, t) => {
        const word = tokens?.[t] ?? `x${t}`;
        const best = largest(line, 1)[0];
        const value = line[best];
        const said = line.length === 1 ? fixed(value) : (classes?.[best] ?? String(best));
        const height = line.length === 1 ? (value - low) / (high - low) : value;
        const bar = make("span", { class: activation === "sigmoid" && line.length === 1 ? "running-bar has-middle" : "running-bar", "aria-hidden": "true" }, filled("running-fill", height));
        const memory = left && make("span", { class: "running-bar running-left", title: `Σ |${say("page.running.left")}| = ${exact(left[t])}`, "aria-hidden": "true" }, filled("running-fill", left[t] / most));
        return make(
          "li",
          {},
          make(
            "button",
            { type: "button", class: "running-step", "data-t": t, "aria-label": say("page.running.step", { t, word, value: said }) },
            bar,
            make("data", { value: exact(value), "data-value": exact(value), "data-running": t }, visible(said)),
            make("span", { class: unknown.includes(t) ? "running-word is-unknown" : "running-word", dir: "auto" }, visible(word)),
            memory,
          ),
        );
      }),
    );
    mark();
  }

  /** The step that the page looks at, and what is likeliest there. */
  function mark() {
    const { t } = store.get();
    for (const button of steps.querySelectorAll("button")) {
      if (button.dataset.t === String(t)) button.setAttribute("aria-current", "step");
      else button.removeAttribute("aria-current");
    }
    const line = found?.values[Math.min(t, found.values.length - 1)];
    const rest = found && found.values.length > MOST_STEPS ? context.say("page.running.more", { shown: MOST_STEPS, of: found.values.length }) : "";
    if (!line || line.length === 1) return void top.replaceChildren(rest);
    const { say } = context;
    const chances = largest(line, MOST_CLASSES).flatMap((k) => [make("span", { class: "running-class" }, visible(found?.classes?.[k] ?? String(k)), " ", make("data", { value: exact(line[k]), "data-value": exact(line[k]) }, fixed(line[k]))), " "]);
    top.replaceChildren(say("page.running.top", { t: Math.min(t, (found?.values.length ?? 1) - 1) }), " ", ...chances, rest);
  }

  void arrive();
  const unsubscribe = store.subscribe((state, previous) => {
    if (state.trace !== previous.trace || state.n !== previous.n || state.lang !== previous.lang) void arrive();
    else if (state.t !== previous.t) mark();
  });
  return () => {
    unsubscribe();
    asking.abort();
    life.abort();
    el.replaceChildren();
  };
}

/** @param {string} name @param {number} part  of the whole, 0 … 1 */
function filled(name, part) {
  const fill = make("span", { class: name });
  fill.style.height = `${100 * Math.min(1, Math.max(0, part))}%`;
  return fill;
}

/** The places of the largest numbers. @param {number[]} line @param {number} count */
function largest(line, count) {
  return line.map((_, k) => k).sort((a, b) => line[b] - line[a]).slice(0, count);
}

/** A space or a line's end as a sign that can be seen. @param {string} text */
const visible = (text) => ({ " ": "␣", "\n": "↵" })[text] ?? text;

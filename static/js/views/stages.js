// Every stage of the pass: operation, line of code, shapes in and out with named axes, one sentence.

import { el as make, find } from "../doors/dom.js";

/** @typedef {import("../types.js").Stage} Stage */
/** @typedef {import("../types.js").Trace} Trace */

/** @type {import("../types.js").Mount} */
export function mountStages(el, store, context) {
  const list = find(el, '[data-role="list"]');
  const life = new AbortController();
  list.addEventListener(
    "click",
    ({ target }) => {
      const button = target instanceof Element ? target.closest("button[data-shape-of]") : null;
      if (button instanceof HTMLElement) store.set({ tensor: button.dataset.shapeOf ?? "output" });
    },
    { signal: life.signal },
  );

  function draw() {
    const { trace, tensor } = store.get();
    list.replaceChildren(...trace.stages.map((stage) => stageItem(trace, stage, tensor)));
  }

  /** @param {Trace} trace @param {Stage} stage @param {string} chosen */
  function stageItem(trace, stage, chosen) {
    const shapes = (/** @type {string[]} */ names) =>
      names.filter((name) => Object.hasOwn(trace.tensors, name)).flatMap((name) => [shapeButton(trace, name, chosen), " "]);
    return make(
      "li",
      { class: "stage", "data-stage": stage.name },
      make("h3", {}, make("span", { class: "op" }, stage.op), " ", make("code", {}, stage.code)),
      make("p", { class: "shapes" }, ...shapes(stage.inputs), make("span", { class: "arrow", "aria-label": context.say("page.becomes"), role: "img" }, "→"), " ", ...shapes(stage.outputs)),
      make("p", { class: "says" }, stage.says),
      stage.name === "encoder" && make("p", {}, make("a", { href: encoderAlone(), "data-testid": "encoder-alone" }, context.say("page.stages.encoder"))),
    );
  }

  /** The page that runs the encoder and nothing else; where no page says it, the API's answer. */
  function encoderAlone() {
    const { lines, trace, lang, theme } = store.get();
    const query = lines?.encoder_query;
    if (query === null || query === undefined) return `/api/v1/traces/${encodeURIComponent(trace.encoder?.id ?? "")}`;
    return `/?${[query, `lang=${lang}`, ...(theme === "auto" ? [] : [`theme=${theme}`])].filter(Boolean).join("&")}`;
  }

  /** @param {Trace} trace @param {string} name @param {string} chosen */
  function shapeButton(trace, name, chosen) {
    const { shape, axes } = trace.tensors[name];
    const dims = axes.flatMap((axis, d) => [d ? ", " : "", make("span", { class: "dim" }, make("i", {}, axis), ` ${shape[d]}`)]);
    return make(
      "button",
      { type: "button", class: "shape", "data-shape-of": name, "aria-pressed": String(name === chosen), title: context.say("page.stages.show", { name }) },
      make("b", {}, name),
      " ",
      make("span", { class: "dims" }, "(", ...dims, ")"),
    );
  }

  draw();
  const unsubscribe = store.subscribe((state, previous) => {
    if (state.trace !== previous.trace || state.lang !== previous.lang) return draw();
    if (state.tensor === previous.tensor) return;
    for (const button of list.querySelectorAll("button")) button.setAttribute("aria-pressed", String(button.dataset.shapeOf === state.tensor));
  });
  return () => {
    unsubscribe();
    life.abort();
  };
}

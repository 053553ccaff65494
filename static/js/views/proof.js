// The badge that says how far the shown numbers are from PyTorch's own call, and what was compared.

import { grouped, tiny } from "../core/format.js";
import { closeLikeMenu, el as make } from "../doors/dom.js";

/** @typedef {import("../types.js").Proof} Proof */

/** @type {import("../types.js").Mount} */
export function mountProof(el, store, context) {
  const life = new AbortController();
  closeLikeMenu(el, life.signal);

  function draw() {
    const { trace, lang } = store.get();
    const { proof } = trace;
    const open = el.querySelector("details")?.open ?? false;
    const { say } = context;
    const held = trace.request.interventions?.some(({ clamp }) => clamp); // such a run has no one call to stand beside
    const largest = Math.max(...Object.values(proof.max_abs_diff));
    const number = (/** @type {number} */ count) => grouped(count, lang);

    const rows = Object.entries(proof.max_abs_diff).map(([what, diff]) =>
      make("tr", {}, make("th", { scope: "row", class: "code" }, what), make("td", { class: "code" }, String(diff)), make("td", {}, say(`page.proof.${what}`))),
    );
    const body = make("div", { class: "proof-body" }, make("p", {}, say(held ? "page.proof.says.held" : "page.proof.says", { against: proof.against })), make("table", {}, make("tbody", {}, ...rows)));
    if (proof.checked) body.append(make("p", {}, checkedText(proof.checked)));
    body.append(make("p", { class: "soft" }, say("page.proof.tolerance", { tolerance: tiny(proof.tolerance), torch: trace.torch })));

    el.replaceChildren(
      make(
        "details",
        { open },
        make(
          "summary",
          {},
          make("span", { class: "tick", "aria-hidden": "true" }, "✓"),
          ` ${say(held ? "page.proof.matches.held" : "page.proof.matches", { against: proof.against, diff: tiny(largest) })}`,
        ),
        body,
      ),
    );

    /** @param {NonNullable<Proof["checked"]>} checked */
    function checkedText({ samples, steps, units, of }) {
      return say("page.proof.checked", {
        samples: number(samples.length),
        ofSamples: number(of.samples),
        steps: number(steps),
        ofSteps: number(of.steps),
        units: number(units),
        ofUnits: number(of.units),
      });
    }
  }
  draw();
  const unsubscribe = store.subscribe((state, previous) => {
    if (state.trace !== previous.trace || state.lang !== previous.lang) draw();
  });
  return () => {
    unsubscribe();
    life.abort();
  };
}

// Statements about this very run, each checked with its difference; the false ones stay, because they teach.

import { tiny } from "../core/format.js";
import { el as make, find } from "../doors/dom.js";

/** @type {import("../types.js").Mount} */
export function mountClaims(el, store, context) {
  const list = find(el, '[data-role="list"]');

  function draw() {
    const { say } = context;
    const items = store.get().trace.claims.map(({ claim, holds, max_abs_diff: diff, why }) =>
      make(
        "li",
        { class: "claim", "data-holds": String(holds) },
        make("span", { class: "mark", role: "img", "aria-label": say(holds ? "page.claims.true" : "page.claims.false") }, holds ? "✓" : "✗"),
        make(
          "div",
          {},
          make("code", {}, claim),
          diff !== null && make("span", { class: "diff", title: String(diff) }, ` ${say("page.claims.diff", { diff: tiny(diff) })}`),
          make("p", {}, why),
        ),
      ),
    );
    list.replaceChildren(...items);
  }
  draw();
  return store.subscribe((state, previous) => {
    if (state.trace !== previous.trace || state.lang !== previous.lang) draw();
  });
}

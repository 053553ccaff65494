// The tabs below the network: gates, memory, error, wiring; the chosen one stands in the address.

/** @typedef {import("../types.js").AppState} AppState */

/** @type {import("../types.js").Mount} */
export function mountTabs(el, store) {
  const tabs = /** @type {HTMLButtonElement[]} */ ([...el.querySelectorAll('[role="tab"]')]);
  const life = new AbortController();
  const choose = (/** @type {HTMLElement | undefined} */ tab) => {
    if (tab) store.set({ panel: /** @type {AppState["panel"]} */ (tab.dataset.panel) });
  };

  el.addEventListener("click", ({ target }) => choose(tabs.find((tab) => target instanceof Node && tab.contains(target))), { signal: life.signal });
  el.addEventListener(
    "keydown",
    (event) => {
      const at = tabs.findIndex((tab) => tab === event.target);
      const to = /** @type {{[key: string]: number}} */ ({ ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: -1 })[event.key];
      if (at < 0 || to === undefined) return;
      event.preventDefault(); // the page's own arrow keys move t
      const tab = tabs[to % tabs.length] ?? tabs.at(to);
      choose(tab);
      tab?.focus();
    },
    { signal: life.signal },
  );

  function draw() {
    for (const tab of tabs) {
      const chosen = tab.dataset.panel === store.get().panel;
      tab.setAttribute("aria-selected", String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
      const panel = document.getElementById(tab.getAttribute("aria-controls") ?? "");
      if (panel) panel.hidden = !chosen;
    }
  }
  draw();
  const unsubscribe = store.subscribe((state, previous) => {
    if (state.panel !== previous.panel) draw();
  });
  return () => {
    life.abort();
    unsubscribe();
  };
}

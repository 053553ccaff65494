// Which layer and direction the heat maps show.

import { rows } from "../core/places.js";
import { fillMenu, find } from "../doors/dom.js";

/** @type {import("../types.js").Mount} */
export function mountRowpicker(el, store, context) {
  /** @type {HTMLSelectElement} */
  const menu = find(el, "select");
  const choose = () => store.set({ row: menu.value });
  menu.addEventListener("change", choose);

  function draw() {
    const { trace, row } = store.get();
    const options = rows(trace).map(({ name, layer, direction }) => ({ value: name, text: context.say(`page.row.${direction}`, { layer }) }));
    fillMenu(menu, options, row);
  }
  draw();
  const unsubscribe = store.subscribe((state, previous) => {
    if (state.trace !== previous.trace || state.row !== previous.row || state.lang !== previous.lang) draw();
  });
  return () => {
    unsubscribe();
    menu.removeEventListener("change", choose);
  };
}

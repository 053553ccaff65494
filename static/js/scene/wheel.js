// The wheel goes into the scene only with Ctrl or ⌘ held (which is also how a touchpad says "pinch"): by itself it scrolls the page.

import { zoomIn, zoomInAt, zoomOut } from "./zooming.js";

const STEP = 60; // px of wheel for one step; a notch of a mouse is about 100
const REST = 250; // ms without a turn: what was turned before does not count

/** @type {import("./types.js").Listen} */
export function listenWheel(host, stage, signal) {
  let turned = 0;
  let last = -Infinity;
  let gone = 0; // one step a turn of the wheel, however far it runs on

  host.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    if (event.timeStamp - last > REST) turned = gone = 0;
    last = event.timeStamp;
    turned += event.deltaY;
    const way = Math.sign(turned);
    if (Math.abs(turned) < STEP || way === gone) return;
    gone = way;
    turned = 0;
    if (way > 0) zoomOut(stage.store);
    else zoomInAt(stage, event.clientX, event.clientY) || zoomIn(stage.store, null);
  }, { signal, passive: false });
}

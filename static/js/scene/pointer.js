// The pointer over the scene: hovering names a cell, a drag turns the cubes, a click keeps the cell, a second one goes in.
// Fingers: one turns by going sideways and scrolls the page by going up and down; two go in and out; one that rests points.

import { toggled } from "../core/pins.js";
import { equal, same } from "./pick.js";
import { zoomInAt, zoomOut } from "./zooming.js";

const STILL = 4; // px a pointer may move and still be a click
const PER_PIXEL = 0.008; // radians turned for each pixel dragged
const TWICE = { ms: 400, px: 24 }; // two clicks that are a double one
const LONG = 450; // ms a finger rests to point
const PINCH = { closer: 1.3, further: 0.77 }; // how far two fingers go apart or together for one step

/** @typedef {{x: number, y: number}} Point */
/** @typedef {Point & {turning: boolean, from: import("./projection.js").Turn, at: number}} Drag */

/** @type {import("./types.js").Listen} */
export function listenPointer(host, stage, signal) {
  const { store, camera } = stage;
  /** @type {Drag | null} */
  let drag = null;
  /** The fingers that are down. @type {Map<number, Point>} */
  const fingers = new Map();
  /** The distance at which two fingers began; null once they have made their step. @type {number | null} */
  let pinch = null;
  let pinched = false;
  let click = { x: 0, y: 0, at: -Infinity };

  host.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    host.setPointerCapture(event.pointerId);
    if (event.pointerType === "touch") fingers.set(event.pointerId, pointOf(event));
    if (fingers.size === 2) {
      if (drag?.turning) camera.turnTo(drag.from);
      drag = null;
      pinch = apart();
      pinched = true;
      return;
    }
    drag = { ...pointOf(event), turning: false, from: camera.turn, at: event.timeStamp };
  }, { signal });

  host.addEventListener("pointermove", (event) => {
    const { x, y } = pointOf(event);
    if (fingers.has(event.pointerId)) fingers.set(event.pointerId, { x, y });
    if (fingers.size === 2) return spread();
    if (pinched) return;
    if (!drag) return store.set({ cursor: same(stage.cellAt(x, y), store.get().cursor) });
    drag.turning ||= Math.hypot(x - drag.x, y - drag.y) > STILL;
    if (!drag.turning) return;
    host.style.cursor = "grabbing";
    camera.turnTo({ yaw: drag.from.yaw - (x - drag.x) * PER_PIXEL, pitch: drag.from.pitch + (y - drag.y) * PER_PIXEL });
  }, { signal });

  host.addEventListener("pointerup", (event) => {
    const { x, y } = pointOf(event);
    if (drag && !drag.turning && !pinched) clicked(x, y, event);
    ended(event);
  }, { signal });
  host.addEventListener("pointercancel", (event) => {
    if (drag?.turning) camera.turnTo(drag.from); // the finger wanted to scroll the page
    ended(event);
  }, { signal });
  host.addEventListener("pointerleave", (event) => {
    if (!drag && event.pointerType !== "touch") store.set({ cursor: null });
  }, { signal });
  // two fingers are the scene's, whatever the page would do with them
  host.addEventListener("touchmove", (event) => {
    if (event.touches.length > 1 && event.cancelable) event.preventDefault();
  }, { signal, passive: false });
  host.addEventListener("contextmenu", (event) => {
    if (drag && "pointerType" in event && event.pointerType === "touch") event.preventDefault(); // a finger that rests points
  }, { signal });

  /** @param {number} x @param {number} y @param {PointerEvent} event */
  function clicked(x, y, { timeStamp, pointerType, shiftKey }) {
    const twice = timeStamp - click.at < TWICE.ms && Math.hypot(x - click.x, y - click.y) < TWICE.px;
    click = { x, y, at: twice ? -Infinity : timeStamp };
    if (twice && zoomInAt(stage, x, y)) return;
    const cell = stage.cellAt(x, y);
    if (!cell) return;
    stage.focused = Math.max(0, stage.blocks().findIndex(({ name }) => name === cell.tensor));
    if (pointerType === "touch" && drag && timeStamp - drag.at > LONG) return store.set({ cursor: cell });
    if (shiftKey) return store.set({ cursor: cell, pinned: cell, pins: toggled(store.get().pins, cell) });
    store.set({ cursor: cell, pinned: equal(cell, store.get().pinned) ? null : cell });
  }

  function spread() {
    const now = apart();
    if (pinch === null) return;
    const [one, other] = [...fingers.values()];
    if (now > pinch * PINCH.closer) zoomInAt(stage, (one.x + other.x) / 2, (one.y + other.y) / 2);
    else if (now < pinch * PINCH.further) zoomOut(store);
    else return;
    pinch = null;
  }

  const apart = () => {
    const [one, other] = [...fingers.values()];
    return Math.hypot(one.x - other.x, one.y - other.y);
  };

  /** @param {PointerEvent} event */
  function ended(event) {
    fingers.delete(event.pointerId);
    if (fingers.size === 0) pinched = false;
    drag = null;
    pinch = null;
    host.style.cursor = "grab";
  }
}

/** @param {PointerEvent} event @returns {Point} */
const pointOf = ({ clientX, clientY }) => ({ x: clientX, y: clientY });

// The pointer over the scene: hovering names a cell, a drag turns the cubes, a click pins the cell.

import { equal, same } from "./pick.js";

const STILL = 4; // px a pointer may move and still be a click
const PER_PIXEL = 0.008; // radians turned for each pixel dragged

/** @type {import("./types.js").Listen} */
export function listenPointer(host, stage, signal) {
  const { store, camera } = stage;
  /** @type {{x: number, y: number, turning: boolean, from: import("./projection.js").Turn} | null} */
  let drag = null;

  host.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    host.setPointerCapture(event.pointerId);
    drag = { x: event.clientX, y: event.clientY, turning: false, from: camera.turn };
  }, { signal });
  host.addEventListener("pointermove", ({ clientX, clientY }) => {
    if (!drag) return store.set({ cursor: same(stage.cellAt(clientX, clientY), store.get().cursor) });
    const [dx, dy] = [clientX - drag.x, clientY - drag.y];
    drag.turning ||= Math.hypot(dx, dy) > STILL;
    if (!drag.turning) return;
    host.style.cursor = "grabbing";
    camera.turnTo({ yaw: drag.from.yaw - dx * PER_PIXEL, pitch: drag.from.pitch + dy * PER_PIXEL });
  }, { signal });
  host.addEventListener("pointerup", ({ clientX, clientY }) => {
    if (drag && !drag.turning) {
      const cell = stage.cellAt(clientX, clientY);
      if (cell) {
        stage.focused = Math.max(0, stage.blocks().findIndex(({ name }) => name === cell.tensor));
        store.set({ cursor: cell, pinned: equal(cell, store.get().pinned) ? null : cell });
      }
    }
    endDrag();
  }, { signal });
  host.addEventListener("pointercancel", () => {
    if (drag?.turning) camera.turnTo(drag.from); // the finger wanted to scroll the page
    endDrag();
  }, { signal });
  host.addEventListener("pointerleave", () => {
    if (!drag) store.set({ cursor: null });
  }, { signal });

  function endDrag() {
    drag = null;
    host.style.cursor = "grab";
  }
}

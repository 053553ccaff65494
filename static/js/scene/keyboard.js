// The keyboard in the scene: arrows walk from cell to cell, brackets from block to block, plus and minus go in and out.

import { toggled } from "../core/pins.js";
import { parse } from "../core/zoom.js";
import { blockOf } from "./blocks.js";
import { equal, step } from "./pick.js";
import { zoomIn, zoomOut } from "./zooming.js";

const CUTS = /** @type {const} */ (["T", "N", "F"]);
const POSES = /** @type {Record<string, import("./types.js").Lying["pose"]>} */ ({ s: "pull", e: "apart", w: "whole", f: "flat" });
const KEY_TURN = 0.09; // radians
const TURNS = /** @type {Record<string, [number, number]>} */ ({ ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] });

/** @type {import("./types.js").Listen} */
export function listenKeys(host, stage, signal) {
  const { store, camera } = stage;

  host.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !keyed(event)) return;
    event.preventDefault();
    event.stopPropagation(); // the same arrows step through time elsewhere on the page
  }, { signal });

  /** @param {KeyboardEvent} event @returns {boolean} was it one of ours */
  function keyed({ key, shiftKey }) {
    const blocks = stage.blocks();
    const { cursor, pinned, t, n } = store.get();
    const here = cursor && blockOf(blocks, cursor.tensor);
    const at = here ? blocks.indexOf(here) : Math.min(stage.focused, blocks.length - 1);
    if (shiftKey && key in TURNS) {
      const [x, y] = TURNS[key];
      camera.turnTo({ yaw: camera.turn.yaw + x * KEY_TURN, pitch: camera.turn.pitch + y * KEY_TURN });
    } else if (key === "[" || key === "]") go(Math.min(blocks.length - 1, Math.max(0, at + (key === "]" ? 1 : -1))));
    else if (key === "+" || key === "=") zoomIn(store, cursor);
    else if (key === "-" || key === "Backspace") zoomOut(store);
    else if (key === "Home") camera.home();
    else if (key === "c") store.set({ cut: next(CUTS, store.get().cut) });
    else if (Object.hasOwn(POSES, key)) store.set({ pose: store.get().pose === POSES[key] ? "cut" : POSES[key] });
    else if (key === "Enter" && here) equal(cursor, pinned) ? zoomIn(store, cursor) : store.set({ pinned: cursor });
    else if (key === "k" && here && cursor) store.set({ pins: toggled(store.get().pins, cursor) });
    else if (key === "Escape" && parse(store.get().zoom).level !== "whole") zoomOut(store);
    else if (key === "Escape" && (cursor || pinned)) store.set({ cursor: null, pinned: null });
    else {
      const block = blocks[at];
      const from = here && cursor ? cursor.index : startOf(block, t, n);
      const index = step(block, from, key);
      if (!index) return false;
      moveTo(block, here ? index : from);
    }
    return true;
  }

  /** @param {number} at */
  function go(at) {
    stage.focused = at;
    const { t, n } = store.get();
    const block = stage.blocks()[at];
    moveTo(block, startOf(block, t, n));
  }

  /** The slice follows the keyboard, so that the cell is always in sight. @param {import("./blocks.js").SceneBlock} block @param {number[]} index */
  function moveTo(block, index) {
    const [time, last] = [block.axes.indexOf("T"), index.length - 1];
    const { cut } = store.get();
    store.set({
      cursor: { tensor: block.name, index },
      ...(time >= 0 ? { t: index[time] } : {}),
      ...(cut === "N" && block.sample >= 0 ? { n: index[block.sample] } : {}),
      ...(cut === "F" && block.kind === "cube" ? { unit: index[last] } : {}),
    });
  }
}

/** The one after it, the first after the last. @template T @param {readonly T[]} all @param {T} one @returns {T} */
const next = (all, one) => all[(all.indexOf(one) + 1) % all.length];

/** @param {{axes: string[], shape: number[]}} block @param {number} t @param {number} n */
const startOf = ({ axes, shape }, t, n) => axes.map((axis, k) => Math.min(shape[k] - 1, axis === "T" ? t : axis === "N" ? n : 0));

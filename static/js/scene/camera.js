// How the scene is looked at: the turn of its cubes and the size of its blocks, each kept within its limits.

import { HOME, clampTurn } from "./projection.js";

export const ZOOM = { least: 0.7, most: 1.9, by: 1.15 };

/**
 * @param {(what: "turn" | "zoom") => void} changed  a turn is drawn anew, a zoom is laid out anew
 * @returns {import("./types.js").Camera}
 */
export function createCamera(changed) {
  let turn = HOME;
  let zoom = 1;
  /** @type {import("./types.js").Camera} */
  const camera = {
    get turn() {
      return turn;
    },
    get zoom() {
      return zoom;
    },
    turnTo(wanted) {
      turn = clampTurn(wanted);
      changed("turn");
    },
    zoomTo(wanted) {
      zoom = Math.min(ZOOM.most, Math.max(ZOOM.least, wanted));
      changed("zoom");
    },
    home() {
      camera.turnTo(HOME);
      camera.zoomTo(1);
    },
  };
  return camera;
}

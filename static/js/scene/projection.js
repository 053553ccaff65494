// Parallel projection: world lengths to the screen, so that every face of a box is one affine map of one picture.
// World axes: x to the right, y down the page, z into the depth. Screen: X right, Y down, pixels.

/** @typedef {[number, number]} Vec2 */
/** @typedef {[number, number, number]} Vec3 */
/** @typedef {{yaw: number, pitch: number}} Turn  radians */
/**
 * Where one world unit of each axis goes on the screen, and how far it leads away from the reader.
 * @typedef {object} View
 * @property {Turn} turn
 * @property {[Vec2, Vec2, Vec2]} axes
 * @property {Vec3} away
 */

const DEGREE = Math.PI / 180;
/** @type {Turn} */
export const HOME = { yaw: 30 * DEGREE, pitch: 24 * DEGREE };
export const LIMITS = { yaw: 46 * DEGREE, pitchLow: 8 * DEGREE, pitchHigh: 42 * DEGREE };

/** @param {Turn} turn @returns {Turn} within what keeps every label readable */
export function clampTurn({ yaw, pitch }) {
  return {
    yaw: Math.min(LIMITS.yaw, Math.max(-LIMITS.yaw, yaw)),
    pitch: Math.min(LIMITS.pitchHigh, Math.max(LIMITS.pitchLow, pitch)),
  };
}

/** @param {Turn} turn @returns {View} */
export function viewOf(turn) {
  const [cy, sy, cp, sp] = [Math.cos(turn.yaw), Math.sin(turn.yaw), Math.cos(turn.pitch), Math.sin(turn.pitch)];
  return {
    turn,
    axes: [
      [cy, sy * sp],
      [0, cp],
      [sy, -cy * sp],
    ],
    away: [-sy * cp, sp, cy * cp],
  };
}

/** Sheets lie in the page and do not turn. */
export const FLAT = viewOf({ yaw: 0, pitch: 0 });

/** @param {View} view @param {Vec3} point @param {Vec2} [origin] @returns {Vec2} */
export function project(view, [x, y, z], origin = [0, 0]) {
  const [ax, ay, az] = view.axes;
  return [origin[0] + x * ax[0] + y * ay[0] + z * az[0], origin[1] + x * ax[1] + y * ay[1] + z * az[1]];
}

/** Width and height on the screen of a box of this size, seen this way. @param {View} view @param {Vec3} size @returns {Vec2} */
export function bounds(view, size) {
  /** @param {0 | 1} k */
  const along = (k) => size.reduce((sum, length, axis) => sum + length * Math.abs(view.axes[axis][k]), 0);
  return [along(0), along(1)];
}

/** The room a box of this size needs whichever way it is turned within the limits. @param {Vec3} size @returns {Vec2} */
export function reach(size) {
  let [width, height] = [0, 0];
  for (const yaw of [0, 0.25, 0.5, 0.75, 1]) {
    for (const pitch of [LIMITS.pitchLow, 0.5 * (LIMITS.pitchLow + LIMITS.pitchHigh), LIMITS.pitchHigh]) {
      const [w, h] = bounds(viewOf({ yaw: yaw * LIMITS.yaw, pitch }), size);
      [width, height] = [Math.max(width, w), Math.max(height, h)];
    }
  }
  return [width, height];
}

/**
 * Where a point lies in the parallelogram `origin + u·along + v·down`: (u, v), inside when both are in 0..1.
 * null when the parallelogram is seen edge-on.
 * @param {Vec2} point @param {Vec2} origin @param {Vec2} along @param {Vec2} down @returns {Vec2 | null}
 */
export function unproject(point, origin, along, down) {
  const det = along[0] * down[1] - along[1] * down[0];
  if (Math.abs(det) < 1e-9) return null;
  const [dx, dy] = [point[0] - origin[0], point[1] - origin[1]];
  return [(dx * down[1] - dy * down[0]) / det, (along[0] * dy - along[1] * dx) / det];
}

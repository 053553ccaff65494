// The numbers themselves, written into the cells of a sheet where there is room for them.

import { inkOn } from "../core/colour.js";
import { fixed } from "../core/format.js";
import { isDone } from "../play/motion.js";
import { fontOf } from "./marks.js";

/** @typedef {import("./faces.js").Face} Face */

const EXACT = 62; // px: room for four decimals
const MOST = 400; // words; more than that are too small to read anyway

/** @param {CanvasRenderingContext2D} ctx @param {import("./layout.js").Placed} placed @param {Face} face @param {import("./draw.js").Scene} scene */
export function drawCells(ctx, { block }, face, scene) {
  const [columns, rows] = [face.u.size, face.v.size];
  if (face.along[1] || face.down[0]) return; // it is being turned over
  const [width, height] = [face.along[0] / columns, face.down[1] / rows];
  if (columns * rows > MOST || height < 13 || width < 17) return;
  ctx.font = fontOf("cell", scene.palette);
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  const undone = scene.film?.undone(block.name);
  const whole = scene.scales[block.name].kind === "index";
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      const index = block.plane ? wholeIndex(face, r, c) : face.u.axis < 0 ? [] : face.v.axis < 0 ? [c] : [r, c];
      if (undone && !isDone(undone, index)) continue;
      const value = scene.value(block.name, index);
      if (value === null) continue;
      const text = whole ? String(value) : block.plane && width > EXACT ? fixed(value).replace("-", "−") : written(value);
      if (ctx.measureText(text).width > width - 3) continue;
      ctx.fillStyle = inkOn(value, scene.scales[block.name]);
      ctx.fillText(text, face.origin[0] + (c + 0.5) * width, face.origin[1] + (r + 0.5) * height + 0.5);
    }
  }
}

/** @param {Face} face @param {number} r @param {number} c */
function wholeIndex({ u, v, fixedAxis, fixedIndex }, r, c) {
  const index = [0, 0, 0];
  index[fixedAxis] = fixedIndex;
  index[u.axis] = c;
  index[v.axis] = r;
  return index;
}

/** Two decimals with a true minus sign: 0.83, −0.12, 14.2. @param {number} value */
export function written(value) {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toFixed(digits).replace("-", "−");
}

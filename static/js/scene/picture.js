// The scene as one SVG file: what drawScene and drawLegend draw, by a pen instead of a canvas.

import { drawScene } from "./draw.js";
import { drawLegend } from "./legend.js";
import { createPen, escaped } from "./svg.js";

/** @typedef {import("./draw.js").Scene} Scene */
/**
 * What a picture is made of: one frame of the scene and what stands around it.
 * @typedef {object} Shot
 * @property {Scene} scene
 * @property {import("./legend.js").LegendItem[]} legend
 * @property {number} width  px
 * @property {number} height  px
 */
/**
 * @typedef {object} How
 * @property {string} title
 * @property {string} says  what is shown, in a sentence, for those who do not see it
 * @property {string} lang
 * @property {(text: string, font: string) => number} measure
 * @property {Record<string, string>} [dark]  by name of the palette: the colour where the reader's system is dark
 */

/** @param {Shot} shot @param {How} how @returns {string} */
export function svgOf({ scene, legend, width, height }, { title, says, lang, measure, dark = {} }) {
  const palette = /** @type {Record<string, string>} */ (scene.palette);
  const classes = Object.fromEntries(Object.keys(dark).map((name) => [palette[name], name]));
  const pen = createPen({ measure, pixels: pixelsOf, classes, family: palette.code });
  drawScene(pen.ctx, { ...scene, ratio: 1, bitmaps: asOnScreen(scene, 1) }); // in CSS pixels
  drawLegend(pen.ctx, legend, scene.palette);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title says" xml:lang="${lang}" font-family="${escaped(palette.code.replace(/\s+/g, " "))}">`,
    `<title id="title">${escaped(title)}</title>`,
    `<desc id="says">${escaped(says)}</desc>`,
    ...(Object.keys(dark).length ? [styleOf(dark)] : []),
    `<rect${dark.paper ? ' class="f-paper"' : ""} fill="${scene.palette.paper}" width="${width}" height="${height}"/>`,
    pen.body(),
    "</svg>\n",
  ].join("\n");
}

/** The same on a canvas, which gets its size here: `scale` pixels a CSS pixel, on paper. @param {HTMLCanvasElement} canvas @param {Shot} shot @param {number} scale */
export function paintOn(canvas, { scene, legend, width, height }, scale) {
  Object.assign(canvas, { width: width * scale, height: height * scale });
  const ctx = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  drawScene(ctx, { ...scene, ratio: scale, bitmaps: asOnScreen(scene, scale) });
  drawLegend(ctx, legend, scene.palette);
  ctx.globalCompositeOperation = "destination-over";
  ctx.fillStyle = scene.palette.paper;
  ctx.fillRect(0, 0, width, height);
}

/** The very pictures of the screen, whatever the scale: no number need be read again. @param {Scene} scene @param {number} scale @returns {Scene["bitmaps"]} */
const asOnScreen = ({ bitmaps, ratio }, scale) => ({ ...bitmaps, get: (face, colours, u, v) => bitmaps.get(face, colours, (u * ratio) / scale, (v * ratio) / scale) });

/** @param {Record<string, string>} dark */
function styleOf(dark) {
  const rules = Object.entries(dark).map(([name, colour]) => `.f-${name}{fill:${colour}}.s-${name}{stroke:${colour}}`);
  return `<style>@media (prefers-color-scheme: dark){${rules.join("")}}</style>`;
}

/** The bytes of a face's picture. @param {unknown} image @returns {import("../core/png.js").Pixels} */
function pixelsOf(image) {
  const { width, height } = /** @type {HTMLCanvasElement} */ (image);
  const copy = Object.assign(document.createElement("canvas"), { width, height }); // what is read back is no longer fast to draw
  const ctx = /** @type {CanvasRenderingContext2D} */ (copy.getContext("2d", { willReadFrequently: true }));
  ctx.drawImage(/** @type {HTMLCanvasElement} */ (image), 0, 0);
  return { width, height, bytes: ctx.getImageData(0, 0, width, height).data };
}

// The golden scenes: the gallery's runs laid out and drawn as SVG in Node, the same on every machine.
import { readFileSync, readdirSync } from "node:fs";
import { joined } from "../../static/js/core/encoder.js";
import { createSay } from "../../static/js/core/i18n.js";
import { createTensors } from "../../static/js/core/tensors.js";
import { scalesOf } from "../../static/js/core/colour.js";
import { arrange, paletteOf } from "../../static/js/scene/arrange.js";
import { createBitmaps } from "../../static/js/scene/bitmaps.js";
import { blocksOf } from "../../static/js/scene/blocks.js";
import { createCamera } from "../../static/js/scene/camera.js";
import { endedIn, frameOf } from "../../static/js/scene/frame.js";
import { STILL, askedOf, posed } from "../../static/js/scene/posed.js";
import { svgOf } from "../../static/js/scene/picture.js";
import { createPen } from "../../static/js/scene/svg.js";

/** @typedef {import("../../static/js/types.js").Trace} Trace */
/** @typedef {import("../../static/js/types.js").Context} Context */
/** @typedef {{key: string, t: number, n: number, trace: Trace}} Run */

export const TOP = new URL("../../", import.meta.url);
export const GALLERY = new URL("static/gallery/", TOP);
export const LANGS = /** @type {const} */ (["en", "zh"]);
const WIDTH = 1040;
const RATIO = 2; // as a screen with two pixels a CSS pixel would have it

/** @returns {Run[]} */
export function runs() {
  const folder = new URL("tests/golden/", TOP);
  return readdirSync(folder).filter((name) => name.endsWith(".json")).sort().map((name) => JSON.parse(readFileSync(new URL(name, folder), "utf8")));
}

/** @param {string} lang */
export const sayOf = (lang) => createSay(JSON.parse(readFileSync(new URL(`static/i18n/${lang}.json`, TOP), "utf8")));

/** The palette of tokens.css: the light one, or what the dark one says otherwise. @param {"light" | "dark"} theme */
export function palette(theme) {
  const css = readFileSync(new URL("static/css/tokens.css", TOP), "utf8");
  const blocks = [...css.matchAll(/^:root(\[data-theme="dark"\])? \{([^}]*)\}/gm)];
  /** @type {Record<string, string>} */
  const tokens = {};
  for (const [, dark, body] of blocks) {
    if (dark && theme === "light") continue;
    for (const [, name, value] of body.matchAll(/(--[\w-]+):\s*([^;]+);/g)) tokens[name] = value.replace(/\s+/g, " ");
  }
  return paletteOf(/** @type {CSSStyleDeclaration} */ ({ getPropertyValue: (/** @type {string} */ name) => tokens[name] ?? "" }));
}

/** Widths that do not depend on a machine's fonts: those of a monospaced letter, and of a plain sans serif one a little rounded up. @param {string} text @param {string} font */
export function measure(text, font) {
  const size = Number(/([\d.]+)px/.exec(font)?.[1]);
  const code = font.includes("monospace");
  const em = (/** @type {string} */ letter) => {
    if (letter > "\u2e80") return 1;
    if (code) return 0.603;
    if (" .,:;'|!ijltfrI()[]".includes(letter)) return 0.36;
    if ("mwMW↗↖→↓=—".includes(letter)) return 0.88;
    return letter >= "A" && letter <= "Z" ? 0.68 : 0.58;
  };
  return [...text].reduce((sum, letter) => sum + size * em(letter), 0);
}

/** What the faces' pictures need of a document, in plain arrays. */
function lendDocument() {
  /** A canvas that holds what was put on it. */
  const canvas = () => {
    let bytes = new Uint8ClampedArray();
    const ctx = { putImageData: (/** @type {{data: Uint8ClampedArray<ArrayBuffer>}} */ { data }) => void (bytes = data), getImageData: () => ({ data: bytes }), drawImage: (/** @type {HTMLCanvasElement} */ other) => void (bytes = /** @type {CanvasRenderingContext2D} */ (other.getContext("2d")).getImageData(0, 0, 1, 1).data) };
    return { width: 0, height: 0, getContext: () => ctx };
  };
  const ImageData = class {
    /** @param {Uint8ClampedArray} data @param {number} width @param {number} height */
    constructor(data, width, height) {
      Object.assign(this, { data, width, height });
    }
  };
  Object.assign(globalThis, { document: { createElement: canvas }, ImageData });
}

/**
 * One scene of a run: its layout, and its drawing as an SVG file.
 * @param {Run} run @param {"en" | "zh"} lang @param {number} [width]
 */
export function sceneOf({ key, t, n, trace: alone }, lang, width = WIDTH) {
  lendDocument();
  const trace = joined(alone);
  const say = sayOf(lang);
  const tensors = createTensors(trace, () => Promise.reject(new Error("every number is there already")));
  const [light, dark] = [palette("light"), palette("dark")];
  const blocks = blocksOf(trace);
  const scales = scalesOf(trace.tensors);
  const { ctx } = createPen({ measure, pixels: () => ({ width: 0, height: 0, bytes: new Uint8ClampedArray() }) });
  const camera = createCamera(() => {});
  const { layout: arranged, legend } = arrange(trace, blocks, scales, { width, zoom: 1, ratio: RATIO, say, palette: light, ctx, still: true });
  const bitmaps = createBitmaps(() => tensors, () => {});
  const state = /** @type {import("../../static/js/types.js").AppState} */ (/** @type {unknown} */ ({ trace, t, n, cursor: null, pinned: null, explained: null, row: "", cut: "T", pose: "cut", unit: 0, lang, theme: "light" }));
  const layout = posed(arranged, askedOf(state), STILL, { say, ended: endedIn(trace) });
  const scene = frameOf(state, camera, /** @type {Context} */ (/** @type {unknown} */ ({ say, tensors })), { layout, scales, palette: light, ratio: RATIO, bitmaps });
  const shot = { scene, legend: legend.items, width, height: Math.ceil(layout.bottom + legend.height + 8) };
  const inks = Object.fromEntries(Object.entries(dark).filter(([name]) => !["text", "code"].includes(name)));
  const words = { title: say(`gallery.${key}.title`), says: say(`gallery.${key}.says`), lang: lang === "zh" ? "zh-CN" : "en", measure, dark: inks };
  return { trace, shot, svg: () => svgOf(shot, words) };
}

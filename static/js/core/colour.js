// One colour for one number: the scales every view paints with, the same in light and dark.
// Signed quantities: blue below zero, vermilion above, as light as each other at the same distance from zero.
// Gates (0..1): pale to deep green-blue, lightness falls all the way, so it reads without hue.

import { plain } from "./encoder.js";

/** @typedef {"diverging" | "sequential" | "index"} ScaleKind */
/** @typedef {{kind: ScaleKind, low: number, high: number}} Scale */
/** @typedef {{min?: number | null, max?: number | null, difference?: boolean}} Range  difference: of two runs, signed whatever it is of */

const STEPS = 256;
/** What cannot be placed on a scale (NaN, infinities) is a grey that no scale contains. */
const UNPLACED = [122, 122, 128];

/** @param {number} linear @returns {number} 0..255 */
function encode(linear) {
  const v = Math.min(1, Math.max(0, linear));
  return Math.round(255 * (v <= 0.0031308 ? 12.92 * v : 1.055 * v ** (1 / 2.4) - 0.055));
}

/**
 * OKLCh to sRGB bytes; `hue` in degrees.
 * @param {number} lightness @param {number} chroma @param {number} hue
 */
function rgb(lightness, chroma, hue) {
  const a = chroma * Math.cos((hue * Math.PI) / 180);
  const b = chroma * Math.sin((hue * Math.PI) / 180);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    encode(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    encode(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    encode(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

/** @param {(x: number) => number[]} at x from 0 to 1 */
function table(at) {
  const bytes = new Uint8ClampedArray(STEPS * 3);
  for (let k = 0; k < STEPS; k++) bytes.set(at(k / (STEPS - 1)), k * 3);
  return bytes;
}

/** @type {Record<ScaleKind, Uint8ClampedArray>} */
const TABLES = {
  diverging: table((x) => {
    const far = Math.abs(2 * x - 1); // 0 at zero, 1 at either end
    const chroma = 0.145 * (1 - (1 - far) ** 1.7);
    return rgb(0.972 - 0.532 * far ** 0.95, x < 0.5 ? chroma * 0.92 : chroma, x < 0.5 ? 252 : 40);
  }),
  sequential: table((x) => rgb(0.968 - 0.598 * x, 0.012 + 0.094 * Math.sin(Math.PI * (0.08 + 0.74 * x)), 108 + 122 * x ** 0.75)),
  index: table((x) => rgb(0.955 - 0.15 * x, 0.006 + 0.02 * x, 280)),
};

const SQUASHED = /\.(?:i|f|o|r|z)$/; // gates behind a sigmoid
const BOUNDED = /(?:\.(?:g|n|h)|^output|^h_n|^h_0)$/; // behind a tanh, or made from what is

/**
 * The scale of one tensor by its name and range. Shared scales (equal values, equal colours
 * across several tensors) come from `scalesOf`.
 * @param {string} name
 * @param {Range | null | undefined} info
 * @returns {Scale}
 */
export function scaleOf(name, info) {
  if (info?.difference) return symmetric(Math.max(Math.abs(info.min ?? 0), Math.abs(info.max ?? 0)));
  if (SQUASHED.test(name)) return { kind: "sequential", low: 0, high: 1 };
  const low = info?.min ?? null;
  const high = info?.max ?? null;
  if (["tokens", "decoded"].includes(plain(name))) return { kind: "index", low: 0, high: Math.max(1, high ?? 1) };
  if (name === "target" && Number.isInteger(low) && Number.isInteger(high)) return { kind: "index", low: 0, high: Math.max(1, high ?? 1) }; // classes
  if (low === null || high === null) return { kind: "diverging", low: -1, high: 1 };
  if (isShare(name, low, high)) return { kind: "sequential", low: 0, high: 1 };
  const reach = Math.max(Math.abs(low), Math.abs(high));
  if (BOUNDED.test(name) && reach > 0.5 && reach <= 1) return { kind: "diverging", low: -1, high: 1 };
  return symmetric(reach);
}

/** @param {number} reach @returns {Scale} */
function symmetric(reach) {
  const round = roundUp(reach);
  return { kind: "diverging", low: -round, high: round };
}

/** What a sigmoid or softmax gives: in 0..1 throughout. @param {string} name @param {number} low @param {number} high */
function isShare(name, low, high) {
  return ["activated", "reshaped", "prediction"].includes(name) && low >= 0 && high <= 1;
}

/** The next number of the form 1, 1.5, 2, 3, 5, 7 × 10^k; 1 for zero. @param {number} value */
export function roundUp(value) {
  if (!(value > 0) || !Number.isFinite(value)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 1.5, 2, 3, 5, 7, 10].find((s) => s * power >= value * (1 - 1e-9)) ?? 10;
  return Number((step * power).toPrecision(3));
}

/** Quantities whose tensors share one scale, so that equal numbers look equal. */
const FAMILIES = {
  x: ["embedding", "input"],
  h: ["output", "h_n", "h_0", "flattened", "last_step", "joined", "mean"],
  c: ["c_n", "c_0"],
  losses: ["losses", "loss"],
};
const ANSWERS = ["reshaped", "prediction"]; // the same numbers as the stage before them

/**
 * One scale a quantity, over all the tensors that hold it.
 * @param {Record<string, Range>} tensors
 * @param {Record<string, Range>[]} [beside]  of runs that are compared: equal numbers look equal there too
 * @returns {Record<string, Scale & {quantity: string}>} by tensor name
 */
export function scalesOf(tensors, beside = []) {
  /** @type {Record<string, string>} */
  const family = {};
  for (const [key, names] of Object.entries(FAMILIES)) for (const name of names) family[name] = key;
  const answer = "activated" in tensors ? "activated" : "logits";
  for (const name of [answer, ...ANSWERS]) family[name] = answer;
  const familyOf = (/** @type {string} */ name) => family[plain(name)];
  /** @type {Record<string, Scale & {quantity: string}>} */
  const out = {};
  for (const name of Object.keys(tensors)) {
    const mates = (/** @type {string} */ other) => other === name || (familyOf(name) !== undefined && familyOf(other) === familyOf(name));
    const known = [tensors, ...beside].flatMap((all) => Object.keys(all).filter(mates).map((mate) => all[mate])).filter((info) => info.min != null && info.max != null);
    const merged = known.length
      ? { min: Math.min(...known.map((i) => Number(i.min))), max: Math.max(...known.map((i) => Number(i.max))), difference: tensors[name].difference }
      : null;
    const scale = scaleOf(familyOf(name) === "h" ? "output" : name, merged);
    out[name] = { ...scale, quantity: familyOf(name) ?? name };
  }
  return out;
}

/** @param {number} value @param {Scale} scale @returns {number} the place in the table */
function place(value, scale) {
  const x = (value - scale.low) / (scale.high - scale.low);
  return Math.round((STEPS - 1) * Math.min(1, Math.max(0, x)));
}

/**
 * RGBA bytes, four a number, ready for ImageData.
 * @param {import("../types.js").Numbers | number[]} data
 * @param {Scale} scale
 * @returns {Uint8ClampedArray<ArrayBuffer>}
 */
export function paint(data, scale) {
  const bytes = new Uint8ClampedArray(data.length * 4);
  const colours = TABLES[scale.kind];
  const times = (STEPS - 1) / (scale.high - scale.low);
  for (let k = 0, at = 0; k < data.length; k++, at += 4) {
    const x = (data[k] - scale.low) * times;
    if (Number.isFinite(x)) {
      const from = 3 * (x <= 0 ? 0 : x >= STEPS - 1 ? STEPS - 1 : (x + 0.5) | 0);
      bytes[at] = colours[from];
      bytes[at + 1] = colours[from + 1];
      bytes[at + 2] = colours[from + 2];
    } else bytes.set(UNPLACED, at);
    bytes[at + 3] = 255;
  }
  return bytes;
}

/** @param {number} value @param {Scale} scale @returns {number[]} red, green, blue in 0..255 */
export function rgbOf(value, scale) {
  if (!Number.isFinite(value)) return UNPLACED;
  const at = 3 * place(value, scale);
  return Array.from(TABLES[scale.kind].subarray(at, at + 3));
}

/** @param {number} value @param {Scale} scale @returns {string} a CSS colour */
export function colourOf(value, scale) {
  return `rgb(${rgbOf(value, scale).join(" ")})`;
}

/** Dark or light text, whichever reads better on the colour of this number. @param {number} value @param {Scale} scale */
export function inkOn(value, scale) {
  return luminance(rgbOf(value, scale)) > 0.179 ? "#000000" : "#ffffff";
}

/** Relative luminance of sRGB bytes, 0..1. @param {number[]} bytes */
export function luminance(bytes) {
  const [r, g, b] = bytes.map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** Evenly spaced CSS colours from low to high, for a legend. @param {Scale} scale @param {number} [count] */
export function stops(scale, count = 17) {
  return Array.from({ length: count }, (_, k) => colourOf(scale.low + ((scale.high - scale.low) * k) / (count - 1), scale));
}

// A pen that writes SVG: it takes the calls that the scene makes on a canvas, so that both are one picture by construction.

import { pngUrl } from "../core/png.js";

/** @typedef {import("../core/png.js").Pixels} Pixels */
/** @typedef {[number, number, number, number, number, number]} Matrix  as canvas writes it: a b c d e f */
/** @typedef {{x0: number, y0: number, x1: number, y1: number, stops: [number, string][], addColorStop(at: number, colour: string): void}} Ramp */
/** @typedef {string | Ramp} Paint */
/**
 * @typedef {object} How
 * @property {(text: string, font: string) => number} measure  px
 * @property {(image: unknown) => Pixels} pixels  what `drawImage` is given, as bytes
 * @property {Record<string, string>} [classes]  by colour: the class that a style sheet may give another colour
 * @property {string} [family]  the font that stands around the drawing; others are named where they are used
 */

const VECTORS = 1024; // cells; a face of more of them is one picture
const KEPT = /** @type {const} */ (["fillStyle", "strokeStyle", "lineWidth", "lineJoin", "lineCap", "font", "textAlign", "textBaseline", "globalAlpha", "imageSmoothingEnabled", "lineDashOffset"]);
const ROUND = 0.5522847498; // the handle of a quarter circle as a cubic curve

/**
 * `ctx` stands in for a canvas's context; `body()` is what was drawn so far, ready to stand inside an <svg>.
 * @param {How} how
 * @returns {{ctx: CanvasRenderingContext2D, body(): string}}
 */
export function createPen(how) {
  /** @type {string[]} */
  const out = [];
  /** @type {string[]} */
  const defs = [];
  /** @type {{held: object, matrix: Matrix, dash: number[], groups: number}[]} */
  const stack = [];
  /** @type {Map<string, string>} */
  const ramps = new Map();
  /** @type {Matrix} */
  let matrix = [1, 0, 0, 1, 0, 0];
  /** @type {number[]} */
  let dash = [];
  let groups = 0; // opened by a clip since the last save
  let path = "";
  let [lastX, lastY] = [0, 0];

  const pen = {
    canvas: { width: 0, height: 0 },
    fillStyle: /** @type {Paint} */ ("#000000"),
    strokeStyle: /** @type {Paint} */ ("#000000"),
    lineWidth: 1,
    lineJoin: "miter",
    lineCap: "butt",
    font: "10px sans-serif",
    textAlign: "start",
    textBaseline: "alphabetic",
    globalAlpha: 1,
    imageSmoothingEnabled: true,
    lineDashOffset: 0,

    save() {
      stack.push({ held: Object.fromEntries(KEPT.map((key) => [key, pen[key]])), matrix, dash, groups });
      groups = 0;
    },
    restore() {
      const last = stack.pop();
      if (!last) return;
      for (; groups > 0; groups--) out.push("</g>");
      Object.assign(pen, last.held);
      ({ matrix, dash, groups } = last);
    },
    /** @param {Matrix} to */
    setTransform: (...to) => void (matrix = to),
    /** @param {Matrix} by */
    transform: (...by) => void (matrix = times(matrix, by)),
    /** @param {number} x @param {number} y */
    translate: (x, y) => void (matrix = times(matrix, [1, 0, 0, 1, x, y])),
    /** @param {number} x @param {number} y */
    scale: (x, y) => void (matrix = times(matrix, [x, 0, 0, y, 0, 0])),
    /** @param {number} angle */
    rotate: (angle) => void (matrix = times(matrix, [Math.cos(angle), Math.sin(angle), -Math.sin(angle), Math.cos(angle), 0, 0])),
    clearRect() {},

    beginPath: () => void (path = ""),
    closePath: () => void (path += "Z"),
    /** @param {number} x @param {number} y */
    moveTo: (x, y) => add("M", x, y),
    /** @param {number} x @param {number} y */
    lineTo: (x, y) => add(path ? "L" : "M", x, y),
    /** @param {number[]} points */
    quadraticCurveTo: (...points) => add("Q", ...points),
    /** @param {number[]} points */
    bezierCurveTo: (...points) => add("C", ...points),
    /** @param {number} x @param {number} y @param {number} w @param {number} h */
    rect(x, y, w, h) {
      add("M", x, y);
      add("L", x + w, y);
      add("L", x + w, y + h);
      add("L", x, y + h);
      path += "Z";
    },
    /** @param {number} x @param {number} y @param {number} w @param {number} h @param {number} r */
    roundRect(x, y, w, h, r) {
      const [k, right, low] = [r * (1 - ROUND), x + w, y + h];
      add("M", x + r, y);
      add("L", right - r, y);
      add("C", right - k, y, right, y + k, right, y + r);
      add("L", right, low - r);
      add("C", right, low - k, right - k, low, right - r, low);
      add("L", x + r, low);
      add("C", x + k, low, x, low - k, x, low - r);
      add("L", x, y + r);
      add("C", x, y + k, x + k, y, x + r, y);
      path += "Z";
    },
    /** @param {number} x @param {number} y @param {number} r @param {number} from @param {number} to @param {boolean} [back] */
    arc(x, y, r, from, to, back = false) {
      const turn = 2 * Math.PI;
      let sweep = to - from;
      if (back) sweep = sweep <= -turn ? -turn : -(((-sweep % turn) + turn) % turn);
      else sweep = sweep >= turn ? turn : ((sweep % turn) + turn) % turn;
      const pieces = Math.max(1, Math.ceil(Math.abs(sweep) / (Math.PI / 2) - 1e-9));
      const part = sweep / pieces;
      const k = (4 / 3) * Math.tan(part / 4);
      add(path && !path.endsWith("Z") ? "L" : "M", x + r * Math.cos(from), y + r * Math.sin(from));
      for (let p = 0; p < pieces; p++) {
        const [a, b] = [from + p * part, from + (p + 1) * part];
        const [ca, sa, cb, sb] = [Math.cos(a), Math.sin(a), Math.cos(b), Math.sin(b)];
        add("C", x + r * (ca - k * sa), y + r * (sa + k * ca), x + r * (cb + k * sb), y + r * (sb - k * cb), x + r * cb, y + r * sb);
      }
    },

    fill: () => shape(path, { fill: pen.fillStyle }),
    stroke: () => shape(path, { stroke: pen.strokeStyle }),
    /** @param {number} x @param {number} y @param {number} w @param {number} h */
    fillRect: (x, y, w, h) => aside(() => (pen.rect(x, y, w, h), pen.fill())),
    /** @param {number} x @param {number} y @param {number} w @param {number} h */
    strokeRect: (x, y, w, h) => aside(() => (pen.rect(x, y, w, h), pen.stroke())),
    clip() {
      const id = `clip${defs.length}`;
      defs.push(`<clipPath id="${id}"><path d="${path}"/></clipPath>`);
      out.push(`<g clip-path="url(#${id})">`);
      groups += 1;
    },
    /** @param {number[]} lengths */
    setLineDash: (lengths) => void (dash = [...lengths]),
    getLineDash: () => [...dash],
    /** @param {number} x0 @param {number} y0 @param {number} x1 @param {number} y1 @returns {Ramp} */
    createLinearGradient(x0, y0, x1, y1) {
      /** @type {[number, string][]} */
      const stops = [];
      return { x0, y0, x1, y1, stops, addColorStop: (at, colour) => void stops.push([at, colour]) };
    },

    /** @param {string} text @param {number} x @param {number} y */
    fillText: (text, x, y) => write(text, x, y, { fill: pen.fillStyle }),
    /** @param {string} text @param {number} x @param {number} y */
    strokeText: (text, x, y) => write(text, x, y, { stroke: pen.strokeStyle }),
    /** @param {string} text */
    measureText: (text) => ({ width: how.measure(text, pen.font) }),

    /** @param {unknown} image @param {number[]} at  where it goes, or from where to where */
    drawImage(image, ...at) {
      const whole = how.pixels(image);
      const given = at.length === 8 ? at : [0, 0, whole.width, whole.height, at[0], at[1], at[2] ?? whole.width, at[3] ?? whole.height];
      const [left, top] = [Math.round(given[0]), Math.round(given[1])];
      const part = cropped(whole, left, top, Math.max(1, Math.round(given[2])), Math.max(1, Math.round(given[3])));
      const [, , , , x, y, w, h] = given;
      const cells = times(matrix, [w / part.width, 0, 0, h / part.height, x, y]);
      const place = `transform="matrix(${cells.map((value) => fixed(value, 5)).join(" ")})"`;
      if (part.width * part.height <= VECTORS) return void out.push(`<g ${place}${faint()} shape-rendering="crispEdges">${squares(part)}</g>`);
      const sharp = pen.imageSmoothingEnabled ? "" : ' image-rendering="pixelated"';
      out.push(`<image ${place}${faint()}${sharp} width="${part.width}" height="${part.height}" href="${pngUrl(part)}"/>`);
    },
  };

  /** @param {string} command @param {...number} points x and y in turn */
  function add(command, ...points) {
    path += command;
    for (let k = 0; k < points.length; k += 2) {
      [lastX, lastY] = onPage(points[k], points[k + 1]);
      path += `${k ? " " : ""}${fixed(lastX)} ${fixed(lastY)}`;
    }
  }

  /** @param {number} x @param {number} y */
  const onPage = (x, y) => [matrix[0] * x + matrix[2] * y + matrix[4], matrix[1] * x + matrix[3] * y + matrix[5]];

  /** A rectangle leaves the path alone. @param {() => void} draw */
  function aside(draw) {
    const before = path;
    path = "";
    draw();
    path = before;
  }

  const faint = () => (pen.globalAlpha < 1 ? ` opacity="${fixed(pen.globalAlpha)}"` : "");

  /** @param {{fill?: Paint, stroke?: Paint}} with_ */
  function paints({ fill, stroke }) {
    const classes = [fill && classOf("f", fill), stroke && classOf("s", stroke)].filter(Boolean).join(" ");
    const parts = [classes && ` class="${classes}"`, fill ? painted("fill", fill) : stroke ? ' fill="none"' : ""];
    if (stroke) {
      const scale = Math.sqrt(Math.abs(matrix[0] * matrix[3] - matrix[1] * matrix[2]));
      parts.push(painted("stroke", stroke), ` stroke-width="${fixed(pen.lineWidth * scale)}"`);
      if (pen.lineJoin !== "miter") parts.push(` stroke-linejoin="${pen.lineJoin}"`);
      if (pen.lineCap !== "butt") parts.push(` stroke-linecap="${pen.lineCap}"`);
      if (dash.length) parts.push(` stroke-dasharray="${dash.join(" ")}"`);
      if (dash.length && pen.lineDashOffset) parts.push(` stroke-dashoffset="${fixed(pen.lineDashOffset)}"`);
    }
    return parts.join("") + faint();
  }

  /** @param {string} kind @param {Paint} paint */
  const classOf = (kind, paint) => (typeof paint === "string" && how.classes?.[paint] ? `${kind}-${how.classes[paint]}` : "");

  /** @param {"fill" | "stroke"} what @param {Paint} paint */
  function painted(what, paint) {
    if (typeof paint !== "string") return ` ${what}="url(#${rampOf(paint)})"`;
    const { colour, opacity } = plainColour(paint);
    return ` ${what}="${colour}"${opacity < 1 ? ` ${what}-opacity="${fixed(opacity)}"` : ""}`;
  }

  /** @param {Ramp} ramp */
  function rampOf({ x0, y0, x1, y1, stops }) {
    const [[ax, ay], [bx, by]] = [onPage(x0, y0), onPage(x1, y1)];
    const inner = stops.map(([at, colour]) => `<stop offset="${fixed(at, 4)}" stop-color="${plainColour(colour).colour}"/>`).join("");
    const text = ` gradientUnits="userSpaceOnUse" x1="${fixed(ax)}" y1="${fixed(ay)}" x2="${fixed(bx)}" y2="${fixed(by)}">${inner}</linearGradient>`;
    const id = ramps.get(text) ?? `ramp${ramps.size}`;
    if (!ramps.has(text)) defs.push(`<linearGradient id="${id}"${text}`);
    ramps.set(text, id);
    return id;
  }

  /** @param {string} d @param {{fill?: Paint, stroke?: Paint}} with_ */
  function shape(d, with_) {
    if (d) out.push(`<path${paints(with_)} d="${d}"/>`);
  }

  /** @param {string} text @param {number} x @param {number} y @param {{fill?: Paint, stroke?: Paint}} with_ */
  function write(text, x, y, with_) {
    const { weight, size, family } = fontOf(pen.font);
    const down = pen.textBaseline === "middle" ? 0.35 * size : pen.textBaseline === "top" ? 0.8 * size : pen.textBaseline === "bottom" ? -0.2 * size : 0;
    const straight = matrix[0] === 1 && matrix[1] === 0 && matrix[2] === 0 && matrix[3] === 1;
    const [px, py] = straight ? [x + matrix[4], y + matrix[5]] : [x, y];
    const anchor = { center: "middle", right: "end", end: "end" }[pen.textAlign];
    const turned = straight ? "" : ` transform="matrix(${matrix.map((value) => fixed(value, 4)).join(" ")})"`;
    const attributes = `${paints(with_)} x="${fixed(px)}" y="${fixed(py + down)}" font-size="${size}"${weight ? ` font-weight="${weight}"` : ""}${anchor ? ` text-anchor="${anchor}"` : ""}${turned}${family === how.family?.replace(/\s+/g, " ") ? "" : ` font-family="${escaped(family)}"`}`;
    out.push(`<text${attributes}>${escaped(text)}</text>`);
  }

  return {
    ctx: /** @type {CanvasRenderingContext2D} */ (/** @type {unknown} */ (pen)),
    body: () => `${defs.length ? `<defs>\n${defs.join("\n")}\n</defs>\n` : ""}${out.join("\n")}${"</g>".repeat(groups)}`,
  };
}

/** "600 14px ui-monospace, monospace" taken apart. @param {string} font */
function fontOf(font) {
  const match = /^(?:(\d+|bold) )?([\d.]+)px (.+)$/s.exec(font);
  if (!match) throw new Error(`a font that the pen cannot read: ${font}`);
  return { weight: match[1] ?? "", size: Number(match[2]), family: match[3].replace(/\s+/g, " ") };
}

/** Cells of one colour in one path, neighbours in one piece. @param {Pixels} pixels */
function squares({ width, height, bytes }) {
  /** @type {Map<string, string>} */
  const paths = new Map();
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; ) {
      const colour = hex(bytes[at], bytes[at + 1], bytes[at + 2]);
      const from = x;
      do {
        x += 1;
        at += 4;
      } while (x < width && hex(bytes[at], bytes[at + 1], bytes[at + 2]) === colour);
      paths.set(colour, `${paths.get(colour) ?? ""}M${from} ${y}h${x - from}v1h${from - x}z`);
    }
  }
  return [...paths].map(([colour, d]) => `<path fill="${colour}" d="${d}"/>`).join("");
}

/** @param {Pixels} pixels @param {number} left @param {number} top @param {number} width @param {number} height @returns {Pixels} */
function cropped(pixels, left, top, width, height) {
  if (left === 0 && top === 0 && width === pixels.width && height === pixels.height) return pixels;
  const bytes = new Uint8ClampedArray(4 * width * height);
  for (let y = 0; y < height; y++) {
    const from = 4 * ((top + y) * pixels.width + left);
    bytes.set(pixels.bytes.subarray(from, from + 4 * width), 4 * y * width);
  }
  return { width, height, bytes };
}

/** "rgb(20 24 32 / 0.2)" as every reader of SVG knows it; other colours as they are. @param {string} colour */
function plainColour(colour) {
  const match = /^rgba?\(\s*(\d+)[\s,]+(\d+)[\s,]+(\d+)(?:\s*[/,]\s*([\d.]+))?\s*\)$/.exec(colour);
  if (!match) return { colour, opacity: 1 };
  return { colour: hex(Number(match[1]), Number(match[2]), Number(match[3])), opacity: match[4] === undefined ? 1 : Number(match[4]) };
}

/** @param {...number} bytes */
const hex = (...bytes) => `#${bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;

/** @param {Matrix} a @param {number[]} b @returns {Matrix} first b, then a */
const times = ([a, b, c, d, e, f], [g, h, i, j, k, l]) => [a * g + c * h, b * g + d * h, a * i + c * j, b * i + d * j, a * k + c * l + e, b * k + d * l + f];

/** Rounded, without a negative zero. @param {number} value @param {number} [digits] */
const fixed = (value, digits = 2) => String(Math.round(value * 10 ** digits) / 10 ** digits + 0);

const ESCAPES = /** @type {Record<string, string>} */ ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" });
/** Text for an element or an attribute; what XML does not allow at all is left out. @param {string} text */
export const escaped = (text) => text.replace(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, "").replace(/[&<>"]/g, (letter) => ESCAPES[letter]);

// The pen that writes SVG, call by call, and the small PNG it puts large faces into.
import assert from "node:assert/strict";
import { test } from "node:test";
import { inflateSync } from "node:zlib";
import { png, pngUrl } from "../../static/js/core/png.js";
import { createPen, escaped } from "../../static/js/scene/svg.js";

/** @param {number} width @param {number} height @param {(x: number, y: number) => number[]} at */
function pixels(width, height, at) {
  const bytes = new Uint8ClampedArray(4 * width * height);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) bytes.set([...at(x, y), 255], 4 * (y * width + x));
  return { width, height, bytes };
}

/** @param {(ctx: CanvasRenderingContext2D) => void} draw @param {object} [how] */
function drawn(draw, how = {}) {
  const pen = createPen({ measure: (text) => 7 * text.length, pixels: (image) => /** @type {import("../../static/js/core/png.js").Pixels} */ (image), ...how });
  draw(pen.ctx);
  return pen.body();
}

/** What a reader of PNG sees: the header's fields and every pixel's bytes. @param {Uint8Array} file */
function read(file) {
  assert.deepEqual([...file.subarray(0, 8)], [137, 80, 78, 71, 13, 10, 26, 10]);
  const view = new DataView(file.buffer);
  /** @type {Record<string, Uint8Array>} */
  const chunks = {};
  for (let at = 8; at < file.length; at += 12 + view.getUint32(at)) chunks[String.fromCharCode(...file.subarray(at + 4, at + 8))] = file.subarray(at + 8, at + 8 + view.getUint32(at));
  const head = new DataView(chunks.IHDR.slice().buffer);
  const [width, height, kind] = [head.getUint32(0), head.getUint32(4), chunks.IHDR[9]];
  const raw = inflateSync(chunks.IDAT); // checks the sum behind the data
  const step = kind === 3 ? 1 : 3;
  const colours = [];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = y * (1 + width * step) + 1 + x * step;
      colours.push(kind === 3 ? [...chunks.PLTE.subarray(3 * raw[at], 3 * raw[at] + 3)] : [...raw.subarray(at, at + 3)]);
    }
  }
  return { width, height, kind, colours };
}

test("a PNG of few colours has one byte a pixel, one of many has three, and both read back", () => {
  const few = pixels(5, 3, (x, y) => [10 * x, 20 * y, 7]);
  const many = pixels(300, 220, (x, y) => [x & 255, y, x >> 8]); // more than one stored block
  for (const [image, kind] of /** @type {const} */ ([[few, 3], [many, 2]])) {
    const found = read(png(image));
    assert.deepEqual([found.width, found.height, found.kind], [image.width, image.height, kind]);
    found.colours.forEach((colour, k) => assert.deepEqual(colour, [...image.bytes.subarray(4 * k, 4 * k + 3)]));
  }
  assert.match(pngUrl(few), /^data:image\/png;base64,iVBORw0KGgo/);
});

test("points are put on the page by the matrix that holds when they are drawn", () => {
  const body = drawn((ctx) => {
    ctx.save();
    ctx.translate(10, 20);
    ctx.scale(2, 2);
    ctx.beginPath();
    ctx.moveTo(1, 1);
    ctx.lineTo(2, 1);
    ctx.closePath();
    ctx.restore();
    ctx.fillStyle = "rgb(20 24 32 / 0.5)";
    ctx.fill();
  });
  assert.equal(body, '<path fill="#141820" fill-opacity="0.5" d="M12 22L14 22Z"/>');
});

test("a full circle, a part of one and a rounded box are closed by curves that meet", () => {
  const circle = drawn((ctx) => {
    ctx.beginPath();
    ctx.arc(10, 10, 5, 0, 2 * Math.PI);
    ctx.fill();
  });
  assert.match(circle, /d="M15 10C15 12\.76 12\.76 15 10 15C.*15 10"/);
  const half = drawn((ctx) => {
    ctx.beginPath();
    ctx.arc(0, 0, 10, 0, Math.PI, true);
    ctx.stroke();
  });
  assert.match(half, /^<path fill="none" stroke="#000000" stroke-width="1" d="M10 0C10 -5\.52 .* -10 0"\/>$/);
  assert.match(drawn((ctx) => (ctx.beginPath(), ctx.roundRect(0, 0, 20, 10, 2), ctx.fill())), /d="M2 0L18 0C.*Z"/);
});

test("what is clipped is clipped until it is restored, and no longer", () => {
  const body = drawn((ctx) => {
    ctx.save();
    ctx.beginPath();
    ctx.rect(0, 0, 4, 4);
    ctx.clip();
    ctx.fillRect(0, 0, 9, 9);
    ctx.restore();
    ctx.fillRect(1, 1, 2, 2);
  });
  assert.match(body, /<clipPath id="clip0"><path d="M0 0L4 0L4 4L0 4Z"\/><\/clipPath>/);
  assert.match(body, /<g clip-path="url\(#clip0\)">\n<path [^>]*\/>\n<\/g>\n<path [^>]*d="M1 1L3 1L3 3L1 3Z"\/>$/);
});

test("text stands in the middle of its line, in its font, and cannot end its element", () => {
  const body = drawn((ctx) => {
    ctx.font = "600 14px ui-monospace, monospace";
    ctx.textBaseline = "middle";
    ctx.textAlign = "center";
    ctx.fillText('<script>"&\u0000', 10, 20);
  });
  assert.equal(body, '<text fill="#000000" x="10" y="24.9" font-size="14" font-weight="600" text-anchor="middle" font-family="ui-monospace, monospace">&lt;script&gt;&quot;&amp;</text>');
  assert.equal(escaped("a\u0007b\ud800c😀"), "abc😀");
});

test("a small face is cells that stay sharp, a large one is one picture, a part shows just that part", () => {
  const image = pixels(3, 2, (x) => (x < 2 ? [255, 0, 0] : [0, 0, 255]));
  const small = drawn((ctx) => {
    ctx.transform(30, 3, 0, 20, 5, 5);
    ctx.drawImage(/** @type {HTMLCanvasElement} */ (/** @type {unknown} */ (image)), 0, 0, 3, 2, 0, 0, 1, 1);
  });
  assert.equal(small, '<g transform="matrix(10 1 0 10 5 5)" shape-rendering="crispEdges"><path fill="#ff0000" d="M0 0h2v1h-2zM0 1h2v1h-2z"/><path fill="#0000ff" d="M2 0h1v1h-1zM2 1h1v1h-1z"/></g>');
  const part = drawn((ctx) => ctx.drawImage(/** @type {HTMLCanvasElement} */ (/** @type {unknown} */ (image)), 2, 1, 1, 1, 0, 0, 8, 8));
  assert.equal(part, '<g transform="matrix(8 0 0 8 0 0)" shape-rendering="crispEdges"><path fill="#0000ff" d="M0 0h1v1h-1z"/></g>');
  const large = drawn((ctx) => {
    ctx.imageSmoothingEnabled = false;
    ctx.drawImage(/** @type {HTMLCanvasElement} */ (/** @type {unknown} */ (pixels(40, 40, (x, y) => [x, y, 0]))), 0, 0);
  });
  assert.match(large, /^<image transform="matrix\(1 0 0 1 0 0\)" image-rendering="pixelated" width="40" height="40" href="data:image\/png;base64,/);
});

test("a ramp keeps its stops, dashes and faintness are kept, and classes follow the palette", () => {
  const body = drawn((ctx) => {
    const ramp = ctx.createLinearGradient(0, 0, 10, 0);
    ramp.addColorStop(0, "rgb(1 2 3)");
    ramp.addColorStop(1, "#ffffff");
    ctx.fillStyle = ramp;
    ctx.fillRect(0, 0, 10, 2);
    ctx.globalAlpha = 0.5;
    ctx.setLineDash([5, 3]);
    ctx.strokeStyle = "#1c1e21";
    ctx.strokeRect(0, 0, 1, 1);
  }, { classes: { "#1c1e21": "ink" } });
  assert.match(body, /<linearGradient id="ramp0" gradientUnits="userSpaceOnUse" x1="0" y1="0" x2="10" y2="0"><stop offset="0" stop-color="#010203"\/><stop offset="1" stop-color="#ffffff"\/>/);
  assert.match(body, /fill="url\(#ramp0\)"/);
  assert.match(body, /class="s-ink" fill="none" stroke="#1c1e21" stroke-width="1" stroke-dasharray="5 3" opacity="0.5"/);
});

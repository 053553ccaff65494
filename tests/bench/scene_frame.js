// Times the scene's own drawing while it turns, beside a bare canvas that draws three images of the same size.

import { scalesOf } from "/static/js/core/colour.js";
import { createSay } from "/static/js/core/i18n.js";
import { createTensors } from "/static/js/core/tensors.js";
import { arrange, paletteOf } from "/static/js/scene/arrange.js";
import { createBitmaps } from "/static/js/scene/bitmaps.js";
import { blocksOf } from "/static/js/scene/blocks.js";
import { drawScene } from "/static/js/scene/draw.js";
import { linksOf } from "/static/js/scene/ends.js";
import { drawLegend } from "/static/js/scene/legend.js";
import { viewOf } from "/static/js/scene/projection.js";

const WIDTH = 1032; // px, the scene's on a page of 1440

/** A trace in shape only: input (N, T, F) into a recurrent module of H, its output and final states. */
function traceOf(N, T, F, H) {
  const info = (shape, axes) => ({ shape, axes, dtype: "float32", min: -1, max: 1, mean: 0 });
  const ends = [{ index: 0, layer: 0, direction: "forward", step: Array(N).fill(T - 1) }];
  return {
    stages: [{ name: "rnn", op: "LSTM", inputs: ["input"], outputs: ["output", "h_n", "c_n"] }],
    tensors: {
      input: info([N, T, F], ["N", "T", "F"]),
      output: info([N, T, H], ["N", "T", "H"]),
      h_n: info([1, N, H], ["L·D", "N", "H"]),
      c_n: info([1, N, H], ["L·D", "N", "H"]),
    },
    positions: { output: [{ layer: 0, direction: "forward", step: "every", features: [0, H] }], h_n: ends, c_n: ends },
  };
}

/** Smooth made-up numbers: this page times drawing and shows nobody anything. */
async function read(tensors, name, index) {
  const { shape } = tensors[name];
  const count = index.split(",").reduce((product, item, axis) => product * (item === ":" ? shape[axis] : 1), 1);
  return { shape: [], data: Float32Array.from({ length: count }, (_, k) => Math.sin(k * 0.37)) };
}

/** A frame is over when its pixels are there: reading one back waits for the raster. */
function timed(ctx, draw) {
  const start = performance.now();
  draw();
  ctx.getImageData(0, 0, 1, 1);
  return performance.now() - start;
}

const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1];

async function measure(N, T, F, H, frames = 120) {
  const trace = traceOf(N, T, F, H);
  const blocks = blocksOf(trace);
  const scales = scalesOf(trace.tensors);
  const palette = paletteOf(getComputedStyle(document.documentElement));
  const say = createSay(await (await fetch("/static/i18n/en.json")).json());
  const ours = document.querySelector("#ours").getContext("2d");
  const { layout, legend } = arrange(trace, blocks, scales, { width: WIDTH, zoom: 1, ratio: 1, say, palette, ctx: ours });
  Object.assign(ours.canvas, { width: WIDTH, height: Math.ceil(layout.bottom + legend.height + 8) });
  const tensors = createTensors(trace, (name, index) => read(trace.tensors, name, index));
  const bitmaps = createBitmaps(() => tensors, () => {});
  const frame = (yaw, t = T >> 1) => {
    drawScene(ours, {
      layout, view: viewOf({ yaw, pitch: 0.42 }), t, n: 0, marked: [], nowText: `t = ${t}`, word: "", links: linksOf(trace, 0), scales, palette, ratio: 1,
      bitmaps, value: () => null, modules: { rnn: { layers: 1, both: false, cell: "nn.LSTM", sizes: `${F} → ${H}` } },
    });
    drawLegend(ours, legend.items, palette);
  };
  for (let k = 0; k < 40; k++) {
    frame(0.5);
    await new Promise((done) => setTimeout(done, 5)); // until every face has been read
  }

  const bare = document.querySelector("#bare").getContext("2d");
  Object.assign(bare.canvas, { width: ours.canvas.width, height: ours.canvas.height });
  const { room } = layout.placed.find(({ block }) => block.name === "output");
  const images = [[H, T], [H, N], [T, N]].map(([width, height]) => Object.assign(document.createElement("canvas"), { width: Math.min(width, 176), height: Math.min(height, 176) }));
  for (const image of images) image.getContext("2d").fillRect(0, 0, image.width, image.height);
  const three = (yaw) => {
    bare.setTransform(1, 0, 0, 1, 0, 0);
    bare.clearRect(0, 0, bare.canvas.width, bare.canvas.height);
    for (const [k, image] of images.entries()) {
      bare.setTransform(room.w * 0.6, yaw * 40, k * 10 * yaw, room.h * 0.6, room.x, room.y);
      bare.drawImage(image, 0, 0, 1, 1);
    }
  };

  const times = { ours: [], bare: [], step: [] };
  for (let k = 0; k < frames; k++) {
    const yaw = 0.6 * Math.sin(k * 0.1);
    times.ours.push(timed(ours, () => frame(yaw)));
    times.bare.push(timed(bare, () => three(yaw)));
    if (k % 8 === 0) await new Promise(requestAnimationFrame);
  }
  return { ours: median(times.ours), bare: median(times.bare) };
}

window.addEventListener("message", async ({ data }) => {
  window.frameTimes = await measure(...data);
});
document.documentElement.dataset.ready = "";

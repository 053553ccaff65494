// Times the scene's own drawing of one run, beside a bare canvas that draws three images and beside Plotly's mesh3d of the same cube.

import { scalesOf } from "/static/js/core/colour.js";
import { createSay } from "/static/js/core/i18n.js";
import { createTensors } from "/static/js/core/tensors.js";
import { arrange, paletteOf } from "/static/js/scene/arrange.js";
import { createBitmaps } from "/static/js/scene/bitmaps.js";
import { blocksOf } from "/static/js/scene/blocks.js";
import { createCamera } from "/static/js/scene/camera.js";
import { drawScene } from "/static/js/scene/draw.js";
import { frameOf } from "/static/js/scene/frame.js";
import { drawLegend } from "/static/js/scene/legend.js";
import { pick } from "/static/js/scene/pick.js";
import { STILL, askedOf, posed } from "/static/js/scene/posed.js";
import { viewOf } from "/static/js/scene/projection.js";
import { plotlyTimes } from "./scene_plotly.js";

const WIDTH = 1032; // px, the scene's on a page of 1440
const POSES = ["cut", "pull", "apart", "flat"];

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
    request: { model: { cell: "lstm", input_size: F, hidden_size: H, num_layers: 1, bidirectional: false, proj_size: 0, batch_first: true } },
    positions: { output: [{ layer: 0, direction: "forward", step: "every", features: [0, H] }], h_n: ends, c_n: ends },
    text: null,
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

export const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1];
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

async function measure({ size: [N, T, F, H], frames = 90, plotly = false }) {
  const trace = traceOf(N, T, F, H);
  const palette = paletteOf(getComputedStyle(document.documentElement));
  const say = createSay(await (await fetch("/static/i18n/en.json")).json());
  const ours = document.querySelector("#ours").getContext("2d");
  const tensors = createTensors(trace, (name, index) => read(trace.tensors, name, index));
  const camera = createCamera(() => {});
  const state = { trace, t: T >> 1, n: 0, unit: 0, cut: "T", pose: "cut", cursor: null, pinned: null, explained: null, row: "l0", lang: "en", theme: "light" };

  function begun() {
    const blocks = blocksOf(trace);
    const scales = scalesOf(trace.tensors);
    const { layout, legend } = arrange(trace, blocks, scales, { width: WIDTH, zoom: 1, ratio: 1, say, palette, ctx: ours });
    const height = Math.ceil(layout.bottom + legend.height + 8);
    if (ours.canvas.height !== height) Object.assign(ours.canvas, { width: WIDTH, height });
    return { layout, legend, scales, bitmaps: createBitmaps(() => tensors, () => {}) };
  }
  let scene = begun();
  let shown = scene.layout;
  /** What one frame of the page does. */
  const frame = (yaw, more = {}) => {
    const now = { ...state, ...more };
    shown = posed(scene.layout, askedOf(now), STILL, { say, ended: () => null });
    camera.turnTo({ yaw, pitch: 0.42 });
    drawScene(ours, frameOf(now, camera, { say, tensors }, { layout: shown, scales: scene.scales, palette, ratio: 1, bitmaps: scene.bitmaps }));
    drawLegend(ours, scene.legend.items, palette);
  };
  const settle = async (more) => {
    for (let k = 0; k < 100; k++) {
      frame(0.5, more);
      await pause(3); // until every face has been read
    }
  };
  await settle({});

  const bare = document.querySelector("#bare").getContext("2d");
  Object.assign(bare.canvas, { width: ours.canvas.width, height: ours.canvas.height });
  const { room } = scene.layout.placed.find(({ block }) => block.name === "output");
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

  const times = { turning: [], bare: [], slice: [], hover: [], first: [] };
  for (let k = 0; k < frames; k++) {
    const yaw = 0.6 * Math.sin(k * 0.1);
    times.turning.push(timed(ours, () => frame(yaw)));
    times.bare.push(timed(bare, () => three(yaw)));
    times.hover.push(timed(ours, () => {
      const cursor = pick(shown.placed, viewOf(camera.turn), state.t, [room.x + (room.w * (k % 19)) / 19, room.y + (room.h * (k % 7)) / 7]);
      frame(yaw, { cursor });
    }));
    if (k % 8 === 0) await pause(0);
  }
  for (let t = 1; t < Math.min(T - 1, 40); t++) {
    for (const name of ["input", "output"]) for (const at of [t, t + 1]) await tensors.slice(name, [null, at, null]); // as if the server had answered
    times.slice.push(timed(ours, () => frame(0.5, { t })));
  }
  for (let k = 0; k < 9; k++) {
    times.first.push(timed(ours, () => {
      scene = begun(); // blocks, layout and every picture anew, out of numbers that are there
      frame(0.5);
    }));
  }
  const found = Object.fromEntries(Object.entries(times).map(([name, all]) => [name, median(all)]));
  for (const pose of POSES) {
    await settle({ pose });
    found[pose] = median(Array.from({ length: 25 }, (_, k) => timed(ours, () => frame(0.6 * Math.sin(k * 0.3), { pose }))));
  }
  if (plotly) found.plotly = await plotlyTimes(N, T, H);
  return found;
}

window.addEventListener("message", async ({ data }) => {
  window.frameTimes = await measure(data);
});
document.documentElement.dataset.ready = "";

// The golden scenes: what the drawing must satisfy whatever it looks like, and that it is what stands in static/gallery.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { facesOf, partOf, pointOf, slabsOf } from "../../static/js/scene/faces.js";
import { GALLERY, LANGS, TOP, measure, runs, sceneOf, sayOf } from "./golden_scenes.js";

/** @typedef {import("../../static/js/scene/layout.js").Placed} Placed */

const WIDTHS = [1408, 1040, 736, 358];
const RUNS = runs();
const EM = { name: 14, shape: 12.5, op: 11.5, cell: 11.5, axis: 11.75, note: 11.75 };

/** @param {import("../../static/js/scene/layout.js").Label} label */
function boxOf({ text, x, y, role, align }) {
  const w = measure(text, `${EM[role]}px ${["axis", "note"].includes(role) ? "sans-serif" : "monospace"}`);
  const left = align === "left" ? x : align === "right" ? x - w : x - w / 2;
  return { text, left, right: left + w, top: y - 7, bottom: y + 7 };
}

/** @param {{left: number, right: number, top: number, bottom: number}} a @param {{left: number, right: number, top: number, bottom: number}} b */
const apart = (a, b) => a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;

test("every golden scene is drawn byte for byte as it stands in static/gallery (if that is meant: make golden)", () => {
  const files = readdirSync(GALLERY).filter((name) => name.endsWith(".svg")).sort();
  assert.deepEqual(files, RUNS.flatMap(({ key }) => LANGS.map((lang) => `${key}.${lang}.svg`)).sort());
  const changed = [];
  for (const run of RUNS) {
    for (const lang of LANGS) {
      const name = `${run.key}.${lang}.svg`;
      if (sceneOf(run, lang).svg() !== readFileSync(new URL(name, GALLERY), "utf8")) changed.push(name);
    }
  }
  assert.deepEqual(changed, [], "these are drawn otherwise now; look at them, then `make golden`");
});

test("a drawing says what it shows, in its language, and is drawn with every number there", () => {
  for (const run of RUNS) {
    for (const lang of LANGS) {
      const svg = sceneOf(run, lang).svg();
      const say = sayOf(lang);
      assert.ok(svg.includes(`<title id="title">${say(`gallery.${run.key}.title`)}</title>`));
      for (const wrong of ["NaN", "undefined", "Infinity", "gallery.", "scene.", "-0 ", "<script"]) assert.ok(!svg.includes(wrong), `${run.key}: ${wrong}`);
      for (const name of Object.keys(run.trace.tensors).filter((tensor) => ["output", "h_n", "prediction"].includes(tensor))) assert.ok(svg.includes(`>${name}`), `${run.key}: ${name}`);
    }
  }
});

for (const run of RUNS) {
  test(`blocks and words keep apart and inside the view: ${run.key}`, () => {
    for (const lang of LANGS) {
      for (const width of WIDTHS) {
        const { shot } = sceneOf(run, lang, width);
        const { placed, arrows } = shot.scene.layout;
        const words = [...placed.flatMap(({ labels }) => labels), ...arrows.flatMap(({ labels }) => labels)].map(boxOf);
        const rooms = placed.map(({ block, room: { x, y, w, h } }) => ({ text: block.name, left: x, right: x + w, top: y, bottom: y + h }));
        const all = [...words, ...rooms];
        for (const [k, a] of all.entries()) {
          assert.ok(a.left >= 0 && a.right <= width && a.top >= 0 && a.bottom <= shot.height, `${lang} ${width}: ${a.text} leaves the view`);
          for (const b of all.slice(k + 1)) assert.ok(apart(a, b), `${lang} ${width}: ${a.text} lies on ${b.text}`);
        }
        for (const { x, w, y } of shot.legend) assert.ok(x >= 0 && x + w <= width && y > shot.scene.layout.bottom && y < shot.height);
      }
    }
  });

  test(`every face lies in the room of its block: ${run.key}`, () => {
    const { shot } = sceneOf(run, "en");
    for (const box of shot.scene.layout.placed) {
      for (const { origin: [x, y], along, down } of facesOf(box, shot.scene.view, shot.scene.t)) {
        for (const [dx, dy] of [[0, 0], along, down, [along[0] + down[0], along[1] + down[1]]]) {
          const { room } = box;
          assert.ok(x + dx > room.x - 1 && x + dx < room.x + room.w + 1 && y + dy > room.y - 1 && y + dy < room.y + room.h + 1, box.block.name);
        }
      }
    }
  });

  test(`h_n is the ends of the rows it is lifted from, in number and in place: ${run.key}`, () => {
    const { trace, shot } = sceneOf(run, "en");
    const { scene } = shot;
    const [output, ends] = ["output", "h_n"].map((name) => /** @type {Placed} */ (scene.layout.placed.find(({ block }) => block.name === name)));
    const top = trace.positions.output;
    assert.equal(slabsOf(ends, scene.t).length, trace.positions.h_n.length);
    assert.ok(scene.links.length === top.length);
    for (const { layer, direction, features } of top) {
      const end = /** @type {import("../../static/js/types.js").FinalPosition} */ (trace.positions.h_n.find((row) => row.layer === layer && row.direction === direction));
      const { axes } = trace.tensors.output;
      // a link ends where that row of h_n is drawn, and starts in output's slice of the very step and features
      const link = scene.links.find(({ row }) => row === end.index);
      assert.ok(link);
      assert.deepEqual(link.ranges.at(-1), features);
      assert.deepEqual(link.ranges[axes.indexOf("T")], [end.step[run.n], end.step[run.n] + 1]);
      const faces = facesOf(output, scene.view, scene.t);
      assert.ok(faces.some((face) => partOf(face, link.ranges)), "the slice is in sight");
      const row = facesOf(ends, scene.view, scene.t).filter((face) => partOf(face, ends.block.shape.map((_, axis) => (axis === 0 ? [end.index, end.index + 1] : null))));
      const [px, py] = pointOf(ends, scene.view, scene.t, [end.index, 0, 0]);
      const near = row.some(({ origin, along, down }) => [[0, 0], along, down, [along[0] + down[0], along[1] + down[1]]].some(([dx, dy]) => Math.hypot(origin[0] + dx - px, origin[1] + dy - py) < 1e-6));
      assert.ok(near, "the link ends at a corner of its row");
      for (const [n, step] of end.step.entries()) {
        for (let unit = features[0]; unit < features[1]; unit++) {
          const at = axes.map((axis) => (axis === "N" ? n : axis === "T" ? step : unit));
          assert.equal(scene.value("output", at), scene.value("h_n", [end.index, n, unit - features[0]]));
        }
      }
    }
  });
}

test("the golden scenes cover what they are meant to cover", () => {
  const asked = RUNS.map(({ trace }) => trace.request);
  assert.ok(RUNS.length >= 12);
  assert.deepEqual([...new Set(asked.flatMap(({ head }) => head?.reads ?? []))].sort(), ["every_step", "h_n", "last_step", "mean"]);
  assert.deepEqual([...new Set(asked.map(({ model }) => model.cell))].sort(), ["gru", "lstm", "rnn"]);
  for (const has of /** @type {((request: typeof asked[0]) => boolean)[]} */ ([
    ({ model }) => model.bidirectional && model.num_layers > 1,
    ({ model }) => model.proj_size > 0,
    ({ model }) => !model.batch_first,
    ({ packed }) => packed === true,
    ({ input }) => Boolean(input.decode),
    ({ loss }) => Boolean(loss),
  ])) assert.ok(asked.some(has), String(has));
  assert.ok(RUNS.some(({ trace }) => trace.encoder));
});

test("the drawing does whatever the scene asks of a canvas", async () => {
  const { createPen } = await import("../../static/js/scene/svg.js");
  const { ctx } = createPen({ measure, pixels: () => ({ width: 0, height: 0, bytes: new Uint8ClampedArray() }) });
  const folder = new URL("static/js/scene/", TOP);
  const asked = new Set(readdirSync(folder).flatMap((name) => (name.endsWith(".js") && name !== "picture.js" ? [...readFileSync(new URL(name, folder), "utf8").matchAll(/\bctx\.(\w+)/g)].map(([, what]) => what) : [])));
  assert.ok(asked.size > 20);
  assert.deepEqual([...asked].filter((what) => !(what in ctx)), []);
});

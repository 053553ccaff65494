// The scene's layout: every block and word in its place, for every configuration, width and language.
import assert from "node:assert/strict";
import { test } from "node:test";
import { blockOf, blocksOf, worldAxes } from "../../static/js/scene/blocks.js";
import { equalsText, linksOf } from "../../static/js/scene/ends.js";
import { layout, shapeText, shownRows } from "../../static/js/scene/layout.js";
import { entriesOf, legendLayout } from "../../static/js/scene/legend.js";
import { lengthsOf } from "../../static/js/scene/sizes.js";
import { scalesOf } from "../../static/js/core/colour.js";
import { MANY, measure, sayer, traceOf } from "./scene_fixtures.js";

const WIDTHS = [1408, 1032, 992, 736, 358, 328];

/** @param {Parameters<typeof traceOf>[0]} of @param {number} width @param {import("../../static/js/types.js").Say} say */
function laidOut(of, width, say) {
  const trace = traceOf(of);
  const blocks = blocksOf(trace);
  const how = { width, measure, say, tag: "t = 199", rowName: (/** @type {unknown} */ _, /** @type {number} */ k) => `layer ${k} →`, equals: (/** @type {{name: string}} */ block, /** @type {number} */ row) => (block.name === "h_n" ? equalsText(trace, row) : "") };
  return { trace, blocks, arranged: layout(blocks, how) };
}

/** The rectangle a label covers. @param {import("../../static/js/scene/layout.js").Label} label */
function boxOf({ text, x, y, role, align }) {
  const w = measure(text, role);
  const left = align === "left" ? x : align === "right" ? x - w : x - w / 2;
  return { text, left, right: left + w, top: y - 7, bottom: y + 7 };
}

test("the default pipeline is drawn from tokens to prediction, embedding and input as one", () => {
  const blocks = blocksOf(traceOf());
  assert.deepEqual(blocks.map(({ name }) => name), ["tokens", "embedding", "rnn", "output", "h_n", "c_n", "joined", "logits", "activated", "prediction"]);
  assert.equal(blockOf(blocks, "input")?.name, "embedding");
  assert.equal(blockOf(blocks, "joined")?.from, "h_n");
});

test("tokens that no stage made are drawn too", () => {
  const trace = traceOf();
  trace.stages.shift();
  assert.equal(blocksOf(trace)[0].name, "tokens");
});

test("the target stands beside the losses it goes into, and the loss is one number", () => {
  const blocks = blocksOf(traceOf(MANY["a loss"]));
  assert.deepEqual(blocks.slice(-5).map(({ name, from }) => [name, from]), [["prediction", "activated"], ["log_probs", "logits"], ["target", null], ["losses", "log_probs"], ["loss", "losses"]]);
  assert.deepEqual(blockOf(blocks, "loss")?.shape, []);
});

test("without a head the pipeline ends with the final states, and a GRU has no c_n", () => {
  const blocks = blocksOf(traceOf(MANY["no head, no embedding, GRU"]));
  assert.deepEqual(blocks.map(({ name }) => name), ["input", "rnn", "output", "h_n"]);
});

test("the axes follow torch's own order: first into depth, second down, last to the right", () => {
  assert.deepEqual(worldAxes({ shape: [2, 5, 8] }), [2, 1, 0]);
  assert.deepEqual(worldAxes({ shape: [2, 5] }), [1, 0, -1]);
  assert.deepEqual(worldAxes({ shape: [2] }), [0, -1, -1]);
});

test("batch_first turns exactly input and output, never h_n and c_n", () => {
  const [a, b] = [true, false].map((first) => blocksOf(traceOf({ first })));
  const cut = (/** @type {typeof a} */ blocks, /** @type {string} */ name) => blockOf(blocks, name)?.cut;
  for (const name of ["embedding", "output"]) assert.notEqual(cut(a, name), cut(b, name));
  for (const name of ["h_n", "c_n"]) assert.deepEqual(blockOf(a, name), blockOf(b, name));
});

test("axes of unequal size are drawn unequally long, and larger is longer", () => {
  for (const of of Object.values(MANY)) {
    const lengthOf = lengthsOf(blocksOf(traceOf(of)), 150);
    const sizes = [...new Set([of?.batched === false ? 1 : (of?.N ?? 2), of?.T ?? 5, of?.F ?? 8, of?.H ?? 6])].sort((x, y) => x - y);
    for (let k = 1; k < sizes.length; k++) assert.ok(lengthOf(sizes[k]) >= 1.05 * lengthOf(sizes[k - 1]), `${sizes[k - 1]} and ${sizes[k]}`);
  }
});

test("50×200×512 is compressed so that its shortest axis still reads", () => {
  const lengthOf = lengthsOf(blocksOf(traceOf(MANY.large)), 150);
  assert.ok(lengthOf(512) / lengthOf(30) < 5);
  assert.ok(lengthOf(30) > 30);
});

for (const lang of /** @type {const} */ (["en", "zh"])) {
  for (const [title, of] of Object.entries(MANY)) {
    test(`no word is cut off or lies on another: ${title}, ${lang}`, async () => {
      const say = await sayer(lang);
      for (const width of WIDTHS) {
        const { arranged } = laidOut(of, width, say);
        const words = [...arranged.placed.flatMap(({ labels }) => labels), ...arranged.arrows.flatMap(({ labels }) => labels)].map(boxOf);
        for (const [k, a] of words.entries()) {
          assert.ok(a.left >= 0 && a.right <= width, `${width}: "${a.text}" runs from ${a.left} to ${a.right}`);
          for (const b of words.slice(k + 1)) {
            assert.ok(a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top, `${width}: "${a.text}" lies on "${b.text}"`);
          }
        }
      }
    });

    test(`no block lies on another or on a word: ${title}, ${lang}`, async () => {
      const say = await sayer(lang);
      for (const width of WIDTHS) {
        const { arranged } = laidOut(of, width, say);
        const words = [...arranged.placed.flatMap(({ labels }) => labels), ...arranged.arrows.flatMap(({ labels }) => labels)].map(boxOf);
        for (const { block, room } of arranged.placed) {
          assert.ok(room.x >= 0 && room.x + room.w <= width, `${width}: ${block.name}`);
          const others = arranged.placed.filter((other) => other.block !== block).map((other) => other.room);
          for (const o of others) assert.ok(o.x + o.w <= room.x || room.x + room.w <= o.x || o.y + o.h <= room.y || room.y + room.h <= o.y, `${width}: ${block.name}`);
          for (const w of words) assert.ok(w.right <= room.x || w.left >= room.x + room.w || w.bottom <= room.y || w.top >= room.y + room.h, `${width}: "${w.text}" lies on ${block.name}`);
          assert.ok(room.y + room.h <= arranged.bottom);
        }
      }
    });
  }
}

test("every block says its shape and every one of its axes by name", async () => {
  const say = await sayer("en");
  const { arranged } = laidOut({}, 1032, say);
  const embedding = arranged.placed.find(({ block }) => block.name === "embedding");
  assert.deepEqual(embedding?.labels.map(({ text }) => text), ["embedding = input", "(2, 5, 8)", "↗ N (batch) = 2", "↓ T (time) = 5", "→ F (features) = 8"]);
});

test("the same input gives the same layout", async () => {
  const say = await sayer("en");
  assert.deepEqual(laidOut({}, 1032, say).arranged, laidOut({}, 1032, say).arranged);
});

test("the final states stand beside the output where the page is wide", async () => {
  const say = await sayer("en");
  for (const title of ["default", "two layers, both directions", "time first", "large"]) {
    const { arranged } = laidOut(MANY[title], 1032, say);
    const [output, ends] = ["output", "h_n"].map((name) => arranged.placed.find(({ block }) => block.name === name));
    assert.ok(output && ends && ends.room.x > output.room.x + output.room.w, title);
  }
});

test("each final state of the top layer names the slice of output it equals", () => {
  assert.equal(equalsText(traceOf(), 0), "output[:, -1]");
  assert.equal(equalsText(traceOf({ first: false }), 0), "output[-1]");
  const both = traceOf({ layers: 2, both: true });
  assert.deepEqual([0, 1, 2, 3].map((row) => equalsText(both, row)), ["", "", "output[:, -1, :6]", "output[:, 0, 6:]"]);
  assert.equal(equalsText(traceOf({ first: false, both: true }), 1), "output[0, :, 6:]");
});

test("the link of the forward direction leaves from the last step, that of the backward one from the first", () => {
  const [forward, backward] = linksOf(traceOf({ both: true }), 0);
  assert.deepEqual(forward.ranges, [null, [4, 5], [0, 6]]);
  assert.deepEqual(backward.ranges, [null, [0, 1], [6, 12]]);
});

test("where samples end at different steps, only the chosen sample is linked", () => {
  const trace = traceOf();
  trace.positions.h_n[0].step = [4, 2];
  assert.equal(equalsText(trace, 0), "");
  assert.deepEqual(linksOf(trace, 1)[0].ranges, [[1, 2], [2, 3], [0, 6]]);
});

test("of many final states the first and the last two are named", () => {
  assert.deepEqual(shownRows(4), [0, 1, 2, 3]);
  assert.deepEqual(shownRows(16), [0, -1, 14, 15]);
});

test("a shape is written as Python writes it", () => {
  assert.deepEqual([[2, 5, 8], [2], []].map(shapeText), ["(2, 5, 8)", "(2,)", "()"]);
});

test("the legend has one bar a quantity and stays within the width", () => {
  const trace = traceOf();
  const entries = entriesOf(blocksOf(trace), scalesOf(trace.tensors));
  assert.deepEqual(entries.map(({ names }) => names.join(" ")), ["tokens", "embedding", "output h_n joined", "c_n", "logits", "activated prediction"]);
  for (const width of WIDTHS) {
    const { items, height } = legendLayout(entries, [{ text: "a word or two", colour: "" }], width, 500, measure);
    for (const { x, w, y } of items) assert.ok(x >= 0 && x + w <= width && y > 500 && y < 500 + height);
  }
});

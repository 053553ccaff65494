// Poses of a cube: cut, pulled, apart, whole and flat stay within their room, show every cell where it is, and lead into each other.
import assert from "node:assert/strict";
import { test } from "node:test";
import { blocksOf, worldAxes } from "../../static/js/scene/blocks.js";
import { facesOf, originOf, pointOf } from "../../static/js/scene/faces.js";
import { layout } from "../../static/js/scene/layout.js";
import { sizesBeside } from "../../static/js/scene/padding.js";
import { pick } from "../../static/js/scene/pick.js";
import { between, poseOf, stairsOf } from "../../static/js/scene/pose.js";
import { posed } from "../../static/js/scene/posed.js";
import { HOME, LIMITS, project, viewOf } from "../../static/js/scene/projection.js";
import { isTurned, turning } from "../../static/js/scene/turning.js";
import { MANY, measure, sayer, traceOf } from "./scene_fixtures.js";

/** @typedef {import("../../static/js/scene/pose.js").Asked} Asked */
const FORMS = /** @type {const} */ (["cut", "pull", "apart", "whole", "flat"]);
const CUTS = /** @type {const} */ (["T", "N", "F"]);
const TURNS = [HOME, { yaw: -HOME.yaw, pitch: HOME.pitch }, { yaw: LIMITS.yaw, pitch: LIMITS.pitchHigh }, { yaw: -0.05, pitch: LIMITS.pitchLow }];
const CASES = ["default", "two layers, both directions", "time first", "large", "one of everything"];
const say = (/** @type {string} */ key) => key;
const still = { from: null, turned: false, p: 1 };

/** @param {Parameters<typeof traceOf>[0]} of */
const placedOf = (of) => layout(blocksOf(traceOf(of)), { width: 1032, measure, say, rowName: (_, k) => String(k) });
/** @param {Asked["form"]} form @param {Asked["along"]} along @param {number} at @returns {Asked} */
const asking = (form, along, at) => ({ form, along, t: at, n: at, unit: at });
/** @param {Parameters<typeof traceOf>[0]} of @param {string} name */
function cubeOf(of, name = "output") {
  const found = placedOf(of).placed.find(({ block }) => block.name === name);
  assert.ok(found);
  return found;
}
/** Every pose there is of one configuration. @param {string} title @returns {[string, Asked][]} */
const poses = (title) => FORMS.flatMap((form) => CUTS.flatMap((along) => (title === "large" ? [29] : [0, 1, 4]).map((at) => /** @type {[string, Asked]} */ ([`${title}: ${form} along ${along} at ${at}`, asking(form, along, at)]))));

for (const title of CASES) {
  test(`in every pose the cell under the point of a visible cell is that cell: ${title}`, () => {
    const arranged = placedOf(MANY[title]);
    let tried = 0;
    for (const [name, asked] of poses(title)) {
      const { placed } = posed(arranged, asked, still, { say, ended: () => null });
      for (const turn of TURNS) {
        const view = viewOf(turn);
        for (const box of placed.filter(({ block }) => block.kind === "cube")) {
          for (const { u, v, fixedAxis, fixedIndex, origin, along, down } of [facesOf(box, view, 0).at(-1) ?? assert.fail(name)]) {
            const [c, r] = [(u.to - u.from) >> 1, (v.to - v.from) >> 1];
            const [x, y] = [(c + 0.5) / (u.to - u.from), (r + 0.5) / (v.to - v.from)];
            const cell = pick(placed, view, 0, [origin[0] + x * along[0] + y * down[0], origin[1] + x * along[1] + y * down[1]]);
            const expected = box.block.shape.map((_, axis) => (axis === fixedAxis ? fixedIndex : axis === u.axis ? u.from + c : v.from + r));
            assert.deepEqual(cell, { tensor: box.block.name, index: expected }, name);
            tried++;
          }
        }
      }
    }
    assert.ok(tried > 100);
  });

  test(`in every pose and turn a cube stays in the room that the layout gave it: ${title}`, () => {
    const arranged = placedOf(MANY[title]);
    for (const [name, asked] of poses(title)) {
      const { placed } = posed(arranged, asked, still, { say, ended: () => null });
      for (const turn of TURNS) {
        for (const box of placed.filter(({ block }) => block.kind === "cube")) {
          for (const { origin, along, down } of facesOf(box, viewOf(turn), 0)) {
            for (const [u, v] of [[0, 0], [1, 0], [0, 1], [1, 1]]) {
              const [x, y] = [origin[0] + u * along[0] + v * down[0], origin[1] + u * along[1] + v * down[1]];
              const { room } = box;
              assert.ok(x > room.x - 1 && x < room.x + room.w + 1 && y > room.y - 1 && y < room.y + room.h + 1, `${name} ${box.block.name}`);
            }
          }
        }
      }
    }
  });
}

test("the pieces of every pose hold every cell once and do not reach into each other", () => {
  for (const title of CASES) {
    const placed = cubeOf(MANY[title]);
    for (const [name, asked] of poses(title)) {
      const { slabs } = poseOf(placed, asked);
      const cells = slabs.map(({ spans }) => spans.reduce((product, span, axis) => product * (span ? span[1] - span[0] : placed.block.shape[axis]), 1));
      assert.equal(cells.reduce((a, b) => a + b, 0), placed.block.shape.reduce((a, b) => a * b, 1), name);
      for (const [k, a] of slabs.entries()) {
        for (const b of slabs.slice(k + 1)) assert.ok([0, 1, 2].some((axis) => a.high[axis] <= b.low[axis] + 1e-9 || b.high[axis] <= a.low[axis] + 1e-9), name);
      }
    }
  }
});

test("flattened, row n·T + t of the sheet is where sample n has its step t", () => {
  const placed = cubeOf(MANY.default); // (2, 5, 6)
  const flat = { ...placed, pose: poseOf(placed, asking("flat", "T", 0)) };
  const view = viewOf(HOME);
  const [left, top] = pointOf(flat, view, 0, [0, 0, 0]);
  const [right, bottom] = pointOf(flat, view, 0, [1, 5, 6]);
  for (const n of [0, 1]) {
    for (const t of [0, 3, 4]) {
      const [x, y] = pointOf(flat, view, 0, [n, t, 2]);
      assert.ok(Math.abs(y - (top + ((bottom - top) * (n * 5 + t)) / 10)) < 1e-9);
      assert.ok(Math.abs(x - (left + ((right - left) * 2) / 6)) < 1e-9);
    }
  }
  for (const face of facesOf(flat, view, 0)) assert.deepEqual([face.along[1], face.down[0]], [0, 0], "a sheet in the page");
});

test("a motion begins exactly at the one pose, ends exactly at the other, and never makes a visible face vanish on its way", () => {
  const placed = cubeOf(MANY.default);
  const area = (/** @type {import("../../static/js/scene/faces.js").Face} */ { along, down }) => Math.abs(along[0] * down[1] - along[1] * down[0]);
  for (const from of FORMS) {
    for (const to of FORMS) {
      for (const along of CUTS) {
        const [a, b] = [poseOf(placed, asking(from, "T", 2)), poseOf(placed, asking(to, along, 1))];
        const whole = poseOf(placed, asking("whole", "T", 0));
        const at = (/** @type {number} */ p) => between(placed.block, a, b, p, whole);
        assert.deepEqual([at(0), at(1)], [a, b]);
        for (const p of [0.01, 0.2, 0.5, 0.8, 0.99]) {
          const faces = facesOf({ ...placed, pose: at(p) }, viewOf(HOME), 0);
          assert.ok(faces.reduce((sum, face) => sum + area(face), 0) > 1500, `${from} → ${to} along ${along} at ${p}`);
        }
      }
    }
  }
});

test("close to its ends a motion looks like its ends", () => {
  const placed = cubeOf(MANY.default);
  const [a, b] = [poseOf(placed, asking("cut", "T", 2)), poseOf(placed, asking("flat", "T", 2))];
  const whole = poseOf(placed, asking("whole", "T", 0));
  for (const [p, end] of /** @type {[number, typeof a][]} */ ([[1e-6, a], [1 - 1e-6, b]])) {
    for (const index of [[0, 0, 0], [1, 4, 5], [0, 2, 3]]) {
      const [x, y] = pointOf({ ...placed, pose: between(placed.block, a, b, p, whole) }, viewOf(HOME), 0, index);
      const [ex, ey] = pointOf({ ...placed, pose: end }, viewOf(HOME), 0, index);
      assert.ok(Math.hypot(x - ex, y - ey) < 0.01, String(p));
    }
  }
});

test("turning batch_first begins where the cube was, ends where torch has it, and moves every cell without a jump", () => {
  for (const first of [true, false]) {
    const placed = cubeOf({ first });
    const asked = asking("cut", "T", 2);
    const view = viewOf(HOME);
    const old = cubeOf({ first: !first });
    for (const [n, t, h] of [[0.5, 0.5, 0.5], [1.5, 4.5, 5.5], [0.5, 2.5, 3.5]]) {
      const index = first ? [n, t, h] : [t, n, h];
      const place = (/** @type {number} */ p) => pointOf({ ...placed, pose: turning(placed, asked, p) }, view, 0, index);
      const was = pointOf({ ...old, centre: placed.centre, room: placed.room, pose: poseOf({ ...old, room: placed.room }, asked) }, view, 0, first ? [t, n, h] : [n, t, h]);
      assert.ok(Math.hypot(place(0)[0] - was[0], place(0)[1] - was[1]) < 12, "the two layouts are as large as each other to a few px");
      assert.deepEqual(place(1), pointOf({ ...placed, pose: poseOf(placed, asked) }, view, 0, index));
      for (let k = 0; k < 200; k++) {
        const [a, b] = [place(k / 200), place((k + 1) / 200)];
        assert.ok(Math.hypot(a[0] - b[0], a[1] - b[1]) < 9, `${first} at ${k / 200}: ${a} → ${b}`);
      }
    }
  }
});

test("batch_first turns what has batch and time, and leaves the final states", () => {
  const turned = blocksOf(traceOf({ head: "every_step" })).filter(isTurned).map(({ name }) => name);
  assert.deepEqual(turned, ["tokens", "embedding", "output", "reshaped"]);
});

test("a sheet that is turned over ends with its rows and columns exchanged", () => {
  const placed = cubeOf({}, "tokens");
  const sizes = [0, 1].map((p) => turning(placed, asking("cut", "T", 0), p).extent.map(Math.round));
  assert.deepEqual(sizes[0], [sizes[1][1], sizes[1][0], 0]);
});

test("packed, the cube is stairs: at every step as many samples high as batch_sizes says", () => {
  for (const lengths of [[5, 3, 3, 1], [2, 5, 1, 4], [5, 5, 5, 5]]) {
    for (const first of [true, false]) {
      const placed = cubeOf({ N: 4, first });
      const sizes = Array.from({ length: 5 }, (_, t) => lengths.filter((length) => length > t).length); // pack_padded_sequence
      for (const form of FORMS) {
        const { slabs } = poseOf(placed, asking(form, "T", 1), lengths);
        const [time, batch] = [placed.block.axes.indexOf("T"), placed.block.sample];
        const heights = sizes.map((_, t) => slabs.reduce((sum, { spans }) => {
          const [from, to] = spans[time] ?? [0, 5];
          const [a, b] = spans[batch] ?? [0, 4];
          return sum + (t >= from && t < to ? b - a : 0);
        }, 0));
        assert.deepEqual(heights, sizes, `${lengths} ${form}`);
      }
    }
  }
});

test("beside the stairs stand the batch_sizes, one number a step", () => {
  const placed = cubeOf({ N: 4, T: 5 });
  const posedAs = { ...placed, pose: poseOf(placed, asking("cut", "T", 1), [5, 3, 3, 1]) };
  for (const turn of TURNS.slice(0, 2)) {
    const found = sizesBeside(posedAs, viewOf(turn), 0, [5, 3, 3, 1]);
    assert.deepEqual(found.map(({ text }) => text), ["4", "3", "3", "1", "1"]);
    for (const [k, { at: [, y] }] of found.entries()) assert.ok(k === 0 || y > found[k - 1].at[1], "down the page, as time runs");
  }
});

test("neighbours of one length are one box, and what has ended has none", () => {
  const block = { axes: ["N", "T", "H"], shape: [4, 5, 6], sample: 0 };
  assert.deepEqual(stairsOf(block, [null, null, null], [5, 3, 3, 1]), [[[0, 1], [0, 5], null], [[1, 3], [0, 3], null], [[3, 4], [0, 1], null]]);
  assert.deepEqual(stairsOf(block, [null, [3, 5], null], [5, 3, 3, 1]), [[[0, 1], [3, 5], null]]);
});

test("flattened, the labels say the two axes run together, and every word stays within the page", async () => {
  for (const lang of /** @type {const} */ (["en", "zh"])) {
    const words = await sayer(lang);
    for (const width of [1032, 358]) {
      const arranged = layout(blocksOf(traceOf()), { width, measure, say: words, rowName: (_, k) => String(k) });
      const output = posed(arranged, asking("flat", "T", 0), still, { say: words, ended: () => null }).placed.find(({ block }) => block.name === "output");
      const texts = output?.labels.map(({ text }) => text).join(" ") ?? "";
      assert.match(texts, /\(10, 6\).*↓ N·T = 10/);
      for (const { text, x, role } of output?.labels ?? []) assert.ok(x - measure(text, role) / 2 >= 0 && x + measure(text, role) / 2 <= width, text);
    }
  }
});

test("without a pose a cube is cut along time where the layout opened it", () => {
  const placed = cubeOf(MANY["time first"]);
  assert.deepEqual(worldAxes(placed.block), [2, 1, 0]);
  const [x, y] = originOf(placed, viewOf(HOME));
  const posedOrigin = originOf({ ...placed, pose: poseOf(placed, asking("cut", "T", 0)) }, viewOf(HOME));
  assert.ok(Math.hypot(x - posedOrigin[0], y - posedOrigin[1]) < 1e-6);
  assert.deepEqual(project(viewOf({ yaw: 0, pitch: 0 }), [1, 2, 3]), [1, 2]);
});

// Picking: the centre of every visible cell leads back to that cell; arrow keys walk the axes they look along.
import assert from "node:assert/strict";
import { test } from "node:test";
import { blocksOf } from "../../static/js/scene/blocks.js";
import { facesOf } from "../../static/js/scene/faces.js";
import { layout } from "../../static/js/scene/layout.js";
import { pick, step } from "../../static/js/scene/pick.js";
import { HOME, LIMITS, viewOf } from "../../static/js/scene/projection.js";
import { MANY, measure, traceOf } from "./scene_fixtures.js";

const TURNS = [HOME, { yaw: -HOME.yaw, pitch: HOME.pitch }, { yaw: 0, pitch: 0.3 }, { yaw: LIMITS.yaw, pitch: LIMITS.pitchHigh }];
const say = (/** @type {string} */ key) => key;

/** The point at (u, v) of a face. @param {import("../../static/js/scene/faces.js").Face} face @param {number} u @param {number} v @returns {[number, number]} */
const at = ({ origin, along, down }, u, v) => [origin[0] + u * along[0] + v * down[0], origin[1] + u * along[1] + v * down[1]];

for (const title of ["default", "two layers, both directions", "time first", "unbatched", "large"]) {
  test(`the cell under a point is the one drawn there: ${title}`, () => {
    const { placed } = layout(blocksOf(traceOf(MANY[title])), { width: 1032, measure, say, rowName: (_, k) => String(k) });
    let tried = 0;
    for (const turn of TURNS) {
      const view = viewOf(turn);
      for (const t of [0, 2, 4]) {
        for (const box of placed) {
          const faces = facesOf(box, view, t);
          const top = faces.at(-1); // nothing is drawn over the last face
          if (!top) continue;
          const [columns, rows] = [top.u.to - top.u.from, top.v.to - top.v.from];
          for (const c of new Set([0, columns >> 1, columns - 1])) {
            for (const r of new Set([0, rows >> 1, rows - 1])) {
              const cell = pick(placed, view, t, at(top, (c + 0.5) / columns, (r + 0.5) / rows));
              assert.equal(cell?.tensor, box.block.name);
              if (top.u.axis >= 0) assert.equal(cell?.index[top.u.axis], top.u.from + c);
              if (top.v.axis >= 0) assert.equal(cell?.index[top.v.axis], top.v.from + r);
              if (top.fixedAxis >= 0) assert.equal(cell?.index[top.fixedAxis], top.fixedIndex);
              assert.ok(cell?.index.every((k, axis) => k >= 0 && k < box.block.shape[axis]));
              tried++;
            }
          }
        }
      }
    }
    assert.ok(tried > 100);
  });
}

test("where faces overlap on the screen, the one in front answers", () => {
  const { placed } = layout(blocksOf(traceOf({ layers: 2, both: true })), { width: 1032, measure, say, rowName: (_, k) => String(k) });
  const ends = placed.find(({ block }) => block.name === "h_n");
  assert.ok(ends);
  const front = facesOf(ends, viewOf(HOME), 0).filter(({ fixedAxis, fixedIndex }) => fixedAxis === 0 && fixedIndex === 0)[0];
  assert.equal(pick(placed, viewOf(HOME), 0, at(front, 0.9, 0.1))?.index[0], 0);
});

test("beside every block there is nothing", () => {
  const { placed } = layout(blocksOf(traceOf()), { width: 1032, measure, say, rowName: (_, k) => String(k) });
  assert.equal(pick(placed, viewOf(HOME), 0, [1, 1]), null);
  const module = placed.find(({ block }) => block.kind === "module");
  assert.ok(module);
  assert.equal(pick(placed, viewOf(HOME), 0, module.centre), null);
});

test("arrow keys walk the axis they point along and stop at its ends", () => {
  const cube = { shape: [2, 5, 8] };
  assert.deepEqual(step(cube, [0, 0, 0], "ArrowRight"), [0, 0, 1]);
  assert.deepEqual(step(cube, [0, 0, 0], "ArrowDown"), [0, 1, 0]);
  assert.deepEqual(step(cube, [0, 0, 0], "PageDown"), [1, 0, 0]);
  assert.deepEqual(step(cube, [1, 4, 7], "ArrowRight"), [1, 4, 7]);
  assert.deepEqual(step(cube, [0, 0, 0], "PageUp"), [0, 0, 0]);
  assert.deepEqual(step({ shape: [3] }, [1], "ArrowDown"), [1]);
  assert.equal(step(cube, [0, 0, 0], "x"), null);
  assert.equal(step(cube, [0, 0, 0], "constructor"), null);
});

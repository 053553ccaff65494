// Going into the scene and back out: places in the address, one step at a time, the path of crumbs.

import assert from "node:assert/strict";
import { test } from "node:test";
import { cellFrom, cellText, MOST_PINS, pinsFrom, pinsText, toggled } from "../../static/js/core/pins.js";
import { crumbs, elsewhere, fitZoom, into, out, parse, WHOLE, write } from "../../static/js/core/zoom.js";
import { traceOf } from "./scene_fixtures.js";
import { traceOf as latticeOf } from "./trace_fixture.js";

const whole = traceOf({ head: "every_step" });
const lattice = latticeOf();
const at = { n: 1, t: 3 };

/** Step after step at these cells. @param {import("../../static/js/types.js").Trace} trace @param {import("../../static/js/types.js").CellAt[]} cells */
function walk(trace, cells) {
  const found = [""];
  let zoom = WHOLE;
  for (const cell of cells) {
    const next = into(trace, zoom, cell);
    assert.ok(next, `nothing further in than ${write(zoom)}`);
    zoom = next.zoom;
    found.push(write(zoom));
  }
  return found;
}

test("five depths lead from the whole to one number's products, and the same way back", () => {
  const output = { tensor: "output", index: [1, 3, 4] }; // the backward half
  const path = walk(lattice, [output, output, output, { tensor: "l1_reverse.i", index: [1, 3, 1] }]);
  assert.deepEqual(path, ["", "block-output", "slice-output", "cell-l1_reverse.c-n.t.1-output", "number-l1_reverse.i-n.t.1-output"]);
  for (let k = path.length - 1; k > 0; k--) {
    const back = write(out(lattice, parse(path[k])));
    assert.equal(back, path[k] === path[4] ? "cell-l1_reverse.i-n.t.1-output".replace(".i-", ".c-") : path[k - 1]);
  }
});

test("where nothing is recurrent, a flat block leads straight to its numbers", () => {
  assert.deepEqual(walk(whole, [{ tensor: "logits", index: [7, 0] }, { tensor: "logits", index: [7, 0] }]), ["", "block-logits", "number-logits-7.0"]);
});

test("a final state keeps its row while one goes in and comes out", () => {
  const state = { tensor: "h_n", index: [2, 1, 0] };
  assert.deepEqual(walk(lattice, [state, state, state]), ["", "block-h_n", "slice-h_n-2", "cell-l1.c-n.t.0-h_n"]);
  assert.equal(into(lattice, parse("slice-h_n-2"), state)?.at.t, 4, "the step where this state was the last");
  assert.equal(write(out(lattice, parse("cell-l1.c-n.t.0-h_n"))), "slice-h_n-2");
});

test("the crumbs name every depth on the way, and each is a place of its own", () => {
  const path = crumbs(lattice, parse("number-l1.f-n.t.2-output"), at);
  assert.deepEqual(path.map(({ level, name, index }) => [level, name, index]), [["whole", "", null], ["block", "output", null], ["slice", "output", 3], ["cell", "l1.f", 2], ["number", "l1.f", null]]);
  for (const { zoom } of path) assert.equal(fitZoom(lattice, write(zoom)), write(zoom));
});

test("what the address says is kept only where this run has it", () => {
  for (const good of ["block-output", "slice-output", "slice-h_n-3", "cell-l0.c-n.t.2-output", "number-l1_reverse.g-n.t.0", "number-output-0.4.5"]) assert.equal(fitZoom(lattice, good), good);
  for (const bad of ["nonsense", "block-nothing", "slice-h_n-4", "slice-h_n", "cell-l2.c-n.t.0", "cell-output-0.0.0", "cell-l0.c-n.t.3-output", "number-l0.i-n.t", "number-l0.i-n.t.0-nothing", "block-output-1-2-3", "slice-output-9"]) assert.equal(fitZoom(lattice, bad), "", bad);
});

test("the same unit is found in another row, another unit in the same", () => {
  const zoom = parse("cell-l1.c-n.t.2-output");
  assert.equal(write(elsewhere(lattice, zoom, { row: "l0_reverse" })), "cell-l0_reverse.c-n.t.2-l0_reverse.h");
  assert.equal(write(elsewhere(lattice, zoom, { unit: 0 })), "cell-l1.c-n.t.0-output");
});

test("pins go into the address and back, each once, only those that this run has", () => {
  const cells = [{ tensor: "output", index: [0, 3, 2] }, { tensor: "l0.c", index: [1, 0, 1] }];
  assert.equal(pinsText(cells), "output-0.3.2--l0.c-1.0.1");
  assert.deepEqual(pinsFrom(lattice, `${pinsText(cells)}--output-0.3.2--output-9.9.9--`), cells);
  assert.deepEqual(cellFrom("loss"), { tensor: "loss", index: [] });
  assert.equal(cellText(null), "");
  assert.equal(cellFrom("a b-1"), null);
});

test("pinning once more takes the pin away, and the list never grows past what can be read", () => {
  const cell = (/** @type {number} */ k) => ({ tensor: "output", index: [0, 0, k] });
  assert.deepEqual(toggled([cell(0), cell(1)], cell(0)), [cell(1)]);
  /** @type {import("../../static/js/types.js").CellAt[]} */
  let pins = [];
  for (let k = 0; k < 20; k++) pins = toggled(pins, cell(k));
  assert.equal(pins.length, MOST_PINS);
  assert.deepEqual(pins.at(-1), cell(19));
});

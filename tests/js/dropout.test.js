// Dropout between the layers: what the layer above reads is shown where it is read, and the scene stays one module.

import assert from "node:assert/strict";
import { test } from "node:test";
import { layoutNetwork, netOf } from "../../static/js/network/layout.js";
import { spotsOf } from "../../static/js/network/places.js";
import { blocksOf } from "../../static/js/scene/blocks.js";
import { traceOf } from "./scene_fixtures.js";

/** Two layers, both directions; in train mode with what dropout adds. @param {boolean} train */
function stacked(train) {
  const trace = traceOf({ layers: 2, both: true, head: "none" });
  const { shape, axes, dtype } = trace.tensors.output;
  for (const row of ["l0", "l0_reverse", "l1", "l1_reverse"])
    for (const part of "ifgoch") trace.tensors[`${row}.${part}`] = { shape: [2, 5, 6], axes: ["N", "T", "H"], dtype };
  if (!train) return trace;
  for (const name of ["dropout_l0", "dropped_l0"]) trace.tensors[name] = { shape, axes, dtype };
  trace.stages.push({ name: "dropout_l0", op: "Dropout", code: "", inputs: ["l0.h", "l0_reverse.h"], outputs: ["dropout_l0", "dropped_l0"], parameters: [], says: "" });
  return trace;
}

test("the bars between the layers hold what is read above them", () => {
  for (const train of [true, false]) {
    const trace = stacked(train);
    const net = netOf(trace);
    const layout = layoutNetwork(net, { width: 1000, first: 0 });
    const at = spotsOf(layout, net, trace, 1).filter(({ box }) => layout.bars.some((bar) => bar.box.y === box.y));
    assert.deepEqual([...new Set(at.map(({ tensor }) => tensor))], train ? ["dropped_l0"] : ["l0.h", "l0_reverse.h"]);
    assert.equal(at.length, (train ? 1 : 2) * layout.bars.length);
    if (train) assert.deepEqual([at[3].units, at[3].split, at[3].index], [12, 6, [1, 3, null]]);
  }
});

test("dropout happens inside the module: the scene has no block for it", () => {
  const names = (/** @type {boolean} */ train) => blocksOf(stacked(train)).map(({ name }) => name);
  assert.deepEqual(names(true), names(false));
});

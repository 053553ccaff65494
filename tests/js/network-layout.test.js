// The unrolled network's picture as data: what stands where, which way the arrows run, which number a point is.

import assert from "node:assert/strict";
import { test } from "node:test";

import { headPath, linePath } from "../../static/js/network/arrows.js";
import { columnsFor, indexOf, layoutNetwork, liveSteps, netOf } from "../../static/js/network/layout.js";
import { cellOf, placesOf, spotAt, spotsOf } from "../../static/js/network/places.js";

/**
 * A trace with the sizes only.
 * @param {{cell?: string, L?: number, both?: boolean, N?: number, T?: number, F?: number, H?: number, batchFirst?: boolean, last?: number[]}} [size]
 */
function traceOf({ cell = "lstm", L = 1, both = false, N = 2, T = 5, F = 8, H = 6, batchFirst = true, last } = {}) {
  const D = both ? 2 : 1;
  const outside = batchFirst ? ["N", "T"] : ["T", "N"];
  const sizes = batchFirst ? [N, T] : [T, N];
  /** @param {string[]} axes @param {...number} shape */
  const info = (axes, ...shape) => ({ shape, axes, dtype: "float32", min: -1, max: 1, mean: 0 });
  /** @type {any} */
  const tensors = { input: info([...outside, "F"], ...sizes, F), output: info([...outside, both ? "D·H" : "H"], ...sizes, D * H) };
  const ends = [];
  for (let layer = 0; layer < L; layer++)
    for (let d = 0; d < D; d++) {
      for (const part of cell === "lstm" ? "ifgoch" : cell === "gru" ? "rznh" : "h")
        tensors[`l${layer}${d ? "_reverse" : ""}.${part}`] = info(["N", "T", "H"], N, T, H);
      ends.push({ index: ends.length, layer, direction: d ? "backward" : "forward", step: last && !d ? last : Array(N).fill(d ? 0 : T - 1) });
    }
  for (const name of cell === "lstm" ? ["h_n", "h_0", "c_n", "c_0"] : ["h_n", "h_0"]) tensors[name] = info(["L·D", "N", "H"], L * D, N, H);
  return /** @type {import("../../static/js/types").Trace} */ (/** @type {unknown} */ ({
    request: { model: { cell, num_layers: L, bidirectional: both, batch_first: batchFirst } }, tensors, positions: { output: [], h_n: ends }, text: null,
  }));
}

/** @param {Parameters<typeof traceOf>[0]} [size] @param {{width?: number, first?: number, live?: number}} [view] */
function picture(size, view = {}) {
  const trace = traceOf(size);
  const net = netOf(trace);
  const layout = layoutNetwork(net, { width: 1000, first: 0, ...view });
  return { trace, net, layout };
}

/** @param {{x: number, y: number, w: number, h: number}} a @param {{x: number, y: number, w: number, h: number}} b */
const overlap = (a, b) => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;

/** @param {{points: {x: number, y: number}[]}} arrow */
const runsRight = ({ points }) => points[points.length - 1].x > points[0].x;

test("rows stand in the order of h_n, layer 0 at the bottom", () => {
  const { net, layout } = picture({ L: 2, both: true });
  assert.deepEqual(net.rows.map((row) => row.name), ["l0", "l0_reverse", "l1", "l1_reverse"]);
  const tops = net.rows.map((row) => layout.bands.find((band) => band.row === row.index)?.box.y ?? NaN);
  assert.deepEqual(tops, [...tops].sort((a, b) => b - a));
  assert.ok(layout.outputs[0].box.y < tops[3] && layout.inputs[0].box.y > tops[0]);
});

test("a forward row's arrows run to the right, a backward row's to the left", () => {
  const { net, layout } = picture({ L: 2, both: true });
  for (const arrow of layout.arrows.filter(({ kind }) => kind === "h" || kind === "c"))
    assert.equal(runsRight(arrow), net.rows[arrow.row ?? -1].direction === "forward");
});

test("each row is one unbroken chain: into it, from cell to cell, out of it", () => {
  const { net, layout } = picture({ both: true, T: 7 });
  for (const row of net.rows)
    for (const kind of ["h", "c"]) {
      const chain = layout.arrows.filter((arrow) => arrow.kind === kind && arrow.row === row.index);
      assert.equal(chain.length, 7 + 1);
      assert.ok(chain.every((arrow) => !arrow.skips));
    }
});

test("h_n and c_n leave at the right end of a forward row and at the left end of a backward row", () => {
  const { net, layout } = picture({ L: 2, both: true });
  for (const end of layout.ends) {
    const forward = net.rows[end.row].direction === "forward";
    assert.equal(end.side, end.tensor.endsWith("_n") === forward ? "right" : "left");
    const beside = end.side === "right" ? end.box.x > layout.columns[4].x : end.box.x + end.box.w < layout.columns[0].x;
    assert.ok(beside);
  }
  assert.equal(layout.ends.filter((end) => end.tensor === "h_n").length, 4);
});

test("toggling bidirectional doubles the rows and their ends, and adds no step", () => {
  const one = picture({}).layout;
  const two = picture({ both: true }).layout;
  assert.equal(two.cells.length, 2 * one.cells.length);
  assert.equal(two.ends.length, 2 * one.ends.length);
  assert.equal(two.columns.length, one.columns.length);
});

test("only an LSTM has a c: no strip, no arrow and no end of it in a GRU or an RNN", () => {
  for (const cell of ["gru", "rnn"]) {
    const { layout } = picture({ cell, both: true });
    assert.ok(layout.cells.every((one) => one.c === null));
    assert.ok(layout.arrows.every((arrow) => arrow.kind !== "c"));
    assert.ok(layout.ends.every((end) => end.tensor[0] === "h"));
  }
});

test("both directions of a layer read the same source, and neither reads the other", () => {
  const { layout } = picture({ L: 2, both: true });
  const sources = [...layout.inputs, ...layout.bars.filter((bar) => bar.layer === 0)].map(({ box }) => box);
  const targets = [...layout.outputs, ...layout.bars].map(({ box }) => box);
  const upward = layout.arrows.filter(({ kind }) => kind === "x" || kind === "up");
  assert.equal(upward.length, 5 * 2 * 4);
  for (const { points } of upward) {
    const start = points[0];
    const end = points[points.length - 1];
    const leavesSource = sources.some((box) => start.y === box.y && start.x > box.x && start.x < box.x + box.w);
    const entersTarget = targets.some((box) => end.y === box.y + box.h && end.x > box.x && end.x < box.x + box.w);
    assert.ok(leavesSource !== entersTarget, "a line goes from a source into a cell, or from a cell into a target");
  }
});

test("an upward line passes a cell beside it, never across it", () => {
  const { layout } = picture({ L: 3, both: true, T: 12 });
  for (const { points } of layout.arrows.filter(({ kind }) => kind === "x" || kind === "up"))
    for (let k = 1; k < points.length; k++) {
      const [a, b] = [points[k - 1], points[k]];
      const line = { x: Math.min(a.x, b.x), y: Math.min(a.y, b.y) + 0.01, w: Math.abs(a.x - b.x), h: Math.abs(a.y - b.y) - 0.02 };
      for (const cell of layout.cells) assert.ok(!overlap(line, cell.box));
    }
});

test("where an upward line passes over a row's line, the row's line has a gap there", () => {
  const { layout } = picture({ both: true });
  const along = layout.arrows.filter(({ kind }) => kind === "h" || kind === "c");
  assert.ok(along.some((arrow) => (arrow.gaps ?? []).length > 0));
  for (const { points: [a, b], gaps = [] } of along)
    for (const { points } of layout.arrows.filter(({ kind }) => kind === "x" || kind === "up"))
      for (let k = 1; k < points.length; k++) {
        const { x } = points[k];
        const upright = points[k - 1].x === x;
        const crosses = upright && x > Math.min(a.x, b.x) && x < Math.max(a.x, b.x) && (points[k].y - a.y) * (points[k - 1].y - a.y) < 0;
        if (crosses) assert.ok(gaps.some((gap) => gap.x === x));
      }
});

test("nothing overlaps and nothing leaves the picture, at any width, depth and length", () => {
  for (const width of [320, 358, 620, 760, 1000, 1400])
    for (const both of [false, true])
      for (const L of [1, 2, 8])
        for (const T of [1, 5, 14, 2000]) {
          const { layout } = picture({ L, both, T }, { width });
          const boxes = [...layout.cells, ...layout.bars, ...layout.inputs, ...layout.outputs, ...layout.ends].map(({ box }) => box);
          boxes.forEach((a, k) => {
            assert.ok(a.x >= 0 && a.x + a.w <= width && a.y >= 0 && a.y + a.h <= layout.height, `${width} ${L} ${T}`);
            for (const b of boxes.slice(k + 1)) assert.ok(!overlap(a, b), `${width} ${both} ${L} ${T}`);
          });
        }
});

test("the picture of 2000 steps costs no more than the picture of 40", () => {
  const size = (/** @type {number} */ T) => {
    const { layout } = picture({ L: 2, both: true, T }, { first: 17 });
    return [layout.cells.length, layout.arrows.length, layout.ends.length];
  };
  assert.deepEqual(size(2000), size(40));
});

test("12 to 16 columns fit beside the inspector on a wide screen, a few on a phone", () => {
  for (const both of [false, true]) {
    const net = netOf(traceOf({ L: 8, both, N: 50, T: 200, H: 5 }));
    assert.ok(columnsFor(net, 1000) >= 12 && columnsFor(net, 1000) <= 16);
    assert.ok(columnsFor(net, 358) >= 3);
  }
});

test("a window in the middle keeps h_n in sight, and its line says that steps are left out", () => {
  const { layout } = picture({ T: 200 }, { first: 90 });
  const chain = layout.arrows.filter(({ kind }) => kind === "h");
  assert.deepEqual(chain.map(({ skips }) => skips), [true, ...Array(layout.count - 1).fill(false), true]);
  assert.ok(layout.ends.some((end) => end.tensor === "h_n"));
});

test("in a packed batch a short sample's padding is not computed, and both directions keep away from it", () => {
  const trace = traceOf({ both: true, last: [4, 2] });
  assert.equal(liveSteps(trace, 0), 5);
  assert.equal(liveSteps(trace, 1), 3);
  const { net, layout } = picture({ both: true }, { live: 3 });
  assert.deepEqual(layout.cells.filter((cell) => cell.row === 0).map((cell) => cell.live), [true, true, true, false, false]);
  for (const row of net.rows) assert.equal(layout.arrows.filter((arrow) => arrow.kind === "h" && arrow.row === row.index).length, 4);
  const spots = spotsOf(layout, net, trace, 1);
  assert.ok(!spots.some((spot) => spot.tensor === "l0.h" && (spot.t ?? 0) > 2));
});

test("batch_first moves the axes of input and output, and never those of h_n", () => {
  for (const batchFirst of [true, false]) {
    const { trace, net, layout } = picture({ batchFirst });
    const spots = spotsOf(layout, net, trace, 1);
    const at = (/** @type {string} */ tensor) => spots.find((spot) => spot.tensor === tensor && (spot.t === 3 || spot.t === null))?.index;
    assert.deepEqual(at("output"), batchFirst ? [1, 3, null] : [3, 1, null]);
    assert.deepEqual(at("h_n"), [0, 1, null]);
    assert.deepEqual(at("l0.h"), [1, 3, null]);
  }
  assert.deepEqual(indexOf(["T", "N", "F"], 4, [10, 20]), [[10, 20], 4, null]);
});

test("the point in the middle of a unit's bar is that unit's number, and that number's place is that bar", () => {
  const { trace, net, layout } = picture({ L: 2, both: true });
  const spots = spotsOf(layout, net, trace, 1);
  for (const spot of spots.filter(({ tensor }) => ["l1_reverse.h", "l0.c", "output", "h_n", "c_0", "input"].includes(tensor)))
    for (let unit = 0; unit < spot.units; unit++) {
      const cell = cellOf(spot, unit);
      const places = placesOf([spot], cell);
      assert.equal(places.length, 1);
      const found = spotAt(spots, places[0].x + places[0].w / 2, places[0].y + places[0].h / 2);
      assert.deepEqual(found && cellOf(found.spot, found.unit), cell);
    }
});

test("between the strips there is no number", () => {
  const { trace, net, layout } = picture({});
  const spots = spotsOf(layout, net, trace, 0);
  assert.equal(spotAt(spots, layout.columns[0].x + layout.columns[0].w + 10, layout.cells[0].h.y), null);
});

test("an arrow's tip is exactly its last point, and its line ends where the head begins", () => {
  const points = [{ x: 0, y: 40 }, { x: 0, y: 20 }, { x: 30, y: 20 }, { x: 30, y: 0 }];
  assert.match(headPath(points, 6, 3), /^M30 0L/);
  assert.match(linePath({ kind: "up", points, skips: false, row: 0 }, 6, 4), /^M0 40L0 24Q0 20 4 20L26 20Q30 20 30 16L30 6$/);
});

// A cell's diagram at every width: wires meet their ports, no two labels overlap, arrow keys reach every wire.

import assert from "node:assert/strict";
import { test } from "node:test";
import { factsOf } from "../../static/js/inside/facts.js";
import { R, layoutCell } from "../../static/js/inside/layout.js";
import { heldAt, held, released } from "../../static/js/inside/knobs.js";
import { nextWire } from "../../static/js/inside/walk.js";

const WIDTHS = [320, 358, 430, 559, 560, 700, 920, 1400];
const CELLS = /** @type {const} */ (["lstm", "gru", "rnn"]);
const all = CELLS.flatMap((cell) => WIDTHS.map((width) => /** @type {const} */ ([`${cell} in ${width} px`, layoutCell(cell, width), width])));
const LETTER = (/** @type {number} */ width) => (width < 560 ? 6.35 : 7.25); // px of a digit in the diagram's font

/** @param {import("../../static/js/inside/layout.js").Label} label @param {number} letters @param {number} letter */
function boxOf({ x, y, anchor }, letters, letter) {
  const w = letters * letter;
  const left = anchor === "start" ? x : anchor === "end" ? x - w : x - w / 2;
  return { left, right: left + w, top: y - 10, bottom: y + 2 };
}

test("every wire begins and ends at a gate, an op, a rail or the edge", () => {
  for (const [name, { wires, gates, ops, width }] of all) {
    const onLine = (/** @type {[number, number]} */ [x, y], /** @type {string} */ but) => wires.some(({ id, points }) => id !== but && points.slice(1).some(([bx, by], k) => {
      const [ax, ay] = points[k];
      return Math.abs((bx - ax) * (y - ay) - (by - ay) * (x - ax)) < 1 && x >= Math.min(ax, bx) - 1 && x <= Math.max(ax, bx) + 1 && y >= Math.min(ay, by) - 1 && y <= Math.max(ay, by) + 1;
    }));
    const atOp = (/** @type {[number, number]} */ [x, y]) => ops.some((op) => {
      const half = op.sign.length > 1 ? Math.max(18, op.sign.length * 4 + 6) : R;
      return Math.abs(x - op.x) <= half + 1 && Math.abs(y - op.y) <= R + 1;
    });
    const atGate = (/** @type {[number, number]} */ [x, y]) => gates.some((gate) => x >= gate.x - 1 && x <= gate.x + gate.w + 1 && y >= gate.y - 1 && y <= gate.y + gate.h + 1);
    for (const { id, points } of wires) {
      for (const end of [points[0], points[points.length - 1]]) {
        assert.ok(end[0] <= 0 || end[0] >= width || atOp(end) || atGate(end) || onLine(end, id) || /^(h_prev|x)$/.test(id), `${name}: ${id} hangs in the air at ${end}`);
      }
    }
    for (const { id, to } of wires) assert.ok(to === "" || ops.some((op) => op.id === to) || gates.some(({ quantity }) => quantity === to), `${name}: ${id} leads to ${to}`);
  }
});

test("no two numbers overlap, and none lies on a gate or outside", () => {
  for (const [name, { wires, gates, width, height }, room] of all) {
    const letter = LETTER(room);
    const labels = wires.flatMap(({ id, label, name: called }) => [
      ...(label ? [{ id, ...boxOf(label, /^[fiozr]$|one_minus/.test(id) ? 6 : 7, letter) }] : []),
      ...(called ? [{ id: `${id}'s name`, ...boxOf(called, id === "x" ? 12 : id === "h_prev" ? 8 : 4, letter) }] : []),
    ]);
    for (const [k, a] of labels.entries()) {
      assert.ok(a.left >= -1 && a.right <= width + 1 && a.top >= 0 && a.bottom <= height, `${name}: ${a.id} is cut off`);
      for (const b of labels.slice(k + 1)) assert.ok(a.right <= b.left + 1 || b.right <= a.left + 1 || a.bottom <= b.top || b.bottom <= a.top, `${name}: ${a.id} lies on ${b.id}`);
      for (const gate of gates) assert.ok(a.right <= gate.x || a.left >= gate.x + gate.w || a.bottom <= gate.y || a.top >= gate.y + gate.h, `${name}: ${a.id} lies on gate ${gate.quantity}`);
    }
    for (const [k, a] of gates.entries()) for (const b of gates.slice(k + 1)) assert.ok(a.x + a.w < b.x, `${name}: ${a.quantity} touches ${b.quantity}`);
  }
});

test("arrow keys lead to every wire", () => {
  for (const [name, diagram] of all) {
    const reached = new Set(["h"]);
    for (const id of reached) for (const key of ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"]) {
      const next = nextWire(diagram, id, key);
      if (next) reached.add(next);
    }
    assert.deepEqual([...diagram.wires.map(({ id }) => id)].filter((id) => !reached.has(id)), [], name);
  }
  assert.equal(nextWire(all[0][1], "h", "a"), null);
});

test("without an answer there is no number on a wire", () => {
  for (const cell of CELLS) assert.deepEqual(factsOf(cell, {}), {});
});

test("a knob holds this unit of this sample: at this step, from it on, or always; one more press lets go", () => {
  const where = { row: "l0", n: 1, t: 3, u: 2 };
  const once = held("", where, "f", 0, "once");
  assert.deepEqual(JSON.parse(once), [{ clamp: { row: "l0", quantity: "f", value: 0, units: [2], samples: [1], from: 3, to: 4 } }]);
  assert.equal(heldAt(once, where, "f")?.value, 0);
  for (const other of [{ ...where, t: 2 }, { ...where, t: 4 }, { ...where, u: 1 }, { ...where, n: 0 }, { ...where, row: "l1" }]) assert.equal(heldAt(once, other, "f"), null);
  const after = held(once, where, "f", 1, "from");
  assert.equal(JSON.parse(after).length, 1, "the new hold takes the place of the old one");
  assert.equal(heldAt(after, { ...where, t: 4 }, "f")?.value, 1);
  assert.equal(heldAt(held("", where, "f", 1, "always"), { ...where, t: 0 }, "f")?.value, 1);
  assert.equal(released(after, where, "f"), "");
  assert.equal(heldAt(after, where, "i"), null);
});

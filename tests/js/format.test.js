// Numbers as text.

import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesText, exact, fixed, grouped, place, tiny, windowAround } from "../../static/js/core/format.js";

test("four decimals, but a small number is never shown as zero", () => {
  assert.equal(fixed(0.123456), "0.1235");
  assert.equal(fixed(-2), "-2.0000");
  assert.equal(fixed(0), "0.0000");
  assert.equal(fixed(0.0000123), "1.2e-5");
  assert.equal(fixed(-4e-8), "-4.0e-8");
});

test("ids stay whole numbers and what is no number says so", () => {
  assert.equal(fixed(7, "int64"), "7");
  assert.equal(fixed(null), "–");
  assert.equal(fixed(NaN), "–");
  assert.equal(fixed(Infinity), "Infinity");
});

test("the exact value reads back as the same float32", () => {
  const value = new Float32Array([0.1])[0];
  assert.equal(Number(exact(value)), value);
  assert.equal(exact(value), "0.10000000149011612");
});

test("a difference has one digit", () => {
  assert.equal(tiny(0), "0");
  assert.equal(tiny(5.96e-8), "6e-8");
  assert.equal(tiny(0.331), "0.33");
  assert.equal(tiny(1), "1");
  assert.equal(tiny(null), "–");
});

test("counts are grouped and bytes have a unit", () => {
  assert.equal(grouped(2560, "en"), "2,560");
  assert.equal(bytesText(20_480_000, "en"), "20.5 MB");
  assert.equal(bytesText(12, "en"), "12 B");
});

test("a place is written as PyTorch indexes", () => {
  assert.equal(place("output", [0, 4, 2]), "output[0, 4, 2]");
  assert.equal(place("loss", []), "loss");
});

test("the window holds what is looked at and never leaves the axis", () => {
  assert.deepEqual(windowAround(3, 10, 20), [0, 10]);
  assert.deepEqual(windowAround(25, 200, 20), [20, 40]);
  assert.deepEqual(windowAround(199, 200, 40), [160, 200]);
  assert.deepEqual(windowAround(204, 205, 40), [200, 205]);
});

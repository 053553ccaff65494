// Parts of tensors: out of the values that came along, or read once from the server.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createTensors, indexText, spansOf } from "../../static/js/core/tensors.js";

const cube = { shape: [2, 3, 4], values: [0, 1].map((a) => [0, 1, 2].map((b) => [0, 1, 2, 3].map((c) => 100 * a + 10 * b + c))) };
const never = () => assert.fail("nothing should be read");

test("small tensors answer at once and never ask the server", async () => {
  const tensors = createTensors({ tensors: { output: cube } }, never);
  assert.equal(tensors.value("output", [1, 2, 3]), 123);
  assert.deepEqual(tensors.peek("output", [1, null, 2]), { shape: [3], data: new Float32Array([102, 112, 122]) });
  assert.deepEqual(await tensors.slice("output", [null, 1, [1, 3]]), { shape: [2, 2], data: new Float32Array([11, 12, 111, 112]) });
  assert.equal((await tensors.slice("output", [])).data.length, 24);
});

test("an axis that is left out is whole, and negative places count from the end", () => {
  const tensors = createTensors({ tensors: { output: cube } }, never);
  assert.deepEqual(tensors.peek("output", [-1, -1])?.data, new Float32Array([120, 121, 122, 123]));
});

test("a place outside the tensor, or too many, is refused by name", async () => {
  const tensors = createTensors({ tensors: { output: cube } }, never);
  assert.throws(() => tensors.peek("output", [2]), /axis 0 of length 2/);
  assert.throws(() => tensors.peek("output", [0, 0, 0, 0]), /4 indices for 3 axes/);
  assert.throws(() => tensors.peek("outptu", [0]), /outptu/);
  await assert.rejects(tensors.slice("output", [0, 0, 9]), /axis 2/);
});

test("a large tensor is read part by part, each part once", async () => {
  const asked = /** @type {string[]} */ ([]);
  const read = async (/** @type {string} */ name, /** @type {string} */ index) => {
    asked.push(`${name}[${index}]`);
    return { shape: [50, 512], data: new Float32Array(50 * 512).map((_, k) => k) };
  };
  const tensors = createTensors({ tensors: { output: { shape: [50, 200, 512] } } }, read);
  assert.equal(tensors.peek("output", [null, 7, null]), null);
  const [first, second] = await Promise.all([tensors.slice("output", [null, 7, null]), tensors.slice("output", [null, 7])]);
  assert.equal(first, second);
  await tensors.slice("output", [null, 7, null]);
  assert.deepEqual(asked, ["output[:,7,:]"]);
  assert.equal(tensors.value("output", [3, 7, 5]), 3 * 512 + 5);
  assert.deepEqual(tensors.peek("output", [3, 7, [5, 7]])?.data, new Float32Array([1541, 1542]));
  assert.equal(tensors.value("output", [3, 8, 5]), null);
});

test("a failed reading is told to the caller and may be tried again", async () => {
  let tries = 0;
  const read = async () => {
    if (++tries === 1) throw new Error("the server is away");
    return { shape: [3], data: new Float32Array(3) };
  };
  const tensors = createTensors({ tensors: { x: { shape: [3] } } }, read);
  await assert.rejects(tensors.slice("x", []), /away/);
  assert.equal((await tensors.slice("x", [])).data.length, 3);
});

test("an answer of the wrong size is an error, not a picture", async () => {
  const tensors = createTensors({ tensors: { x: { shape: [3] } } }, async () => ({ shape: [2], data: new Float32Array(2) }));
  await assert.rejects(tensors.slice("x", []), /expected 3 numbers, got 2/);
});

test("parts that were not used lately are let go when the room is full", async () => {
  let reads = 0;
  const read = async () => ({ shape: [100], data: new Float32Array(100).fill(++reads) });
  const tensors = createTensors({ tensors: { x: { shape: [9, 100] } } }, read, { capBytes: 1000 });
  await tensors.slice("x", [0]);
  await tensors.slice("x", [1]);
  assert.ok(tensors.peek("x", [0]));
  await tensors.slice("x", [2]); // 1 is the oldest now
  assert.ok(tensors.peek("x", [0]));
  assert.equal(tensors.peek("x", [1]), null);
  assert.equal(reads, 3);
});

test("JSON's null stands for a number that is not finite", () => {
  const tensors = createTensors({ tensors: { x: { shape: [2], values: [null, 1] } } }, never);
  assert.ok(Number.isNaN(tensors.value("x", [0])));
});

test("an index is written as PyTorch writes it", () => {
  assert.equal(indexText([0, null, [3, 10]]), "0,:,3:10");
  assert.deepEqual(spansOf([4], [[0, 4]])[0], { from: 0, to: 4, drop: false, full: true });
});

test("a tensor of doubles keeps every digit, whether it came with the trace or is read", async () => {
  const exactly = 0.1 + 0.2;
  const holder = { tensors: { a: { shape: [1], dtype: "float64", values: [exactly] }, b: { shape: [2], dtype: "float64" } } };
  const asked = /** @type {string[]} */ ([]);
  const tensors = createTensors(holder, (name, index, dtype) => {
    asked.push(`${name}[${index}] ${dtype}`);
    return Promise.resolve({ shape: [2], data: new Float64Array([exactly, 2]) });
  });
  assert.equal(tensors.value("a", [0]), exactly);
  assert.equal((await tensors.slice("b", [null])).data[0], exactly);
  assert.deepEqual(asked, ["b[:] float64"]);
});

// The door to the server, and which control a refusal is about.

import assert from "node:assert/strict";
import { test } from "node:test";
import { controlOf, fitting } from "../../static/js/core/fields.js";
import { createApi, float32, Refused, seconds, shapeOf } from "../../static/js/doors/api.js";

/** @typedef {import("../../static/js/types.js").Problem} Problem */

/**
 * A server that gives these answers in turn and notes what it was asked and how long the page slept.
 * @param {...(() => Response | Promise<Response>)} answers
 */
function worldOf(...answers) {
  /** @type {string[]} */
  const asked = [];
  /** @type {number[]} */
  const slept = [];
  /** @type {typeof fetch} */
  const get = async (url, init) => {
    asked.push(String(url));
    init?.signal?.throwIfAborted();
    const answer = answers.shift();
    assert.ok(answer, "one question too many");
    return answer();
  };
  return { asked, slept, fetch: get, random: () => 0.5, sleep: async (/** @type {number} */ ms) => void slept.push(ms) };
}

/** @param {number} status @param {object} body @param {{[name: string]: string}} [headers] */
const json = (status, body, headers = {}) => new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json", ...headers } });

test("try again later is obeyed, with jitter", async () => {
  const world = worldOf(
    () => json(503, {}, { "Retry-After": "2" }),
    () => json(429, {}, { "Retry-After": "1" }),
    () => json(200, { query: "" }),
  );
  assert.deepEqual(await createApi(world).twin("seed=1"), { query: "" });
  assert.deepEqual(world.asked, ["/?seed=1", "/?seed=1", "/?seed=1"]);
  assert.deepEqual(world.slept, [2500, 1250]);
});

test("a new question ends the one before", async () => {
  /** @type {(answer: Response) => void} */
  let late = () => {};
  const world = worldOf(
    () => new Promise((resolve) => (late = resolve)),
    () => json(200, { query: "second" }),
  );
  const api = createApi(world);
  const first = api.twin("seed=1");
  const second = api.twin("seed=2");
  late(json(200, { query: "first" }));
  await assert.rejects(first, { name: "AbortError" });
  assert.deepEqual(await second, { query: "second" });
});

test("a refusal carries the server's own sentence", async () => {
  const api = createApi(worldOf(() => new Response('{"detail": "too big"}', { status: 422, headers: { "Content-Type": "application/problem+json" } })));
  await assert.rejects(api.twin(""), (error) => error instanceof Refused && error.status === 422 && error.problem?.detail === "too big");
});

test("a server that stays busy is given up with its last problem", async () => {
  const busy = () => json(503, { trace: null, problems: [{ detail: "busy" }] }, { "Retry-After": "1" });
  const api = createApi(worldOf(busy, busy, busy, busy, busy, busy));
  await assert.rejects(api.twin(""), (error) => error instanceof Refused && error.problem?.detail === "busy");
});

test("no answer at all is a refusal with status 0", async () => {
  const api = createApi(worldOf(() => Promise.reject(new TypeError("Failed to fetch"))));
  await assert.rejects(api.twin(""), (error) => error instanceof Refused && error.status === 0);
});

test("a slice is read as float32 with its shape", async () => {
  const world = worldOf(() => new Response(new Float32Array([1, 2, 3, 4, 5, 6]), { headers: { "X-Shape": "2,3" } }));
  const block = await createApi(world).reader("abc", new AbortController().signal)("l0.h", "0,:,3:6", "float32");
  assert.deepEqual(block, { shape: [2, 3], data: new Float32Array([1, 2, 3, 4, 5, 6]) });
  assert.equal(world.asked[0], "/api/v1/traces/abc/tensors/l0.h?index=0%2C%3A%2C3%3A6&format=f32");
});

test("what float32 would round is read as float64", async () => {
  const world = worldOf(() => new Response(new Float64Array([0.1, 2 ** 40]), { headers: { "X-Shape": "2" } }));
  const block = await createApi(world).reader("abc", new AbortController().signal)("tokens", ":", "int64");
  assert.deepEqual(block.data, new Float64Array([0.1, 2 ** 40]));
  assert.equal(world.asked[0], "/api/v1/traces/abc/tensors/tokens?index=%3A&format=f64");
});

test("headers are read with care", () => {
  assert.deepEqual(shapeOf("(10, 20)"), [10, 20]);
  assert.deepEqual(shapeOf(null), []);
  assert.equal(seconds("3"), 3);
  assert.equal(seconds("86400"), 60);
  assert.equal(seconds("Fri, 31 Dec 1999 23:59:59 GMT"), 1);
  assert.deepEqual([...float32(new Uint8Array([0, 0, 128, 63]).buffer)], [1]);
});

/** @param {string | null} field @param {unknown} [expected] */
const problem = (field, expected = null) => /** @type {Problem} */ (/** @type {unknown} */ ({ field, expected }));
const controls = ["hidden_size", "input_size", "text", "batch", "head", "seed", "input_seed", "h0"];
const known = (/** @type {string} */ name) => controls.includes(name);

test("a refusal finds its control by the request's field or by the address's", () => {
  assert.deepEqual(controlOf(problem("model.hidden_size"), known), { arg: "hidden_size", row: 0 });
  assert.deepEqual(controlOf(problem("hidden_size"), known), { arg: "hidden_size", row: 0 });
  assert.deepEqual(controlOf(problem("input.text[2]"), known), { arg: "text", row: 2 });
  assert.deepEqual(controlOf(problem("embedding.embedding_dim"), known), { arg: "input_size", row: 0 });
  assert.deepEqual(controlOf(problem("input.random.seed"), known), { arg: "input_seed", row: 0 });
  assert.deepEqual(controlOf(problem("head.reads"), known), { arg: "head", row: 0 });
  assert.equal(controlOf(problem("loss.kind"), known), null);
  assert.equal(controlOf(problem(null), known), null);
});

test("only a whole number can be offered instead", () => {
  assert.equal(fitting(problem("hidden_size", 512)), 512);
  assert.equal(fitting(problem("hidden_size", "1 … 9")), null);
  assert.equal(fitting(problem("hidden_size", [2, 3])), null);
});

// What the table of products shows, and in which order.

import assert from "node:assert/strict";
import { test } from "node:test";
import { applied, sorted } from "../../static/js/core/products.js";
import { createApi } from "../../static/js/doors/api.js";

/** @typedef {import("../../static/js/types.js").Explained} Explained */
/** @typedef {import("../../static/js/types.js").Product} Product */

/** @param {string} role @param {string} symbol @param {number} value @param {number} [count] 0: by itself @returns {Product} */
const term = (role, symbol, value, count = 0) => ({
  role,
  symbol,
  value,
  count: count || 1,
  from: null,
  factors: count ? [] : [{ symbol, value, apply: "identity", from: { tensor: null, parameter: "w", constant: null, index: [0] } }],
});

/** @param {Partial<Explained>} part */
const answer = (part) => /** @type {Explained} */ ({ tensor: "l0.i", formula: "i = σ(…)", apply: "sigmoid", terms: [], ...part });

test("both biases have rows of their own, in PyTorch's order, wherever they fall by size", () => {
  const terms = [
    term("state_bias", "b_hi[2]", 0.9),
    term("input", "W_ii[2,0] · x[0]", 0.5),
    term("input", "Σ W_ii · x", 0.1, 7),
    term("state", "Σ W_hi · h_prev", 0.05, 6),
    term("input_bias", "Σ b_ii", 0.01, 1),
  ];
  const { products, rests, biases } = sorted(terms);
  assert.deepEqual(products.map(({ symbol }) => symbol), ["W_ii[2,0] · x[0]"]);
  assert.deepEqual(rests.map(({ symbol, count }) => [symbol, count]), [["W_ii · x", 7], ["W_hi · h_prev", 6]]);
  assert.deepEqual(biases.map(({ symbol }) => symbol), ["b_ii", "b_hi[2]"]);
  assert.equal(products.length + rests.length + biases.length, terms.length);
});

test("the function over the sum shows the sum in it", () => {
  const terms = [term("input", "W · x", 1)];
  assert.equal(applied(answer({ terms }), "0.9113"), "σ(0.9113)");
  assert.equal(applied(answer({ terms, apply: "identity" }), "0.9113"), null);
  assert.equal(applied(answer({ terms, apply: "log_softmax" }), "2.0000"), "log_softmax");
});

test("the products of a number are asked for by place, in the page's language", async () => {
  /** @type {string[]} */
  const asked = [];
  const get = async (/** @type {string | URL | Request} */ url) => {
    asked.push(String(url));
    return new Response('{"says": "…"}', { status: 200 });
  };
  const api = createApi({ fetch: get, random: () => 0, sleep: async () => {} });
  const { signal } = new AbortController();
  assert.equal((await api.explain("r1", "l0.i", [0, 1, 2], 12, { lang: "zh", signal })).says, "…");
  assert.deepEqual(asked, ["/api/v1/traces/r1/explain?tensor=l0.i&index=0%2C1%2C2&limit=12&lang=zh"]);
});

test("products that nobody waits for any more are dropped", async () => {
  const going = new AbortController();
  const get = async () => {
    going.abort();
    return new Response("{}", { status: 200 });
  };
  const api = createApi({ fetch: get, random: () => 0, sleep: async () => {} });
  await assert.rejects(api.explain("r1", "l0.i", [0], 12, { lang: "en", signal: going.signal }), { name: "AbortError" });
});

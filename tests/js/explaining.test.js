// When a number is asked for, and what is kept: a fake clock and a fake server.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createStore } from "../../static/js/core/store.js";
import { createExplaining } from "../../static/js/explaining.js";
import { traceOf } from "./trace_fixture.js";

/** @typedef {import("../../static/js/types.js").AppState} AppState */
/** @typedef {import("../../static/js/types.js").CellAt} CellAt */
/** @typedef {import("../../static/js/types.js").Explained} Explained */

/** A page over `trace`, a clock that runs when told, and a server that notes every question. */
function page() {
  const trace = { ...traceOf(), id: "one" };
  const store = createStore(/** @type {AppState} */ ({ trace, cursor: null, pinned: null, explained: null, row: "l0", n: 0, t: 0, lang: "en" }));
  /** @type {{ms: number, then: () => void}[]} */
  let waiting = [];
  /** @type {{cell: string, signal: AbortSignal, answer: (failed?: boolean) => void}[]} */
  const asked = [];
  const stop = createExplaining(
    store,
    ({ tensor, index }, limit, signal) =>
      new Promise((resolve, reject) => {
        asked.push({ cell: `${tensor}[${index.join()}]`, signal, answer: (failed) => (failed ? reject(new Error("no")) : resolve(/** @type {Explained} */ ({ says: tensor }))) });
      }),
    {
      after(ms, then) {
        const entry = { ms, then };
        waiting.push(entry);
        return () => {
          waiting = waiting.filter((one) => one !== entry);
        };
      },
    },
  );
  const run = () => {
    const due = waiting;
    waiting = [];
    for (const { then } of due) then();
    return due.map(({ ms }) => ms);
  };
  return { store, asked, stop, run };
}

const arrives = () => new Promise((resolve) => setImmediate(resolve));

/** @param {number} u @returns {CellAt} */
const gate = (u) => ({ tensor: "l0.i", index: [0, 1, u] });

test("a number is asked for when the pointer rests, a newer one takes its place, a kept one is asked for at once", () => {
  const { store, asked, run } = page();
  for (const u of [0, 1, 2]) store.set({ cursor: gate(u) });
  const [rest, ...more] = run();
  assert.ok(rest >= 60 && rest <= 80);
  assert.deepEqual(more, []);
  assert.deepEqual(asked.map(({ cell }) => cell), ["l0.i[0,1,2]"]);
  store.set({ pinned: gate(1), cursor: null });
  assert.equal(asked[0].signal.aborted, true);
  assert.deepEqual(run(), [0]);
  assert.deepEqual(asked.map(({ cell }) => cell), ["l0.i[0,1,2]", "l0.i[0,1,1]"]);
});

test("another name of a number is explained where the number is made", () => {
  const { store, asked, run } = page();
  store.set({ pinned: { tensor: "h_n", index: [2, 1, 0] } });
  run();
  assert.deepEqual(asked.map(({ cell }) => cell), ["l1.h[1,4,0]"]);
});

test("an answer is kept, so that coming back asks nothing; another trace begins anew", async () => {
  const { store, asked, run } = page();
  for (const u of [0, 1]) {
    store.set({ cursor: gate(u) });
    run();
    asked[u].answer();
    await arrives();
    assert.deepEqual(store.get().explained?.cell, gate(u));
  }
  store.set({ cursor: gate(0) });
  assert.deepEqual(store.get().explained?.cell, gate(0));
  assert.deepEqual(run(), []);
  assert.equal(asked.length, 2);
  store.set({ trace: { ...store.get().trace, id: "two" } });
  assert.equal(store.get().explained, null);
  run();
  assert.equal(asked.length, 3);
});

test("an answer nobody waits for any more is dropped", async () => {
  const { store, asked, run } = page();
  store.set({ cursor: gate(0) });
  run();
  store.set({ cursor: gate(1) });
  asked[0].answer();
  await arrives();
  assert.equal(store.get().explained, null);
});

test("what failed is told, and asked for once more when somebody wants it again", async () => {
  const { store, asked, run } = page();
  store.set({ pinned: gate(0) });
  run();
  asked[0].answer(true);
  await arrives();
  assert.deepEqual(store.get().explained, { cell: gate(0), answer: null });
  assert.deepEqual(run(), []);
  store.set({ explained: null });
  run();
  asked[1].answer();
  await arrives();
  assert.ok(store.get().explained?.answer);
});

test("after its end nothing is asked", () => {
  const { store, asked, stop, run } = page();
  stop();
  store.set({ cursor: gate(0) });
  assert.deepEqual(run(), []);
  assert.deepEqual(asked, []);
});

// What is remembered between visits, and where nothing is kept, within one.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createMemory } from "../../static/js/doors/memory.js";

const kept = () => {
  /** @type {Map<string, string>} */
  const items = new Map();
  return /** @type {Storage} */ (/** @type {unknown} */ ({
    getItem: (/** @type {string} */ key) => items.get(key) ?? null,
    setItem: (/** @type {string} */ key, /** @type {string} */ value) => items.set(key, value),
  }));
};

test("what was kept is there on the next visit, under a name of ours", () => {
  const localStorage = kept();
  createMemory({ localStorage, name: "" }).set("visited", "yes");
  assert.equal(createMemory({ localStorage, name: "" }).get("visited"), "yes");
  assert.equal(localStorage.getItem("unrolled.visited"), "yes");
});

test("a browser that keeps nothing remembers as long as the tab is open, and nothing fails", () => {
  const window = {
    name: "",
    /** @returns {Storage} */
    get localStorage() {
      throw new DOMException("refused", "SecurityError");
    },
  };
  assert.equal(createMemory(window).get("visited"), null);
  createMemory(window).set("visited", "yes");
  assert.equal(createMemory(window).get("visited"), "yes");
});

test("a name that another page gave the tab is none of ours", () => {
  assert.equal(createMemory({ localStorage: kept(), name: "visited=yes" }).get("visited"), null);
});

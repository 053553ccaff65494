// Before a class the scene is as large as the screen holds.

import assert from "node:assert/strict";
import { test } from "node:test";
import { largest } from "../../static/js/scene/fit.js";

/** A drawing that is as high as its blocks need at this width. @param {number} by */
const arrangeAt = (by) => ({ height: 1000 / by > 700 ? 200 : 520 });
/** @param {{height: number}} arranged */
const heightOf = ({ height }) => height;

test("the scene grows until it is as high as the room, not until a wider layout would have been", () => {
  assert.equal(largest(280, arrangeAt, heightOf).magnified, 1.4);
  assert.equal(largest(5000, arrangeAt, heightOf).magnified, 2.6);
  assert.equal(largest(520 * 1.6 + 1, arrangeAt, heightOf).magnified.toFixed(1), "1.6");
});

test("it is never smaller than on the page, and on the page it stays as it is", () => {
  assert.equal(largest(100, arrangeAt, heightOf).magnified, 1);
  assert.equal(largest(0, arrangeAt, heightOf).magnified, 1);
});

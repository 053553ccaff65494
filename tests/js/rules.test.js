/** The rules of eslint.config.js, each shown to catch what it forbids. */
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { ESLint } from "eslint";

const top = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const eslint = new ESLint({ cwd: top, overrideConfigFile: join(top, "tests", "js", "eslint.config.js") });

/** @param {string} path @param {string} code @returns {Promise<(string | null)[]>} the rules that spoke */
async function spoke(path, code) {
  const [result] = await eslint.lintText(code, { filePath: join(top, "static", "js", path) });
  return (result?.messages ?? []).map((message) => message.ruleId ?? message.message);
}

/** @type {[string, string, string, string][]} what the rule says, file, code, rule */
const forbidden = [
  ["a view does not import a view", "views/a.js", 'import "./b.js";', "no-restricted-imports"],
  ["a view does not import a view by another way", "views/a.js", 'import "../views/b.js";', "no-restricted-imports"],
  ["core imports no view", "core/a.js", 'import "../views/b.js";', "no-restricted-imports"],
  ["the scene imports no door", "scene/draw.js", 'import "../doors/api.js";', "no-restricted-imports"],
  ["a door imports no view", "doors/a.js", 'import "../views/b.js";', "no-restricted-imports"],
  ["a view does not fetch", "views/a.js", 'fetch("/api/v1/limits");', "no-restricted-globals"],
  ["a view does not fetch through the global object", "views/a.js", 'globalThis.fetch("/");', "no-restricted-globals"],
  ["main opens no socket", "main.js", 'new WebSocket("/");', "no-restricted-globals"],
  ["main makes no XMLHttpRequest", "main.js", "new XMLHttpRequest();", "no-restricted-globals"],
  ["a view does not touch Plotly", "views/a.js", "Plotly.newPlot();", "no-restricted-globals"],
  ["core does not touch the document", "core/a.js", "document.title;", "no-restricted-globals"],
  ["core does not touch the window", "core/a.js", "window.name;", "no-restricted-globals"],
  ["the network's layout does not touch the document", "network/layout.js", "document.title;", "no-restricted-globals"],
  ...["projection", "layout", "faces", "pick"].map(
    (name) => /** @type {[string, string, string, string]} */ (
      [`scene/${name} does not touch the document`, `scene/${name}.js`, "document.title;", "no-restricted-globals"]
    ),
  ),
  ...["innerHTML", "outerHTML"].map(
    (name) => /** @type {[string, string, string, string]} */ (
      [`nobody sets ${name}`, "views/a.js", `document.body.${name} = "<b>";`, "no-restricted-syntax"]
    ),
  ),
  ["nobody sets innerHTML by its name", "views/a.js", 'document.body["innerHTML"] = "<b>";', "no-restricted-syntax"],
  ["nobody inserts HTML", "doors/a.js", 'document.body.insertAdjacentHTML("beforeend", "<b>");', "no-restricted-syntax"],
  ["nobody writes the document", "views/a.js", 'document.write("<b>");', "no-restricted-syntax"],
  ["nobody sets a style attribute", "views/a.js", 'document.body.setAttribute("style", "top:0");', "no-restricted-syntax"],
  ["nobody makes numbers up", "views/a.js", "Math.random();", "no-restricted-syntax"],
  ["nobody evals", "doors/a.js", 'eval("1");', "no-eval"],
  ["nobody makes functions of strings", "core/a.js", 'new Function("return 1")();', "no-new-func"],
  ["nobody times strings", "views/a.js", 'setTimeout("x()", 1);', "no-implied-eval"],
];

for (const [says, path, code, rule] of forbidden) {
  test(says, async () => assert.deepEqual(await spoke(path, code), [rule]));
}

test("what is allowed passes", async () => {
  assert.deepEqual(await spoke("doors/a.js", 'fetch("/api/v1/limits");'), []);
  assert.deepEqual(await spoke("views/a.js", 'import "../core/b.js";\ndocument.title = "t";'), []);
  assert.deepEqual(await spoke("scene/draw.js", 'import "./layout.js";\ndocument.title = "t";'), []);
});

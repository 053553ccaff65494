/**
 * The rules of static/js that types cannot say: who may import whom, and which files may touch the outside.
 * Run from the top of the repository: eslint --config tests/js/eslint.config.js static/js tests/js tests/bench
 */
import js from "@eslint/js";

/** Text reaches the page through textContent only, and nothing is run from a string. */
const HTML_FROM_STRINGS = [
  {
    selector: "MemberExpression[property.name=/^(innerHTML|outerHTML|insertAdjacentHTML|setHTMLUnsafe|srcdoc|createContextualFragment)$/]",
    message: "Build nodes and set textContent; a string is never parsed as HTML.",
  },
  {
    selector: "MemberExpression[property.value=/^(innerHTML|outerHTML|insertAdjacentHTML|setHTMLUnsafe|srcdoc|createContextualFragment)$/]",
    message: "Build nodes and set textContent; a string is never parsed as HTML.",
  },
  {
    selector: "CallExpression[callee.object.name='document'][callee.property.name=/^(write|writeln)$/]",
    message: "document.write parses a string as HTML.",
  },
  {
    selector: "CallExpression[callee.property.name='setAttribute'][arguments.0.value=/^(style|on.*)$/i]",
    message: "The content security policy blocks style and handler attributes: set .style properties, add listeners.",
  },
];

/** A number on the screen comes out of a trace. Doors may need jitter between two tries. */
const RANDOM = {
  selector: "MemberExpression[object.name='Math'][property.name='random']",
  message: "No number on the screen that PyTorch did not compute.",
};

/** @param {string} message @param {string[]} names */
const restrict = (message, names) => names.map((name) => ({ name, message }));

const OUTSIDE = restrict("Only static/js/doors/ touches the outside; take it as an argument.", [
  "fetch", "XMLHttpRequest", "WebSocket", "EventSource", "Worker", "SharedWorker", "Plotly",
]);

const PAGE = restrict("This file is pure: it gets plain data and returns plain data.", [
  "document", "window", "location", "history", "navigator", "screen", "localStorage", "sessionStorage",
  "requestAnimationFrame", "getComputedStyle", "matchMedia", "HTMLElement", "Image", "alert", "confirm", "prompt",
]);

/** @param {object[]} globals */
const globals = (globals) => ["error", { globals, checkGlobalObject: true, globalObjects: ["self"] }];

/** @param {string} message @param {string[]} group */
const imports = (message, group) => ["error", { patterns: [{ group, message }] }];

export default [
  { ignores: ["**/node_modules/**"] },
  js.configs.recommended,
  {
    // no-implied-eval only looks at names it knows to be global.
    languageOptions: { globals: { setTimeout: "readonly", setInterval: "readonly", window: "readonly" } },
    rules: {
      "no-undef": "off", // tsc knows which names exist
      "no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      eqeqeq: ["error", "always", { null: "ignore" }],
      "no-var": "error",
      "prefer-const": "error",
      "no-eval": "error",
      "no-implied-eval": "error",
      "no-new-func": "error",
      "no-script-url": "error",
    },
  },
  {
    files: ["static/js/**/*.js"],
    rules: {
      "no-restricted-globals": globals(OUTSIDE),
      "no-restricted-syntax": ["error", ...HTML_FROM_STRINGS, RANDOM],
      "no-console": "error",
    },
  },
  {
    files: ["static/js/doors/*.js"],
    rules: {
      "no-restricted-globals": "off",
      "no-restricted-syntax": ["error", ...HTML_FROM_STRINGS],
      "no-restricted-imports": imports("A door knows the outside, not the page.", ["**/views/*", "**/scene/*", "**/network/*"]),
    },
  },
  {
    files: ["static/js/views/*.js"],
    rules: {
      "no-restricted-imports": imports(
        "Views never import views; what two of them need belongs in core/.",
        ["./*", "**/views/*", "**/main.js"],
      ),
    },
  },
  {
    files: ["static/js/scene/*.js", "static/js/network/*.js"],
    rules: {
      "no-restricted-imports": imports("Imports point inward: views → scene, network → core.", ["**/views/*", "**/doors/*", "**/main.js"]),
    },
  },
  {
    files: ["static/js/inside/*.js"],
    rules: {
      "no-restricted-imports": imports("Imports point inward: views → inside → core.", ["**/views/*", "**/scene/*", "**/network/*", "**/main.js"]),
    },
  },
  {
    files: [
      "static/js/core/*.js",
      "static/js/play/*.js",
      "static/js/network/layout.js",
      "static/js/scene/projection.js",
      "static/js/scene/layout.js",
      "static/js/scene/faces.js",
      "static/js/scene/pick.js",
      "static/js/inside/facts.js",
      "static/js/inside/layout.js",
      "static/js/inside/walk.js",
    ],
    rules: { "no-restricted-globals": globals([...OUTSIDE, ...PAGE]) },
  },
  {
    files: ["static/js/play/*.js"],
    rules: {
      "no-restricted-imports": imports("play/ imports nothing but core/.", ["**/views/*", "**/doors/*", "**/scene/*", "**/network/*", "**/main.js"]),
    },
  },
  {
    files: ["static/js/core/*.js"],
    rules: {
      "no-restricted-imports": imports("core/ imports nothing but core/.", ["**/views/*", "**/doors/*", "**/scene/*", "**/network/*", "**/main.js"]),
    },
  },
];

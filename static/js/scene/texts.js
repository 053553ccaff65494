// The scene in words, for those who do not see the canvas: what is shown, how to move, the number under the cursor.

import { fixed } from "../core/format.js";
import { blockOf } from "./blocks.js";
import { axisText, shapeText } from "./layout.js";

/** @typedef {{help: HTMLElement, shown: HTMLElement, cell: HTMLElement}} Texts */

/** @param {string} id  of the scene that they belong to @returns {Texts} */
export function createTexts(id) {
  return { help: hidden(`${id}-help`), shown: hidden(`${id}-shown`), cell: hidden(`${id}-cell`) };
}

/**
 * @param {HTMLElement} host @param {Texts} texts
 * @param {{say: import("../types.js").Say, tensors: import("../types.js").Tensors, state: import("../types.js").AppState, blocks: import("./blocks.js").SceneBlock[]}} what
 */
export function describe(host, texts, { say, tensors, state, blocks }) {
  const { t, n, cursor, trace } = state;
  const named = blocks.map((block) => {
    if (block.kind === "module") return block.op;
    return `${block.name} ${shapeText(block.shape)}: ${block.axes.map((axis, k) => axisText(axis, block.shape[k], say)).join(", ")}`;
  });
  const name = say("scene.name");
  if (host.getAttribute("aria-label") !== name) host.setAttribute("aria-label", name);
  write(texts.help, say("scene.help"));
  write(texts.shown, say("scene.shown", { blocks: named.join("; "), t, n }));
  const at = cursor && blockOf(blocks, cursor.tensor) ? cursor : null;
  if (!at) return write(texts.cell, "");
  const value = tensors.value(at.tensor, at.index);
  const text = value === null ? say("scene.cell_unread") : fixed(value, trace.tensors[at.tensor].dtype);
  write(texts.cell, say("scene.cell", { tensor: at.tensor, index: at.index.join(", "), value: text }));
}

/** @template {keyof HTMLElementTagNameMap} K @param {K} tag @param {Record<string, string>} attributes @returns {HTMLElementTagNameMap[K]} */
export function make(tag, attributes) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

/** Read out, not seen. @param {string} id */
function hidden(id) {
  const node = make("p", { id });
  Object.assign(node.style, { position: "absolute", width: "1px", height: "1px", margin: "-1px", overflow: "hidden", clipPath: "inset(50%)", whiteSpace: "nowrap" });
  return node;
}

/** Only when it differs: a screen reader takes every change for news. @param {HTMLElement} node @param {string} text */
function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

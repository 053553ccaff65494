// Where every block, arrow and word of the scene stands, for one width. Rebuilt from scratch each time; nothing is read back.

import { boxOf, isMerged, lengthsOf, opened } from "./sizes.js";
import { reach } from "./projection.js";
import { badness, wrap } from "./rows.js";
import { plain } from "../core/encoder.js";

/** @typedef {import("./blocks.js").SceneBlock} SceneBlock */
/** @typedef {import("./projection.js").Vec2} Vec2 */
/** @typedef {"name" | "shape" | "axis" | "op" | "note" | "cell"} Role */
/** @typedef {(text: string, role: Role) => number} Measure */
/** @typedef {import("../types.js").Say} Say */
/** @typedef {{text: string, x: number, y: number, role: Role, align: "left" | "center" | "right"}} Label  y is the middle */
/** @typedef {{x: number, y: number, w: number, h: number}} Rect */
/** @typedef {{index: number, x: number, y: number}} RowLabel  where the leader of one final state ends */
/** @typedef {import("./sizes.js").BoxSize & {block: SceneBlock, centre: Vec2, room: Rect, labels: Label[], rows: RowLabel[], pose?: import("./pose.js").Pose}} Placed  a cube without a pose is cut along T */
/** @typedef {{from: Vec2, to: Vec2, labels: Label[]}} Arrow */
/** @typedef {{width: number, bottom: number, placed: Placed[], arrows: Arrow[]}} Layout */

export const LINE = 16;
const padOf = (/** @type {number} */ width) => (width < 600 ? 6 : 12);
const ROW_GAP = 30;
const STACKED = 20; // px between the final states of one column
const BESIDE = 14; // px from a final state to its name
const LEFT = 18; // room beside a cube for the letter of an axis
const WAYS = ["→", "↓", "↗"]; // where the last axis, the one before, and the first of three lead
const MODULE = { w: 112, h: 112 };

/**
 * @typedef {object} Item  one place in the row: a block, or the final states above one another
 * @property {Part[]} parts
 * @property {number} w
 * @property {number} above  px over the middle line, title included
 * @property {number} below
 * @property {Lead | null} lead
 * @property {"with" | "new" | ""} flow  stays in the row of the item before it, or had better begin a row
 */
/** @typedef {{w: number, labels: {text: string, role: Role, dy: number}[]}} Lead  the arrow into an item */
/** @typedef {{block: SceneBlock, box: import("./sizes.js").BoxSize, room: Vec2, title: Words[], side: Words[][], under: Words[], rows: number[]}} Part */
/** @typedef {{text: string, role: Role}} Words */

/**
 * @typedef {object} How
 * @property {number} width
 * @property {number} [zoom]
 * @property {number} [alone]  px of the longest axis where one block has the room to itself
 * @property {Measure} measure
 * @property {Say} say
 * @property {string} [tag]  the widest tag of the current step; it stands to the left of every cube
 * @property {(block: SceneBlock, index: number) => string} rowName  layer and direction of a final state
 * @property {(block: SceneBlock, row: number) => string} [equals]  which part of output a final state equals
 */

/**
 * @param {SceneBlock[]} blocks
 * @param {How} how
 * @returns {Layout}
 */
export function layout(blocks, how) {
  const pad = padOf(how.width);
  const inner = how.width - 2 * pad;
  const rows = fit(blocks, inner, how);

  /** @type {Placed[]} */
  const placed = [];
  /** @type {Arrow[]} */
  const arrows = [];
  let y = 6;
  for (const row of rows) {
    const above = Math.max(...row.map((item) => item.above));
    const below = Math.max(...row.map((item) => item.below));
    const used = row.reduce((sum, item) => sum + item.w + (item.lead?.w ?? 0), 0);
    const slack = Math.min(40, (inner - used) / row.length);
    let x = pad + (inner - used - slack * (row.length - 1)) / 2;
    const middle = y + above;
    for (const [k, item] of row.entries()) {
      const spread = k > 0 ? slack : 0;
      if (item.lead) {
        const w = item.lead.w + spread;
        const labels = item.lead.labels.map(({ text, role, dy }) => ({ text, role, x: x + w / 2, y: middle + dy, align: /** @type {const} */ ("center") }));
        arrows.push({ from: [x + 5, middle], to: [x + w - 5, middle], labels });
        x += w;
      } else x += spread;
      placed.push(...place(item, x, middle, how));
      x += item.w;
    }
    y = middle + below + ROW_GAP;
  }
  return { width: how.width, placed, arrows, bottom: y - ROW_GAP + 16 };
}

/**
 * The largest drawing that breaks into rows as well as the smallest one does.
 * @param {SceneBlock[]} blocks @param {number} inner @param {How} how @returns {Item[][]}
 */
function fit(blocks, inner, how) {
  if (how.alone) return wrap(itemsOf(blocks, how.alone, how), inner);
  const [least, most] = how.width >= 780 ? [64, 176] : how.width >= 600 ? [92, 150] : [76, 116];
  const drawn = (/** @type {number} */ longest) => wrap(itemsOf(blocks, longest, how), inner);
  let longest = least;
  const wanted = badness(drawn(least));
  for (let more = most; more > least && longest === least; more -= 4) if (badness(drawn(more)) <= wanted) longest = more;
  return drawn(Math.min(longest * (how.zoom ?? 1), inner * 0.62));
}

/** @param {SceneBlock[]} blocks @param {number} longest @param {How} how @returns {Item[]} */
function itemsOf(blocks, longest, how) {
  const lengthOf = lengthsOf(blocks, longest);
  /** @type {Item[]} */
  const items = [];
  for (const block of blocks) {
    const part = partOf(block, lengthOf, how);
    const before = items.at(-1);
    if (block.kind === "ends" && before?.parts[0].block.kind === "ends") {
      before.parts.push(part);
      const height = before.parts.reduce((sum, p) => sum + endsHeight(p), 0) + STACKED * (before.parts.length - 1);
      Object.assign(before, { w: Math.max(before.w, widthOf(part, how)), above: height / 2, below: height / 2 });
      continue;
    }
    const ends = block.kind === "ends";
    const tall = ends ? endsHeight(part) : part.room[1];
    items.push({
      parts: [part],
      w: widthOf(part, how),
      above: tall / 2 + (ends ? 0 : titleHeight(part)),
      below: tall / 2 + (ends ? 0 : underHeight(part)),
      lead: leadOf(block, before ?? null, how),
      flow: block.kind === "ends" ? "with" : before?.parts[0].block.kind === "ends" ? "new" : "",
    });
  }
  return items;
}

/** @param {SceneBlock} block @param {import("./sizes.js").LengthOf} lengthOf @param {How} how @returns {Part} */
function partOf(block, lengthOf, how) {
  const { say } = how;
  if (block.kind === "module") {
    const box = { size: /** @type {[number, number, number]} */ ([MODULE.w, MODULE.h, 0]), gap: 0, lift: 0, thick: 0 };
    return { block, box, room: [MODULE.w, MODULE.h], title: [], side: [], under: [], rows: [] };
  }
  const box = boxOf(block, lengthOf);
  /** @type {Words} */
  const name = { text: block.plane ? planeText(block.name, block.plane) : block.also ? `${block.name} = ${block.also}` : block.name, role: "name" };
  /** @type {Words} */
  const shape = { text: shapeText(block.shape), role: "shape" };
  const axes = block.axes.flatMap((_, k) => axisLines(block, k, how));
  const merged = block.axes.findIndex((axis, k) => isMerged(axis) && block.shape[k] > 64);
  if (merged >= 0) axes.push({ text: say("scene.compressed", { rows: block.shape[merged] }), role: "axis" });
  const size = opened(box, block);
  if (block.kind !== "ends") {
    const room = block.kind === "sheet" ? /** @type {Vec2} */ ([size[0], size[1]]) : reach(size);
    const both = block.also && how.width < 600; // two names of a phone's width leave room for nothing beside them
    /** @type {Words[]} */
    const names = both ? [{ text: block.name, role: "name" }, { text: `= ${block.also}`, role: "name" }] : [name];
    return { block, box, room, title: [...names, shape], side: [], under: axes, rows: [] };
  }
  const rows = shownRows(block.shape[0]).reverse(); // the last one lies furthest back, which is highest on the page
  /** @type {Words[][]} */
  const side = [];
  for (const row of rows) {
    if (row < 0) side.push([{ text: "⋮", role: "axis" }]);
    else {
      side.push([{ text: `[${row}] ${how.rowName(block, row)}`, role: "note" }]);
      const same = how.equals?.(block, row);
      if (same) side.push([{ text: `= ${same}`, role: "op" }]);
    }
  }
  return { block, box, room: reach(size), title: [name, shape], side, under: axes, rows };
}

/** Up to four final states are all named; of more, the first and the last two. @param {number} count @returns {number[]} -1 for "and so on" */
export const shownRows = (count) => (count <= 4 ? Array.from({ length: count }, (_, k) => k) : [0, -1, count - 2, count - 1]);

/** @param {Part} part */
const titleHeight = ({ block, title }) => (title.length ? title.length * LINE + (block.name === "tokens" ? 24 : 10) : 0);
/** @param {Part} part */
const underHeight = ({ block, under }) => (under.length ? belowOf(block) + under.length * LINE : 0);
/** The letters of a cube's axes stand between it and its words. @param {SceneBlock} block */
const belowOf = ({ kind }) => (kind === "cube" ? 18 : 8);
/** The whole of a final state: its name in one line, its picture and row names, its axes. @param {Part} part */
const endsHeight = (part) => LINE + 6 + bodyHeight(part) + 4 + part.under.length * LINE;
/** @param {Part} part */
const bodyHeight = ({ room, side }) => Math.max(room[1], side.length * LINE);

/** @param {Words[]} words @param {Measure} measure */
const lineWidth = (words, measure) => words.reduce((sum, w) => sum + measure(w.text, w.role), 8 * (words.length - 1));

/** px to the left of a cube. @param {SceneBlock} block @param {How} how */
const leftOf = (block, how) => (block.cut >= 0 && how.tag ? Math.max(LEFT, how.measure(how.tag, "cell") + 10) : LEFT);

/** @param {Part} part @param {How} how */
function widthOf(part, how) {
  if (part.block.kind !== "ends") {
    const [left, right] = halvesOf(part, how);
    return left + right;
  }
  const { title, under } = part;
  const texts = [lineWidth(title, how.measure), ...under.map(({ text, role }) => how.measure(text, role))];
  return LEFT + Math.max(pictureWidth(part, how), ...texts);
}

/** px to the left and to the right of a block's own middle, above which its words are centred. @param {Part} part @param {How} how @returns {Vec2} */
function halvesOf({ block, room, title, under }, how) {
  const half = Math.max(0, ...[...title, ...under].map(({ text, role }) => how.measure(text, role) / 2));
  if (block.kind !== "cube") return [Math.max(half, room[0] / 2), Math.max(half, room[0] / 2)];
  return [Math.max(half, room[0] / 2 + leftOf(block, how)), Math.max(half, room[0] / 2 + LEFT)];
}

/** Final states with their names beside them. @param {Part} part @param {How} how */
const pictureWidth = ({ room, side }, how) => room[0] + BESIDE + Math.max(0, ...side.map((line) => lineWidth(line, how.measure)));

/** The arrow into a block; names its source when that is not the block before it. @param {SceneBlock} block @param {Item | null} before @param {How} how @returns {Lead | null} */
function leadOf(block, before, how) {
  if (!block.from || !before || block.kind === "ends") return null;
  const prior = before.parts.length === 1 ? before.parts[0].block : null;
  const adjacent = prior && [prior.name, prior.also].includes(block.from);
  const above = block.kind === "module" ? "" : block.op === "name" ? "=" : block.op;
  /** @type {Lead["labels"]} */
  const labels = [];
  if (above) labels.push({ text: above, role: "op", dy: -12 });
  if (!adjacent && plain(block.from) !== "rnn") labels.push({ text: block.from, role: "op", dy: 13 });
  if (block.starts) labels.push({ text: block.starts, role: "op", dy: 13 });
  return { w: Math.max(how.width < 600 ? 26 : how.width < 960 ? 32 : 40, ...labels.map((label) => how.measure(label.text, label.role) + 10)), labels };
}

/** @param {Item} item @param {number} x @param {number} middle @param {How} how @returns {Placed[]} */
function place(item, x, middle, how) {
  if (item.parts[0].block.kind !== "ends") return [placeOne(item.parts[0], x, middle, how)];
  let top = middle - item.above;
  return item.parts.map((part) => {
    const placed = placeEnds(part, item.w, x, top, how);
    top += endsHeight(part) + STACKED;
    return placed;
  });
}

/** @param {Part} part @param {number} x @param {number} middle @param {How} how @returns {Placed} */
function placeOne(part, x, middle, how) {
  const { block, box, room, title, under } = part;
  const axis = x + halvesOf(part, how)[0];
  const left = axis - room[0] / 2;
  const first = middle - room[1] / 2 - titleHeight(part);
  const below = middle + room[1] / 2 + belowOf(block);
  const labels = [...lines(title, axis, first), ...lines(under, axis, below)];
  return { ...box, block, centre: [axis, middle], room: { x: left, y: middle - room[1] / 2, w: room[0], h: room[1] }, labels, rows: [] };
}

/** @param {Part} part @param {number} w @param {number} x @param {number} top @param {How} how @returns {Placed} */
function placeEnds(part, w, x, top, how) {
  const { block, box, room, title, side, under } = part;
  const body = bodyHeight(part);
  const axis = x + (w + LEFT) / 2;
  const left = axis - pictureWidth(part, how) / 2;
  const middle = top + LINE + 6 + body / 2;
  /** @type {Label[]} */
  const labels = lines(under, axis, top + LINE + 10 + body);
  let at = axis - lineWidth(title, how.measure) / 2;
  for (const { text, role } of title) {
    labels.push({ text, role, x: at, y: top + LINE / 2, align: "left" });
    at += how.measure(text, role) + 8;
  }
  /** @type {RowLabel[]} */
  const rows = [];
  const column = left + room[0] + BESIDE;
  const named = part.rows.filter((row) => row >= 0);
  side.forEach(([{ text, role }], k) => {
    const y = middle + (k + 0.5 - side.length / 2) * LINE;
    labels.push({ text, role, x: column, y, align: "left" });
    if (role === "note") rows.push({ index: Number(named.shift()), x: column - 4, y });
  });
  return { ...box, block, centre: [left + room[0] / 2, middle], room: { x: left, y: middle - room[1] / 2, w: room[0], h: room[1] }, labels, rows };
}

/** Centred lines, one below the other. @param {Words[]} words @param {number} x @param {number} top @returns {Label[]} */
const lines = (words, x, top) => words.map(({ text, role }, k) => ({ text, role, x, y: top + (k + 0.5) * LINE, align: /** @type {const} */ ("center") }));

/** (2, 5, 8) as Python writes it. @param {number[]} shape */
export const shapeText = (shape) => `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;

/** output[:, 3] @param {string} name @param {{axis: number, index: number}} plane */
const planeText = (name, { axis, index }) => `${name}[${[...Array(axis).fill(":"), index].join(", ")}]`;

/** One line, or two where the words are long and room is short. @param {SceneBlock} block @param {number} k @param {How} how @returns {Words[]} */
function axisLines({ kind, axes, shape }, k, { width, measure, say }) {
  const way = WAYS[axes.length - 1 - k];
  const text = `${way} ${axisText(axes[k], shape[k], say)}`;
  /** @type {Role} */
  const role = "axis";
  const narrow = width < (kind === "ends" ? 960 : 600) || (kind !== "ends" && isMerged(axes[k]) && shape[k] > 64);
  const long = narrow && measure(text, role) >= 125;
  if (!long) return [{ text, role }];
  const words = say(`scene.axis.${axes[k]}`).slice(axes[k].length).trim();
  return [{ text: `${way} ${say("scene.axis_size", { axis: axes[k], size: shape[k] })}`, role }, { text: words, role }];
}

/** "N (batch) = 2"; an axis that the catalogue does not know keeps torch's bare name. @param {string} axis @param {number} size @param {Say} say */
export function axisText(axis, size, say) {
  const key = `scene.axis.${axis}`;
  const name = say(key);
  return say("scene.axis_size", { axis: name === key ? axis : name, size });
}

// Every arrow of the unrolled network: h and c along the rows in the order they are computed, x and h upward.

/** @typedef {import("./layout.js").Net} Net */
/** @typedef {import("./layout.js").Box} Box */
/** @typedef {import("./layout.js").NodeBox} NodeBox */
/** @typedef {import("./layout.js").Layout} Layout */
/** @typedef {{x: number, y: number}} Point */
/** `skips`: steps lie between its ends that are not drawn (outside the window) or not computed (padding). `gaps`: where
 * another line passes over it.
 * @typedef {{kind: "h" | "c" | "x" | "up", points: Point[], skips: boolean, row: number | null, gaps?: Point[]}} Arrow */
/** @typedef {Pick<Layout, "columns" | "cells" | "bars" | "ends" | "inputs" | "outputs" | "gutter">} Places */

const PASS = 0.35; // of the gutter: a passing line keeps clear of the arrow heads on its far side
const GAP = 3.5; // px to either side of a line that passes over
const LEFT = 0.32; // of a cell's width: where the forward half goes up
const RIGHT = 0.68; // …and the backward half

/**
 * Every arrow. A row's line leaves a gap where an upward line passes over it without touching it.
 * @param {Net} net
 * @param {Places} places
 * @param {number} live steps of the sample that are computed
 * @returns {Arrow[]}
 */
export function arrowsOf(net, places, live) {
  if (net.directions === 1) return [...alongRows(net, places, live), ...straightUp(net, places)];
  const { arrows, bridges } = bothWays(net, places);
  const along = alongRows(net, places, live).map((arrow) => ({ ...arrow, gaps: bridges.filter(({ x, y }) => {
    const [a, b] = arrow.points;
    return y === a.y && x > Math.min(a.x, b.x) && x < Math.max(a.x, b.x);
  }) }));
  return [...along, ...arrows];
}

/**
 * Each row is a chain: what enters, its computed cells, what leaves. A backward row's chain is drawn right to left.
 * @param {Net} net
 * @param {Places} places
 * @param {number} live
 * @returns {Arrow[]}
 */
function alongRows(net, { cells, ends }, live) {
  /** @type {Arrow[]} */
  const arrows = [];
  for (const row of net.rows)
    for (const kind of /** @type {const} */ (["c", "h"])) {
      if (kind === "c" && !net.hasC) continue;
      const inRow = cells.filter((cell) => cell.row === row.index && cell.live).sort((a, b) => a.t - b.t);
      const atEnds = ends.filter((end) => end.row === row.index && end.tensor.startsWith(kind));
      /** @param {Box} box @param {Box} lane */
      const stop = (box, lane) => ({ from: box.x, to: box.x + box.w, y: lane.y + lane.h / 2 });
      const stops = [
        ...atEnds.filter((end) => end.side === "left").map((end) => ({ ...stop(end.box, end.box), t: -1 })),
        ...inRow.map((cell) => ({ ...stop(cell.box, (kind === "c" ? cell.c : cell.h) ?? cell.h), t: cell.t })),
        ...atEnds.filter((end) => end.side === "right").map((end) => ({ ...stop(end.box, end.box), t: live })),
      ];
      for (let k = 1; k < stops.length; k++) {
        const a = stops[k - 1];
        const b = stops[k];
        const points = [{ x: a.to, y: a.y }, { x: b.from, y: b.y }];
        if (row.direction === "backward") points.reverse();
        arrows.push({ kind, points, skips: b.t - a.t > 1, row: row.index });
      }
    }
  return arrows;
}

/**
 * One direction: x, then each layer's h, straight up to output.
 * @param {Net} net
 * @param {Places} places
 * @returns {Arrow[]}
 */
function straightUp(net, { columns, cells, inputs, outputs }) {
  /** @type {Arrow[]} */
  const arrows = [];
  columns.forEach(({ t, center }, k) => {
    const stack = [inputs[k], ...net.rows.map((row) => cells.find((cell) => cell.row === row.index && cell.t === t)), outputs[k]];
    for (let level = 1; level < stack.length; level++) {
      const below = stack[level - 1];
      const above = stack[level];
      if (!below || !above || [below, above].some((node) => "live" in node && !node.live)) continue;
      const points = [{ x: center, y: below.box.y }, { x: center, y: above.box.y + above.box.h }];
      arrows.push({ kind: level === 1 ? "x" : "up", points, skips: false, row: level === 1 ? null : level - 2 });
    }
  });
  return arrows;
}

/**
 * Two directions: both read the same input (x, or the two halves of the layer below side by side), and neither reads
 * the other; so the line to the backward row passes the forward cell on its right, and the forward h passes the
 * backward cell on its left.
 * @param {Net} net
 * @param {Places} places
 * @returns {{arrows: Arrow[], bridges: Point[]}}
 */
function bothWays(net, { columns, cells, bars, inputs, outputs, gutter }) {
  /** @type {Arrow[]} */
  const arrows = [];
  /** @type {Point[]} */
  const bridges = [];
  columns.forEach(({ t, x, w }, k) => {
    const a = x + w * LEFT;
    const b = x + w * RIGHT;
    const passLeft = x - gutter * PASS;
    const passRight = x + w + gutter * PASS;
    for (let layer = 0; layer < net.layers; layer++) {
      const forward = cells.find((cell) => cell.row === layer * 2 && cell.t === t);
      const backward = cells.find((cell) => cell.row === layer * 2 + 1 && cell.t === t);
      const source = layer === 0 ? inputs[k] : bars.find((bar) => bar.layer === layer - 1 && bar.t === t);
      const target = layer === net.layers - 1 ? outputs[k] : bars.find((bar) => bar.layer === layer && bar.t === t);
      if (!forward?.live || !backward || !source || !target) continue;
      const from = source.box.y;
      const foot = forward.box.y + forward.box.h;
      const middle = (forward.box.y + backward.box.y + backward.box.h) / 2;
      const foot2 = backward.box.y + backward.box.h;
      const to = target.box.y + target.box.h;
      const low = (from + foot) / 2 + 2;
      const high = (backward.box.y + to) / 2 - 2;
      const kind = layer === 0 ? "x" : "up";
      const row = layer === 0 ? null : layer * 2 - 1;
      arrows.push({ kind, row, skips: false, points: [{ x: a, y: from }, { x: a, y: foot }] });
      arrows.push({ kind, row, skips: false, points: bend(b, from, low, passRight, middle, b, foot2) });
      arrows.push({ kind: "up", row: layer * 2, skips: false, points: bend(a, forward.box.y, middle, passLeft, high, a, to) });
      arrows.push({ kind: "up", row: layer * 2 + 1, skips: false, points: [{ x: b, y: backward.box.y }, { x: b, y: to }] });
      for (const lane of [forward.h, forward.c]) if (lane) bridges.push({ x: passRight, y: lane.y + lane.h / 2 });
      for (const lane of [backward.h, backward.c]) if (lane) bridges.push({ x: passLeft, y: lane.y + lane.h / 2 });
    }
  });
  return { arrows, bridges };
}

/**
 * Up from (x, y) to y1, across to `pass`, up to y2, back to x3, up to y3.
 * @param {number} x @param {number} y @param {number} y1 @param {number} pass @param {number} y2 @param {number} x3 @param {number} y3
 * @returns {Point[]}
 */
function bend(x, y, y1, pass, y2, x3, y3) {
  return [{ x, y }, { x, y: y1 }, { x: pass, y: y1 }, { x: pass, y: y2 }, { x: x3, y: y2 }, { x: x3, y: y3 }];
}

/**
 * The line of an arrow as an SVG path with rounded corners, ending where its head begins.
 * @param {Arrow} arrow
 * @param {number} head length of the head, px
 * @param {number} radius
 */
export function linePath({ points, gaps = [] }, head, radius) {
  const end = back(points, head);
  const all = [...points.slice(0, -1), end];
  let path = "";
  if (gaps.length) {
    const cuts = [...gaps].sort((a, b) => Math.abs(a.x - points[0].x) - Math.abs(b.x - points[0].x));
    let from = points[0];
    for (const cut of [...cuts, null]) {
      const to = cut ? toward(cut, from, GAP) : end;
      path += `M${num(from.x)} ${num(from.y)}L${num(to.x)} ${num(to.y)}`;
      if (cut) from = toward(cut, end, GAP);
    }
    return path;
  }
  all.forEach((point, k) => {
    const before = all[k - 1];
    const after = all[k + 1];
    if (!before) path += `M${num(point.x)} ${num(point.y)}`;
    else if (!after) path += `L${num(point.x)} ${num(point.y)}`;
    else {
      const enter = toward(point, before, radius);
      const leave = toward(point, after, radius);
      path += `L${num(enter.x)} ${num(enter.y)}Q${num(point.x)} ${num(point.y)} ${num(leave.x)} ${num(leave.y)}`;
    }
  });
  return path;
}

/**
 * The head of an arrow as an SVG path: its tip is exactly the last point.
 * @param {Point[]} points
 * @param {number} length
 * @param {number} half half of its width
 */
export function headPath(points, length, half) {
  const tip = points[points.length - 1];
  const base = back(points, length);
  const ux = (tip.x - base.x) / length;
  const uy = (tip.y - base.y) / length;
  const left = { x: base.x - uy * half, y: base.y + ux * half };
  const right = { x: base.x + uy * half, y: base.y - ux * half };
  return `M${num(tip.x)} ${num(tip.y)}L${num(left.x)} ${num(left.y)}L${num(right.x)} ${num(right.y)}Z`;
}

/** @param {Point[]} points @param {number} length */
function back(points, length) {
  const tip = points[points.length - 1];
  return toward(tip, points[points.length - 2], length);
}

/** @param {Point} from @param {Point} to @param {number} distance */
function toward(from, to, distance) {
  const d = Math.hypot(to.x - from.x, to.y - from.y) || 1;
  const part = Math.min(distance, d) / d;
  return { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part };
}

/** @param {number} value */
function num(value) {
  return Math.round(value * 100) / 100;
}

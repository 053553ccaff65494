// The small drawings around the data: arrows, words, tags, connectors, and the block of the recurrent module.

/** @typedef {import("./draw.js").Palette} Palette */
/** @typedef {import("./layout.js").Label} Label */
/** @typedef {import("./layout.js").Role} Role */
/** @typedef {import("./projection.js").Vec2} Vec2 */

/** @param {Role} role @param {{text: string, code: string}} families @returns {string} a canvas font */
export function fontOf(role, { text, code }) {
  if (role === "name") return `600 14px ${code}`;
  if (role === "shape") return `12.5px ${code}`;
  if (role === "op" || role === "cell") return `11.5px ${code}`;
  return `11.75px ${text}`;
}

/** `haloed` where a line passes behind the words. @param {CanvasRenderingContext2D} ctx @param {Label} label @param {Palette} palette */
export function drawLabel(ctx, { text, x, y, role, align }, palette, haloed = false) {
  ctx.font = fontOf(role, palette);
  ctx.textAlign = align;
  ctx.textBaseline = "middle";
  if (haloed) {
    ctx.strokeStyle = palette.paper;
    ctx.lineWidth = 5;
    ctx.strokeText(text, x, y);
  }
  ctx.fillStyle = role === "name" || role === "note" ? palette.ink : palette.inkSoft;
  ctx.fillText(text, x, y);
}

/** @param {CanvasRenderingContext2D} ctx @param {import("./layout.js").Arrow} arrow @param {Palette} palette */
export function drawArrow(ctx, { from, to }, palette) {
  ctx.strokeStyle = ctx.fillStyle = palette.strong;
  ctx.lineWidth = 1.25;
  ctx.beginPath();
  ctx.moveTo(...from);
  ctx.lineTo(to[0] - 5, to[1]);
  ctx.stroke();
  arrowHead(ctx, to, [1, 0], 7);
}

/** @param {CanvasRenderingContext2D} ctx @param {Vec2} tip @param {Vec2} way unit vector @param {number} length */
function arrowHead(ctx, [x, y], [dx, dy], length) {
  const half = length * 0.48;
  ctx.beginPath();
  ctx.moveTo(x, y);
  ctx.lineTo(x - dx * length - dy * half, y - dy * length + dx * half);
  ctx.lineTo(x - dx * length + dy * half, y - dy * length - dx * half);
  ctx.closePath();
  ctx.fill();
}

/** A thin curve: these numbers are those numbers. @param {CanvasRenderingContext2D} ctx @param {Vec2} from @param {Vec2} to @param {Palette} palette */
export function drawConnector(ctx, from, to, palette) {
  ctx.beginPath();
  ctx.moveTo(...from);
  // most of the rise happens near its end, where no words stand
  const near = to[0] > from[0] + 30 ? to[0] - 12 : to[0] - 40;
  ctx.bezierCurveTo(Math.max(near, from[0] + 20), from[1], near - 14, to[1], to[0], to[1]);
  ctx.strokeStyle = palette.h;
  ctx.lineWidth = 1.25;
  ctx.stroke();
  ctx.fillStyle = palette.h;
  for (const [x, y] of [from, to]) {
    ctx.beginPath();
    ctx.arc(x, y, 2.5, 0, 2 * Math.PI);
    ctx.fill();
  }
}

/** @param {CanvasRenderingContext2D} ctx @param {string} text @param {number} x right edge, or middle @param {number} y middle @param {Palette} palette @param {"right" | "center"} [align] */
export function drawTag(ctx, text, x, y, palette, align = "right") {
  ctx.font = `600 11.5px ${palette.code}`;
  ctx.textAlign = align;
  ctx.textBaseline = "middle";
  ctx.fillStyle = palette.ink;
  ctx.fillText(text, x, y + 0.5);
}

/**
 * The recurrent module: its rows (layers × directions) as chains of cells. A picture of the structure, not of numbers,
 * so it has none of the colours of the data.
 * @param {CanvasRenderingContext2D} ctx @param {import("./layout.js").Placed} placed @param {import("./draw.js").Scene} scene
 */
export function drawModule(ctx, { room, centre, block }, { palette, modules, film }) {
  const module = modules[block.name];
  ctx.beginPath();
  ctx.roundRect(room.x + 0.5, room.y + 0.5, room.w - 1, room.h - 1, 8);
  ctx.fillStyle = palette.panel;
  ctx.fill();
  ctx.strokeStyle = palette.strong;
  ctx.lineWidth = 1;
  ctx.stroke();
  const words = (/** @type {string} */ text, /** @type {number} */ y, /** @type {Role} */ role) =>
    drawLabel(ctx, { text, x: centre[0], y, role, align: "center" }, palette);
  words(module.cell, room.y + 18, "name");
  words(module.sizes, room.y + 35, "shape");
  const { shown, first, pitch } = chainsOf(room, module);
  const side = Math.min(10, pitch - 4);
  const at = film?.computing?.module === block.name ? film.computing : null;
  for (let row = 0; row < shown; row++) {
    const back = module.both && row % 2 === 1;
    const y = first - row * pitch;
    const works = at && Math.min(at.row.index, shown - 1) === row ? Math.round((4 * at.step) / Math.max(1, at.steps - 1)) : -1;
    chain(ctx, centre[0], y, side, { back, works }, palette);
  }
}

/** How many rows are drawn, the lowest one's height, and how far they are apart. @param {{y: number, h: number}} room @param {{layers: number, both: boolean}} module */
function chainsOf(room, { layers, both }) {
  const shown = Math.min(layers * (both ? 2 : 1), 4);
  const [top, bottom] = [room.y + 50, room.y + room.h - 12];
  const pitch = Math.min(17, (bottom - top) / shown);
  return { shown, pitch, first: (top + bottom + (shown - 1) * pitch) / 2 };
}

/** The middle of a row of the module. @param {import("./layout.js").Placed} placed @param {{layers: number, both: boolean}} module @param {number} row @returns {Vec2} */
export function chainAt({ room, centre }, module, row) {
  const { shown, first, pitch } = chainsOf(room, module);
  return [centre[0], first - Math.min(row, shown - 1) * pitch];
}

/** Five cells with an arrow between them; works: the one at work, −1 for none. @param {CanvasRenderingContext2D} ctx @param {number} middle @param {number} y @param {number} side @param {{back: boolean, works: number}} how @param {Palette} palette */
function chain(ctx, middle, y, side, { back, works }, palette) {
  const pitch = 21;
  for (let k = 0; k < 5; k++) {
    const x = middle + (k - 2) * pitch;
    ctx.beginPath();
    ctx.roundRect(x - side / 2, y - side / 2, side, side, 2);
    ctx.fillStyle = k === works ? palette.now : palette.paper;
    ctx.fill();
    ctx.strokeStyle = palette.strong;
    ctx.lineWidth = 1;
    ctx.stroke();
    if (k === 4) break;
    const [from, to] = back ? [x + pitch - side / 2 - 1, x + side / 2 + 1] : [x + side / 2 + 1, x + pitch - side / 2 - 1];
    ctx.beginPath();
    ctx.moveTo(from, y);
    ctx.lineTo(to, y);
    ctx.strokeStyle = ctx.fillStyle = palette.h;
    ctx.stroke();
    arrowHead(ctx, [to, y], [back ? -1 : 1, 0], 4.5);
  }
}

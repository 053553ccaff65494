// From wire to wire by arrow keys: the nearest one that lies that way.

/** @typedef {import("./layout.js").Diagram} Diagram */

const WAYS = /** @type {{[key: string]: [number, number]}} */ ({ ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] });
const ASIDE = 2.5; // a wire that lies aside counts as this many times as far

/** @param {Diagram} diagram @param {string} id @param {string} key @returns {string | null} null: no such key, or nothing there */
export function nextWire({ wires, gates }, id, key) {
  const way = Object.hasOwn(WAYS, key) ? WAYS[key] : null;
  const places = wires.map((wire) => ({ id: wire.id, at: wire.label ?? middleOf(wire.points) }));
  const gate = gates.find(({ quantity }) => quantity === id && !wires.some((wire) => wire.id === id));
  const from = places.find((one) => one.id === id)?.at ?? (gate && { x: gate.x + gate.w / 2, y: gate.y });
  if (!way || !from) return null;
  let best = { id: /** @type {string | null} */ (null), cost: Infinity };
  for (const one of places) {
    const [dx, dy] = [one.at.x - from.x, one.at.y - from.y];
    const along = dx * way[0] + dy * way[1];
    const cost = along + ASIDE * Math.abs(dx * way[1] + dy * way[0]);
    if (one.id !== id && along > 2 && cost < best.cost) best = { id: one.id, cost };
  }
  return best.id;
}

/** @param {[number, number][]} points */
function middleOf(points) {
  const [[ax, ay], [bx, by]] = [points[0], points[points.length - 1]];
  return { x: (ax + bx) / 2, y: (ay + by) / 2 };
}

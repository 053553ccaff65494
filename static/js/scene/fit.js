// How large the scene is drawn before a class: everything at once, type too, as large as the screen holds without scrolling.

const LARGEST = 2.6;
const STEP = 0.1;

/**
 * The largest magnification at which the drawing is no higher than the room; 1 where even the page's own size is.
 * @template A
 * @param {number} room  css px; 0: there is no such limit, and nothing is magnified
 * @param {(magnified: number) => A} arrangeAt  the drawing for a width that is smaller by as much
 * @param {(arranged: A) => number} heightOf  in the drawing's own px
 * @returns {{magnified: number, arranged: A}}
 */
export function largest(room, arrangeAt, heightOf) {
  if (room <= 0) return { magnified: 1, arranged: arrangeAt(1) };
  const steps = Math.round((LARGEST - 1) / STEP);
  for (let k = steps; k > 0; k--) {
    const magnified = 1 + k * STEP;
    const arranged = arrangeAt(magnified);
    if (heightOf(arranged) * magnified <= room) return { magnified, arranged };
  }
  return { magnified: 1, arranged: arrangeAt(1) };
}

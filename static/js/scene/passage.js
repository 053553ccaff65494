// The way from one depth to the next: a still of what was shown grows (or shrinks) and fades while the new picture comes up.

const LASTS = 340; // ms
const EASE = "cubic-bezier(0.3, 0, 0.2, 1)";
const CLOSER = 2.4; // times as large as it was, when it is gone

/**
 * Called before the new picture is drawn.
 * @param {HTMLElement} stage  what holds the pictures; nothing of the still reaches beyond it
 * @param {boolean} deeper
 * @param {[number, number]} origin  px in the stage: what is gone into stays under this point
 */
export function passage(stage, deeper, [x, y]) {
  for (const old of stage.querySelectorAll(":scope > .still")) old.remove();
  const shown = [...stage.children].filter((child) => child instanceof HTMLElement && !child.hidden);
  const still = document.createElement("div");
  still.className = "still";
  still.setAttribute("aria-hidden", "true");
  still.inert = true;
  still.append(...shown.map(stillOf));
  stage.append(still);
  still.style.transformOrigin = `${x}px ${y}px`;
  const scale = deeper ? CLOSER : 1 / CLOSER;
  const gone = still.animate([{ transform: "scale(1)", opacity: 1 }, { transform: `scale(${scale})`, opacity: 0 }], { duration: LASTS, easing: EASE, fill: "forwards" });
  gone.onfinish = gone.oncancel = () => still.remove();
  for (const child of stage.children) {
    if (child === still || !(child instanceof HTMLElement)) continue;
    child.style.transformOrigin = still.style.transformOrigin;
    child.animate([{ transform: `scale(${1 + (1 / scale - 1) * 0.35})`, opacity: 0 }, { transform: "none", opacity: 1 }], { duration: LASTS, easing: EASE });
  }
}

/** A copy that nothing answers to: no names, no test hooks, and what was painted as it is. @param {Element} shown */
function stillOf(shown) {
  const copy = /** @type {HTMLElement} */ (shown.cloneNode(true));
  const painted = shown.querySelectorAll("canvas");
  copy.querySelectorAll("canvas").forEach((canvas, k) => {
    if (painted[k].width && painted[k].height) canvas.getContext("2d")?.drawImage(painted[k], 0, 0);
  });
  for (const node of [copy, ...copy.querySelectorAll("*")]) for (const name of ["id", "data-testid", "aria-live", "for", "name"]) node.removeAttribute(name);
  return copy;
}

// Which steps read and which answer: a small drawing of the run, the sentence it stands for, the task's control.

import { drawn, wayOf, withTask } from "../core/task.js";
import { el as make, find, svg } from "../doors/dom.js";

/** @typedef {import("../core/task.js").Way} Way */
/** @typedef {import("../types.js").FlatState} FlatState */

const PITCH = 25; // px from step to step
const CELL = { w: 15, h: 13 };
const TOP = 5; // where answers stand
const MIDDLE = 26;
const BOTTOM = 47; // where what is read stands
const CROSSING = 62; // px between the encoder's last step and the decoder's first

/** @type {import("../types.js").Mount} */
export function mountWay(el, store, context) {
  const life = new AbortController();
  const { signal } = life;
  const figure = find(el, '[data-role="figure"]');
  const steps = /** @type {HTMLInputElement} */ (find(el, '[data-arg="decode_steps"]'));

  el.addEventListener(
    "change",
    ({ target }) => {
      if (target instanceof HTMLInputElement && target.name === "task") context.ask(withTask(/** @type {FlatState["task"]} */ (target.value), store.get().asked));
    },
    { signal },
  );
  steps.addEventListener("input", () => steps.value !== "" && context.ask({ decode_steps: steps.valueAsNumber }, { typing: true }), { signal });
  el.addEventListener(
    "click",
    ({ target }) => {
      const button = target instanceof Element ? target.closest("button") : null;
      if (!button?.dataset.step) return;
      steps.value = String((Number(steps.value) || 0) + Number(button.dataset.step));
      context.ask({ decode_steps: Number(steps.value) }, { typing: true });
    },
    { signal },
  );

  function draw() {
    const { asked, trace, shown, lines } = store.get();
    for (const radio of el.querySelectorAll("input")) if (radio.name === "task") radio.checked = radio.value === asked.task;
    find(el, '[data-when="decode"]').hidden = asked.task === "read";
    if (steps !== document.activeElement) steps.value = String(asked.decode_steps);
    const about = shown && `example.${shown.example}`;
    const words = about && (shown.variant ? `${about}.variant.${shown.variant}` : `${about}.says`);
    find(el, '[data-role="way-shown"]').replaceChildren(...(about ? [make("b", {}, context.say(`${about}.title`)), " ", make("span", {}, context.say(String(words)))] : []));
    if (!trace) return;
    const way = wayOf(trace);
    find(el, '[data-role="way-says"]').textContent = lines?.way ?? "";
    el.dataset.kind = way.kind;
    drawFigure(way, trace.request.model.cell === "lstm" ? "h, c" : "h");
  }

  /** @param {Way} way @param {string} states */
  function drawFigure(way, states) {
    const most = way.encoder ? 5 : 8;
    const theirs = drawn(way.encoder, most);
    const ours = drawn(way.steps, most);
    const from = theirs.length ? theirs.length * PITCH + CROSSING - PITCH + CELL.w : 0;
    const width = from + ours.length * PITCH;
    const parts = [
      ...net(theirs, 0, { answers: () => false, chooses: false, mine: false }),
      ...(theirs.length ? crossing((theirs.length - 1) * PITCH + PITCH / 2, from + PITCH / 2, states) : []),
      ...net(ours, from, { answers: (t) => way.answers === "all" || t === way.steps - 1, chooses: way.chooses, mine: true }),
    ];
    figure.replaceChildren(svg("svg", { viewBox: `0 0 ${width} 52`, width, height: 52 }, ...parts));
    mark();
  }

  function mark() {
    for (const cell of figure.querySelectorAll("[data-t]")) cell.classList.toggle("is-now", Number(cell.getAttribute("data-t")) === store.get().t);
  }

  draw();
  const unsubscribe = store.subscribe((state, previous) => {
    const keys = /** @type {const} */ (["asked", "trace", "shown", "lines", "lang"]);
    if (keys.some((key) => state[key] !== previous[key])) draw();
    else if (state.t !== previous.t) mark();
  });
  return () => {
    unsubscribe();
    life.abort();
  };
}

/**
 * One net's steps from left to right: what is read below, the cell, what is answered above.
 * @param {(number | null)[]} steps
 * @param {number} from
 * @param {{answers: (t: number) => boolean, chooses: boolean, mine: boolean}} how
 * @returns {SVGElement[]}
 */
function net(steps, from, { answers, chooses, mine }) {
  return steps.flatMap((t, k) => {
    const x = from + k * PITCH + PITCH / 2;
    const linked = k > 0 ? [svg("path", { class: "way-state", d: `M${x - PITCH + CELL.w / 2} ${MIDDLE}H${x - CELL.w / 2}` })] : [];
    if (t === null) return [...linked, svg("text", { class: "way-more", x, y: MIDDLE + 4 }, "…")];
    const own = chooses && t > 0; // reads what the step before chose
    return [
      ...linked,
      own && steps[k - 1] !== null
        ? svg("path", { class: "way-fed", d: `M${x - PITCH + 3.5} ${TOP}C${x - PITCH / 2} ${TOP} ${x - PITCH / 2} ${BOTTOM} ${x - 3.5} ${BOTTOM}` })
        : null,
      svg("path", { class: own ? "way-in way-own" : "way-in", d: arrow(x, BOTTOM, MIDDLE + CELL.h / 2) }),
      svg("circle", { class: own ? "way-word" : "way-x", cx: x, cy: BOTTOM, r: 3.5 }),
      svg("rect", { class: "way-cell", x: x - CELL.w / 2, y: MIDDLE - CELL.h / 2, width: CELL.w, height: CELL.h, rx: 3, "data-t": mine ? t : null }),
      ...(answers(t) ? [svg("path", { class: "way-out", d: arrow(x, MIDDLE - CELL.h / 2, TOP + 3.5) }), svg("circle", { class: "way-y", cx: x, cy: TOP, r: 3.5 })] : []),
    ].filter((part) => part !== null);
  });
}

/** From the encoder's last cell to the decoder's first. @param {number} a @param {number} b @param {string} states */
function crossing(a, b, states) {
  const [from, to] = [a + CELL.w / 2, b - CELL.w / 2];
  return [
    svg("path", { class: "way-crossing", d: `M${from} ${MIDDLE}H${to - 1}M${to - 6} ${MIDDLE - 4}L${to - 1} ${MIDDLE}L${to - 6} ${MIDDLE + 4}` }),
    svg("text", { class: "way-handed", x: (from + to) / 2, y: MIDDLE - 6 }, states),
  ];
}

/** An arrow straight up. @param {number} x @param {number} from @param {number} to */
const arrow = (x, from, to) => `M${x} ${from}V${to + 1}M${x - 2.5} ${to + 4}L${x} ${to + 1}L${x + 2.5} ${to + 4}`;

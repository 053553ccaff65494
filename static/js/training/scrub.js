// The slider over the snapshots, and for each racing cell what was inside it then: gates, the answer, the gradient.

import { paint, scaleOf, stops } from "../core/colour.js";
import { fixed, tiny } from "../core/format.js";
import { el as make, svg } from "../doors/dom.js";
import { answered } from "./inside.js";
import { pathOf } from "./plot.js";
import { NAMES, snapshotAt, stepsOf } from "./run.js";

/** @typedef {import("./types.js").Run} Run */
/** @typedef {import("./types.js").Cell} Cell */
/** @typedef {import("./types.js").Inside} Inside */

const WHOLE = { min: -1, max: 1 }; // what a tanh can give: the scale is the same at every snapshot
const FLOW = { low: -8, high: 1 }; // powers of ten of a gradient's norm that have a place

/**
 * @param {HTMLElement} host
 * @param {object} context
 * @param {import("../types.js").Say} context.say
 * @param {(cell: Cell, step: number, signal: AbortSignal) => Promise<Inside>} context.inside
 * @param {(cell: Cell, step: number) => string} context.weightsUrl
 * @param {(cell: Cell, step: number) => Promise<string>} context.open  says what went wrong, "" if nothing did
 * @param {(step: number) => void} context.looked
 */
export function mountScrub(host, { say, inside, weightsUrl, open, looked }) {
  const slider = make("input", { type: "range", class: "scrub", id: "snapshot", min: 0, max: 0, value: 0 });
  const output = make("output", { for: "snapshot", id: "snapshot-at" });
  const says = make("p", { class: "soft", role: "status" }, say("train.reading"));
  const readout = make("output", { class: "heat-readout" }, "\u00a0");
  const cells = make("div", { class: "train-cells-shown", "aria-busy": "true" });
  host.replaceChildren(
    make("h2", {}, say("train.inside")),
    make("div", { class: "scrub-line" }, make("label", { for: "snapshot" }, say("train.snapshot")), slider, output),
    make("div", { class: "scrub-says" }, says, legend(say), readout),
    cells,
  );
  /** @type {Run | null} */
  let run = null;
  let own = false; // the reader has chosen a snapshot, so that newer ones do not move the slider
  let step = -1;
  let drawn = -1;
  let underway = new AbortController();
  let busy = false;

  slider.addEventListener("input", () => {
    own = true;
    if (run) look(stepsOf(run)[Number(slider.value)]);
  });

  /** @param {number} next */
  function look(next) {
    step = next;
    output.value = say("train.snapshot.at", { step });
    slider.setAttribute("aria-valuetext", output.value);
    looked(step);
    if (busy && !own) return; // the one underway is finished first, then the newest is read
    void load();
  }

  async function load() {
    if (!run) return;
    underway.abort();
    const mine = (underway = new AbortController());
    const wanted = step;
    const now = run;
    busy = true;
    cells.setAttribute("aria-busy", "true");
    try {
      const found = [];
      for (const cell of now.cells) found.push(await inside(cell, wanted, mine.signal));
      mine.signal.throwIfAborted();
      show(now, found, wanted);
      drawn = wanted;
      says.textContent = say("train.inside.says", { count: found[0].heats[0].steps });
      cells.setAttribute("aria-busy", "false");
    } catch (error) {
      if (mine.signal.aborted) return;
      says.textContent = error instanceof Error && "problem" in error && error.problem ? error.message : say("train.unreachable");
      drawn = wanted;
    }
    busy = false;
    if (drawn !== step) void load();
  }

  /** @param {Run} now @param {Inside[]} found @param {number} at */
  function show(now, found, at) {
    const focused = cells.contains(cells.ownerDocument.activeElement) ? cells.ownerDocument.activeElement?.id : null;
    cells.replaceChildren(...found.map((each) => card(now, each, at)));
    cells.dataset.step = String(at);
    if (focused) cells.querySelector(`[id="${focused}"]`)?.dispatchEvent(new Event("refocus"));
  }

  /** @param {Run} now @param {Inside} each @param {number} at */
  function card(now, each, at) {
    const { cell } = each;
    const snapshot = snapshotAt(now, cell, at);
    const scores = [say("train.cell.loss", { loss: fixed(snapshot?.loss ?? null) })];
    if (snapshot?.accuracy != null) scores.push(say("train.cell.accuracy", { accuracy: fixed(snapshot.accuracy) }));
    const button = make("button", { type: "button", class: "button" }, say("train.open"));
    const refused = make("p", { class: "train-problem", role: "alert" });
    button.addEventListener("click", async () => {
      button.disabled = true;
      refused.textContent = await open(cell, at);
      button.disabled = false;
    });
    return make("article", { class: "train-cell", "data-cell": cell, "aria-label": NAMES[cell] },
      make("h3", {}, NAMES[cell]),
      make("p", { class: "soft" }, scores.join(" · ")),
      ...each.heats.map((heat) => heatOf(heat, cell)),
      answerOf(each, now),
      flowOf(each),
      make("p", { class: "train-keep" }, make("a", { class: "button", href: weightsUrl(cell, at), download: true }, say("train.download")), button),
      refused,
    );
  }

  /** @param {Inside["heats"][number]} heat @param {Cell} cell */
  function heatOf({ name, steps, units, data }, cell) {
    const scale = scaleOf(name, WHOLE);
    const canvas = make("canvas", { id: `heat-${cell}-${name}`, width: steps, height: units, class: "heat-small", tabindex: 0, role: "img", "aria-label": say("train.heat", { name, units, count: steps }), "data-tensor": name });
    const turned = new Float64Array(data.length); // rows are units, so that time runs to the right
    for (let t = 0; t < steps; t += 1) for (let k = 0; k < units; k += 1) turned[k * steps + t] = data[t * units + k];
    canvas.getContext("2d")?.putImageData(new ImageData(paint(turned, scale), steps, units), 0, 0);
    let t = 0;
    let k = 0;
    const read = () => {
      readout.value = `${NAMES[cell]} ${name}[0, ${t}, ${k}] = ${fixed(data[t * units + k])}`;
    };
    canvas.addEventListener("pointermove", (event) => {
      const box = canvas.getBoundingClientRect();
      t = Math.min(steps - 1, Math.max(0, Math.floor(((event.clientX - box.left) / box.width) * steps)));
      k = Math.min(units - 1, Math.max(0, Math.floor(((event.clientY - box.top) / box.height) * units)));
      read();
    });
    canvas.addEventListener("focus", read);
    canvas.addEventListener("refocus", () => canvas.focus({ preventScroll: true }));
    canvas.addEventListener("keydown", (event) => {
      const [dt, dk] = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[event.key] ?? [0, 0];
      if (!dt && !dk) return;
      event.preventDefault();
      t = Math.min(steps - 1, Math.max(0, t + dt));
      k = Math.min(units - 1, Math.max(0, k + dk));
      read();
    });
    return make("div", { class: "train-heat" }, make("code", { "data-gate": name.split(".")[1] }, name.split(".")[1]), canvas);
  }

  /** @param {Inside} each @param {Run} now */
  function answerOf(each, now) {
    const { about } = now;
    const words = about && answered(each, about);
    const sample = about?.tokens[0]?.join(about.tokens[0].every((token) => token.length === 1) ? "" : " ");
    if (words) {
      return make("dl", { class: "train-answer" },
        ...(sample ? [make("dt", {}, say("train.sample")), make("dd", {}, sample)] : []),
        make("dt", {}, say("train.answer")), make("dd", { "data-answer": true }, words.answer),
        make("dt", {}, say("train.target")), make("dd", {}, words.target));
    }
    const given = each.targets;
    const x = (/** @type {number} */ t) => 4 + (t * 232) / Math.max(1, each.answers.shape[0] - 1);
    const y = (/** @type {number} */ value) => 32 - 22 * Math.max(-1.4, Math.min(1.4, value));
    const answers = Array.from(each.answers.data, (value, t) => /** @type {[number, number]} */ ([x(t), y(value)]));
    const wanted = given ? Array.from(given.data.slice(1), (value, t) => /** @type {[number, number]} */ ([x(t), y(value)])) : [];
    return make("figure", { class: "train-wave" },
      svg("svg", { viewBox: "0 0 240 64", role: "img", "aria-label": `${say("train.answer")}, ${say("train.target")}` },
        svg("path", { class: "wave-target", d: pathOf(wanted) }), svg("path", { class: "curve-line", d: pathOf(answers) })),
      make("figcaption", { class: "soft" }, `— ${say("train.answer")}   ┄ ${say("train.target")}`));
  }

  /** @param {Inside} each */
  function flowOf({ cell, gradient }) {
    const wide = 240 / gradient.length;
    const tall = (/** @type {number} */ norm) => (norm > 0 ? 60 * Math.min(1, Math.max(0, (Math.log10(norm) - FLOW.low) / (FLOW.high - FLOW.low))) : 0);
    const bars = gradient.map((norm, t) => svg("rect", { class: "flow-bar", x: t * wide, width: Math.max(0.5, wide - (wide > 3 ? 1 : 0)), y: 60 - tall(norm), height: tall(norm) }, svg("title", {}, `t = ${t}: ${tiny(norm)}`)));
    const label = say("train.gradient.label", { cell: NAMES[cell], first: tiny(gradient[0]), last: tiny(gradient[gradient.length - 1]) });
    return make("figure", { class: "train-flow" },
      make("figcaption", { class: "soft" }, say("train.gradient")),
      make("div", { class: "flow-box" },
        make("div", { class: "flow-axis", "aria-hidden": "true" }, make("span", {}, "10"), make("span", {}, "1e-8")),
        svg("svg", { viewBox: "0 0 240 60", preserveAspectRatio: "none", role: "img", "aria-label": label }, ...bars)));
  }

  return {
    /** @param {Run} next @param {boolean} fresh  another run than before */
    update(next, fresh) {
      run = next;
      if (fresh) [own, step, drawn] = [false, -1, -1];
      const steps = stepsOf(run);
      if (!steps.length) return;
      slider.max = String(steps.length - 1);
      if (own) return;
      slider.value = slider.max;
      const last = steps[steps.length - 1];
      if (last !== step) look(last);
    },
    /** Another run is begun: what is still read of this one is not wanted any more. */
    forget() {
      underway.abort();
      busy = false;
    },
  };
}

/** The two scales. @param {import("../types.js").Say} say */
function legend(say) {
  const bar = (/** @type {string} */ name, /** @type {string} */ text) => {
    const strip = make("i", { "aria-hidden": "true" });
    strip.style.background = `linear-gradient(to right, ${stops(scaleOf(name, WHOLE), 9).join(", ")})`;
    return make("span", { class: "scale-strip" }, strip, text);
  };
  return make("p", { class: "soft scale-strips" }, bar("l0.i", say("train.scale.gate")), bar("l0.h", say("train.scale.state")));
}

// How error flows back: the norm of a value's gradient at every step, in this network or in three cells beside each other.

import { createCount, createMenu } from "../charts/choices.js";
import { createPanel } from "../charts/panel.js";
import { spoken, stepName } from "../charts/words.js";
import { el as make } from "../doors/dom.js";

/** @typedef {import("../charts/types.js").Gradients} Gradients */
/** @typedef {Gradients | {cells: Gradients[]}} Answer */

/** What can be differentiated, where a trace has it. */
const VALUES = ["loss", "prediction", "h_n", "c_n"];
const NAMES = { lstm: "LSTM", gru: "GRU", rnn: "RNN" };

/** @type {import("../types.js").Mount} */
export function mountGradients(el, store, context) {
  const update = () => panel.update();
  const of = createMenu("of", update);
  const beside = createMenu("beside", update);
  const cut = createMenu("cut", update);
  const back = createCount("back", 1, update);
  const choices = make("div", { class: "chart-choices" }, of.el, beside.el, cut.el, back.el);

  /** @type {import("../charts/panel.js").Spec<Answer>} */
  const spec = {
    name: "gradients",
    height: 340,
    choices,
    choose() {
      const { say } = context;
      const { trace } = store.get();
      const has = (/** @type {string} */ name) => Object.hasOwn(trace.tensors, name);
      const steps = trace.tensors.input.shape[trace.tensors.input.axes.indexOf("T")];
      const lstm = trace.request.model.cell === "lstm";
      of.show(say("charts.gradients.of"), [
        { value: "output", text: say("charts.gradients.last") },
        { value: "now", text: say("charts.gradients.now") },
        ...VALUES.filter(has).map((name) => ({ value: name, text: name })),
      ]);
      const alone = of.value() === "c_n" || cut.value() === "h" || cut.value() === "c";
      beside.show(say("charts.gradients.in"), [
        { value: "own", text: say("charts.gradients.own") },
        ...(alone ? [] : [{ value: "cells", text: say("charts.gradients.cells") }]),
      ]);
      cut.show(say("charts.gradients.cut"), [
        { value: "none", text: say("charts.gradients.cut.none") },
        { value: "truncate", text: say("charts.gradients.cut.truncate") },
        { value: "true", text: say("charts.gradients.cut.all") },
        ...(lstm && beside.value() === "own" ? ["h", "c"].map((name) => ({ value: name, text: say("charts.gradients.cut.one", { name }) })) : []),
      ]);
      back.show(say("charts.gradients.back"), steps, cut.value() !== "truncate");
    },
    question({ n, t, row }) {
      const value = of.value();
      const params = {
        sample: n,
        of: value === "now" ? "output" : value,
        step: value === "now" ? t : -1,
        row: value === "h_n" || value === "c_n" ? row : null,
        truncate: cut.value() === "truncate" ? back.value() : null,
        detach: ["true", "h", "c"].includes(cut.value()) ? cut.value() : null,
      };
      const cells = beside.value() === "cells";
      return { numbers: cells ? "gradients/cells" : "gradients", figure: cells ? "cells" : "gradients", params };
    },
    says(answer, { trace, n }) {
      const { say } = context;
      if ("cells" in answer) {
        const [lstm, gru, rnn] = answer.cells.map(({ input }) => spoken(input[0]));
        return say("charts.cells.says", { of: nameOf(answer.cells[0]), lstm, gru, rnn });
      }
      const norms = answer.input.map((norm) => norm ?? 0);
      const most = norms.indexOf(Math.max(...norms));
      const positive = norms.filter((norm) => norm > 0);
      const least = norms.indexOf(Math.min(...positive));
      const zeros = norms.length - positive.length;
      if (!positive.length) return say("charts.gradients.zero", { of: nameOf(answer) });
      const words = [
        say("charts.gradients.says", {
          of: nameOf(answer), most: stepName(say, trace, n, most), max: spoken(norms[most]),
          least: stepName(say, trace, n, least), min: spoken(norms[least]),
        }),
        zeros ? say("charts.gradients.zeros", { count: zeros }) : "",
      ];
      return words.filter(Boolean).join(" ");
    },
    table(answer, { trace, n }) {
      const { say } = context;
      /** @type {[string, (number | null)[]][]} */
      const columns = "cells" in answer
        ? answer.cells.map(({ cell, input }) => [NAMES[cell], input])
        : [
            ["input", answer.input],
            ...Object.entries(answer.rows).flatMap(([name, { h, c }]) => /** @type {[string, (number | null)[]][]} */ ([[`${name}.h`, h], ...(c ? [[`${name}.c`, c]] : [])])),
          ];
      const rows = columns[0][1].map((_, t) => ({ t, cells: [stepName(say, trace, n, t), ...columns.map(([, norms]) => String(norms[t] ?? "–"))] }));
      return { head: [say("charts.column.step"), ...columns.map(([name]) => name)], rows };
    },
    clicked: ({ x }) => store.set({ t: Math.round(x) }),
    mark: (_, { t }) => t,
  };
  const panel = createPanel(el, store, context, spec);
  return panel.stop;
}

/** @param {Gradients} answer */
function nameOf({ of, step, row }) {
  if (of === "output") return `output[t = ${step}]`;
  return row ? `${of} (${row})` : of;
}

// What moves a gate of one unit, product by product; and who listens to whom in the whole of W_hh.

import { createCount, createMenu } from "../charts/choices.js";
import { createPanel } from "../charts/panel.js";
import { spoken, stepName, unitsOf } from "../charts/words.js";
import { el as make } from "../doors/dom.js";

/** @typedef {import("../charts/types.js").Listening} Listening */
/** @typedef {import("../charts/types.js").Wiring} Wiring */

const GATES = { lstm: ["i", "f", "g", "o"], gru: ["r", "z", "n"], rnn: ["h"] };
const MOST = 60; // rows of the table of products
const WRAPS = /** @type {{[apply: string]: string}} */ ({ sigmoid: "σ" });

/** @type {import("../types.js").Mount} */
export function mountWiring(el, store, context) {
  const update = () => panel.update();
  const whole = createMenu("whole", update);
  const gate = createMenu("gate", update);
  const unit = createCount("unit", 0, update);
  const choices = make("div", { class: "chart-choices" }, whole.el, gate.el, unit.el);

  /** @type {import("../charts/panel.js").Spec<Wiring | Listening>} */
  const spec = {
    name: "wiring",
    height: 440,
    choices,
    choose() {
      const { say } = context;
      const { trace, row } = store.get();
      const gates = GATES[trace.request.model.cell];
      whole.show(say("charts.wiring.show"), [
        { value: "one", text: say("charts.wiring.unit") },
        { value: "all", text: say("charts.wiring.all") },
      ]);
      gate.show(say("charts.wiring.gate"), gates.map((value) => ({ value, text: `${value} · ${say(`heatmaps.${value}`)}` })), gates.length === 1);
      unit.show(say("charts.unit"), unitsOf(trace, row) - 1, whole.value() === "all");
    },
    /** @returns {import("../charts/panel.js").Question} */
    question({ row, n, t }) {
      const block = { row, gate: gate.value() };
      if (whole.value() === "all") return { numbers: "wiring", figure: "listening", params: block };
      return { numbers: "wiring", figure: "wiring", params: { ...block, unit: unit.value(), step: t, sample: n } };
    },
    says(answer, { trace, n }) {
      const { say } = context;
      if ("top" in answer) {
        const { gate: letter, shape, top: [{ listener, speaker, weight }] } = answer;
        return say("charts.listening.says", { gate: letter, units: shape[0], heard: shape[1], listener, speaker, weight: spoken(weight) });
      }
      const { sums, apply } = answer;
      const biases = (sums.input_bias ?? 0) + (sums.state_bias ?? 0);
      return say("charts.wiring.says", {
        gate: answer.gate, unit: answer.unit, step: stepName(say, trace, n, answer.step), apply: WRAPS[apply] ?? apply,
        inner: spoken(answer.inner), value: spoken(answer.value),
        inputs: spoken(sums.input ?? 0), units: spoken(sums.state ?? 0), biases: spoken(biases),
      });
    },
    table(answer) {
      const { say } = context;
      if ("top" in answer) {
        const rows = answer.top.map(({ listener, speaker, weight }) => ({ t: null, cells: [say("charts.listening.pair", { listener, speaker }), String(weight)] }));
        return { head: [say("charts.listening.pairs"), say("charts.listening.weight")], rows };
      }
      const terms = [...answer.inputs, ...answer.units, ...answer.biases].sort((a, b) => Math.abs(b.value ?? 0) - Math.abs(a.value ?? 0));
      return {
        head: [say("charts.wiring.product"), say("charts.wiring.value")],
        rows: terms.slice(0, MOST).map(({ symbol, value }) => ({ t: null, cells: [symbol, String(value)] })),
      };
    },
    clicked({ y, type }) {
      if (type === "heatmap") unit.set(Math.round(y));
    },
    mark: () => null,
  };
  const panel = createPanel(el, store, context, spec);
  return panel.stop;
}

// The loss part by part: the chosen sample's over the steps beside the mean of all, or every sample's.

import { createPanel } from "../charts/panel.js";
import { spoken, stepName } from "../charts/words.js";
import { el as make } from "../doors/dom.js";

/** @typedef {import("../charts/types.js").LossLine} LossLine */

/** @type {import("../types.js").Mount} */
export function mountLoss(el, store, context) {
  /** @type {import("../charts/panel.js").Spec<LossLine>} */
  const spec = {
    name: "loss",
    height: 360,
    choices: make("div", { class: "chart-choices" }),
    choose() {},
    question({ trace, n }) {
      if (!trace.request.loss) return context.say("charts.loss.none");
      return { numbers: "losses", figure: "loss", params: { sample: n } };
    },
    says({ kind, loss, by, sample, values }, { trace }) {
      const { say } = context;
      const known = values.map((value) => value ?? -Infinity);
      const most = known.indexOf(Math.max(...known));
      const words = { kind, loss: spoken(loss), max: spoken(values[most]) };
      if (by === "sample") return say("charts.loss.says.sample", { ...words, most });
      return say("charts.loss.says.step", { ...words, sample, most: stepName(say, trace, sample, most) });
    },
    table({ by, sample, values, mean }, { trace }) {
      const { say } = context;
      if (by === "sample") {
        const rows = values.map((value, n) => ({ t: null, cells: [String(n), String(value ?? "–")] }));
        return { head: [say("charts.loss.samples"), say("charts.loss.value")], rows };
      }
      const rows = values.map((value, t) => ({ t, cells: [stepName(say, trace, sample, t), String(value ?? "–"), String(mean?.[t] ?? "–")] }));
      return { head: [say("charts.column.step"), say("charts.loss.value"), say("charts.loss.mean")], rows };
    },
    clicked({ x }, { by }) {
      if (by === "step") store.set({ t: Math.round(x) });
      else store.set({ n: Math.round(x) });
    },
    mark: ({ by }, { t, n }) => (by === "step" ? t : n),
  };
  const panel = createPanel(el, store, context, spec);
  return panel.stop;
}

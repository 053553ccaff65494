// What the memory is made of: what each step left in c, every unit as a picture and one unit as bars.

import { createCount, createMenu } from "../charts/choices.js";
import { createPanel } from "../charts/panel.js";
import { spoken, stepName, unitsOf } from "../charts/words.js";
import { tiny } from "../core/format.js";
import { el as make } from "../doors/dom.js";

/** @typedef {import("../charts/types.js").Ledger} Ledger */

/** @type {import("../types.js").Mount} */
export function mountLedger(el, store, context) {
  const unit = createCount("unit", 0, () => panel.update());
  const end = createMenu("end", () => panel.update());
  const choices = make("div", { class: "chart-choices" }, unit.el, end.el);

  /** @type {import("../charts/panel.js").Spec<Ledger>} */
  const spec = {
    name: "ledger",
    height: 420,
    choices,
    choose() {
      const { say } = context;
      const { trace, row } = store.get();
      const none = trace.request.model.cell !== "lstm";
      unit.show(say("charts.unit"), unitsOf(trace, row) - 1, none);
      end.show(say("charts.ledger.end"), [
        { value: "last", text: say("charts.ledger.end.last") },
        { value: "now", text: say("charts.ledger.end.now") },
      ], none);
    },
    question({ trace, row, n, t }) {
      if (trace.request.model.cell !== "lstm") return context.say("charts.ledger.none");
      const params = { layer: row, sample: n, to: end.value() === "now" ? t : -1 };
      return { numbers: "ledger", figure: "ledger", params, figureParams: { unit: unit.value() } };
    },
    says({ rows, steps, to, total, sum, max_abs_diff: diff }, { trace, n }) {
      const { say } = context;
      const u = unit.value();
      const parts = rows.map((line) => line[u] ?? 0);
      const largest = parts.reduce((best, part, k) => (Math.abs(part) > Math.abs(parts[best]) ? k : best), 0);
      return say("charts.ledger.says", {
        unit: u, end: stepName(say, trace, n, to), c: spoken(total[u]), sum: spoken(sum[u]), diff: tiny(diff),
        from: largest === 0 ? "c_0" : stepName(say, trace, n, steps[largest - 1]), part: spoken(parts[largest]),
      });
    },
    table({ rows, so_far: soFar, steps, to, total }, { trace, n }) {
      const { say } = context;
      const u = unit.value();
      const lines = rows.map((line, k) => {
        const t = k === 0 ? null : steps[k - 1];
        return { t, cells: [t === null ? "c_0" : stepName(say, trace, n, t), String(line[u]), String(soFar[k][u])] };
      });
      lines.push({ t: null, cells: [`c[${to}]`, String(total[u]), ""] });
      return { head: [say("charts.column.step"), say("charts.ledger.left", { unit: u }), say("charts.ledger.sum")], rows: lines };
    },
    clicked({ x, y, type }, { steps }) {
      const k = Math.round(x);
      if (type === "heatmap") unit.set(y);
      if (k >= 1 && k <= steps.length) store.set({ t: steps[k - 1] });
      panel.update();
    },
    mark({ steps }, { t }) {
      const k = steps.indexOf(t);
      return k < 0 ? null : k + 1;
    },
  };
  const panel = createPanel(el, store, context, spec);
  return panel.stop;
}

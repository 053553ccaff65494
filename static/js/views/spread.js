// How the numbers of a tensor are spread: counted by the server over all of it, or at each step; the tensor itself is not sent.

import { createMenu } from "../charts/choices.js";
import { createPanel } from "../charts/panel.js";
import { spoken, stepName } from "../charts/words.js";
import { grouped } from "../core/format.js";
import { ENCODER } from "../core/encoder.js";
import { el as make } from "../doors/dom.js";

/** @typedef {import("../charts/types.js").Spread} Spread */

/** @type {import("../types.js").Mount} */
export function mountSpread(el, store, context) {
  const update = () => panel.update();
  const of = createMenu("tensor", update);
  const samples = createMenu("samples", update);
  const by = createMenu("by", update);
  const choices = make("div", { class: "chart-choices" }, of.el, samples.el, by.el);
  const axesOf = (/** @type {string} */ name) => store.get().trace.tensors[name]?.axes ?? [];

  /** @type {import("../charts/panel.js").Spec<Spread>} */
  const spec = {
    name: "spread",
    height: 360,
    choices,
    choose() {
      const { say } = context;
      const { trace, row } = store.get();
      // what is in the chosen row first: its gates are what people look for
      const names = Object.keys(trace.tensors).filter((name) => !name.startsWith(ENCODER));
      const own = names.filter((name) => name.startsWith(`${row}.`));
      of.show(say("charts.spread.tensor"), [...own, ...names.filter((name) => !own.includes(name))].map((name) => ({ value: name, text: name })));
      const axes = axesOf(of.value());
      samples.show(say("charts.spread.samples"), [
        { value: "all", text: say("charts.spread.samples.all") },
        { value: "own", text: say("charts.spread.samples.own") },
      ], !axes.includes("N"));
      by.show(say("charts.spread.by"), [
        { value: "all", text: say("charts.spread.by.all") },
        ...(axes.includes("T") ? [{ value: "step", text: say("charts.spread.by.step") }] : []),
      ]);
    },
    question({ n }) {
      const own = samples.value() === "own" && axesOf(of.value()).includes("N");
      const params = { tensor: of.value(), sample: own ? n : null, by: by.value() };
      return { numbers: "distribution", figure: "distribution", params };
    },
    says({ tensor, numbers, min, max, mean, std }, { lang }) {
      const { say } = context;
      if (!numbers) return say("charts.spread.none", { name: tensor });
      return say("charts.spread.says", { name: tensor, numbers: grouped(numbers, lang), min: spoken(min), max: spoken(max), mean: spoken(mean), std: spoken(std) });
    },
    table({ by: way, edges, counts, sample }, { trace, n }) {
      const { say } = context;
      const bin = (/** @type {number} */ k) => say("charts.spread.bin", { from: spoken(edges[k]), to: spoken(edges[k + 1]) });
      if (way === "all") {
        const rows = counts[0].map((count, k) => ({ t: null, cells: [bin(k), String(count)] }));
        return { head: [say("charts.spread.range"), say("charts.spread.count")], rows };
      }
      const rows = counts.map((line, t) => {
        const most = line.indexOf(Math.max(...line));
        return { t, cells: [sample === null ? say("charts.step", { t }) : stepName(say, trace, n, t), bin(most), String(line[most])] };
      });
      return { head: [say("charts.column.step"), say("charts.spread.most"), say("charts.spread.count")], rows };
    },
    clicked({ x, type }) {
      if (type === "heatmap") store.set({ t: Math.round(x) });
    },
    mark: ({ by: way }, { t }) => (way === "step" ? t : null),
  };
  const panel = createPanel(el, store, context, spec);
  return panel.stop;
}

// The page that was taken along: the same scene, time and lattice, out of the numbers that stand in its own file.

import { joined } from "./core/encoder.js";
import { createSay } from "./core/i18n.js";
import { createPictures } from "./core/pictures.js";
import { rows } from "./core/places.js";
import { DEFAULTS } from "./core/query.js";
import { createStore } from "./core/store.js";
import { createTensors } from "./core/tensors.js";
import { find } from "./doors/dom.js";
import { createPlaying } from "./playing.js";
import { mountCaption } from "./views/caption.js";
import { mountCutting } from "./views/cutting.js";
import { mountNetwork } from "./views/network.js";
import { mountReading } from "./views/reading.js";
import { mountScene } from "./views/scene.js";
import { mountTimebar } from "./views/timebar.js";

/** @typedef {import("./types.js").Context} Context */
/** @typedef {import("./types.js").Lang} Lang */
/** @typedef {import("./types.js").Theme} Theme */
/** @typedef {import("./types.js").Trace} Trace */
/**
 * @typedef {object} Data
 * @property {import("./scene/types.js").Lying & {t: number, n: number, lang: Lang, theme: Theme}} view
 * @property {Trace} trace
 * @property {{[name: string]: string}} numbers  base64 of little-endian float32, or float64 where the tensor is not float32
 * @property {{[lang: string]: {[stage: string]: string}}} says
 * @property {{[lang: string]: {[key: string]: string}}} catalogues
 */

start(document, window);

/** @param {Document} document @param {Window} window */
function start(document, window) {
  /** @type {Data} */
  const { view, trace: bare, numbers, says, catalogues } = JSON.parse(find(document, "#data").textContent ?? "");
  const trace = filled(joined(bare), numbers);
  const alone = () => Promise.reject(new Error("there is no server behind this file"));
  const tensors = createTensors(trace, alone);
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
  const { samples, steps } = { samples: trace.positions.h_n[0]?.step.length ?? 1, steps: trace.tensors.input.shape[trace.tensors.input.axes.indexOf("T")] ?? 1 };
  let say = createSay(catalogues[view.lang]);

  const state = { ...view, t: Math.min(view.t, steps - 1), n: Math.min(view.n, samples - 1) };
  // of a state only these can be asked for here: nothing is typed, nothing is run
  const flat = { ...DEFAULTS, ...state };
  const store = createStore({
    ...flat,
    pins: [],
    trace: speaking(trace, says[view.lang]),
    state: flat,
    asked: flat,
    row: rows(trace).at(-1)?.name ?? "",
    cursor: null,
    pinned: null,
    explained: null,
    playing: false,
    speed: 1,
    changed: null,
    status: "ready",
    problems: [],
    fixed: null,
    shown: null,
    lines: null,
    lang: view.lang,
    theme: view.theme,
  });

  const context = /** @type {Context} */ ({
    get say() {
      return say;
    },
    tensors,
    pictures: createPictures(),
    charts: /** @type {Context["charts"]} */ ({}),
    padding: alone,
    diagnose: alone,
    part: alone,
    file: alone,
    memory: { get: () => null, set: () => {} },
    address: () => "",
    ask: () => {},
    reducedMotion: () => calm.matches,
  });

  mountScene(find(document, "#scene"), store, context);
  mountCutting(find(document, "#cutting"), store, context);
  createPlaying(store, { calm: () => calm.matches }, {
    frame(then) {
      const id = window.requestAnimationFrame(then);
      return () => window.cancelAnimationFrame(id);
    },
  });
  mountCaption(find(document, "#caption"), store, context);
  mountTimebar(find(document, "#timeline"), store, context);
  mountNetwork(find(document, "#network"), store, context);
  mountReading(find(document, "#reading"), store, context);

  /** @type {HTMLSelectElement} */
  const theme = find(document, "#theme");
  theme.addEventListener("change", () => {
    document.documentElement.dataset.theme = theme.value;
    store.set({ theme: /** @type {Theme} */ (theme.value) });
  });
  const language = find(document, "#language");
  language.addEventListener("click", () => {
    const lang = store.get().lang === "zh" ? "en" : "zh";
    say = createSay(catalogues[lang]);
    document.documentElement.lang = lang === "zh" ? "zh-CN" : "en";
    language.textContent = lang === "zh" ? "English" : "中文";
    language.lang = lang === "zh" ? "en" : "zh-CN";
    for (const node of document.querySelectorAll("[data-say]")) node.textContent = say(node.getAttribute("data-say") ?? "");
    for (const node of document.querySelectorAll("[data-say-label]")) node.setAttribute("aria-label", say(node.getAttribute("data-say-label") ?? ""));
    store.set({ lang, trace: speaking(trace, says[lang]) });
  });
}

/** With its stages in another language. @param {Trace} trace @param {{[stage: string]: string}} says @returns {Trace} */
function speaking(trace, says) {
  return { ...trace, stages: trace.stages.map((stage) => ({ ...stage, says: says[stage.name] ?? stage.says })) };
}

/** With every tensor's values, which the file holds as bytes. @param {Trace} trace @param {{[name: string]: string}} numbers @returns {Trace} */
function filled(trace, numbers) {
  const tensors = Object.entries(trace.tensors).map(([name, info]) => {
    const bytes = Uint8Array.from(atob(numbers[name] ?? ""), (letter) => letter.charCodeAt(0));
    const view = new DataView(bytes.buffer);
    const single = info.dtype === "float32";
    const count = bytes.length / (single ? 4 : 8);
    const values = Array.from({ length: count }, (_, k) => (single ? view.getFloat32(4 * k, true) : view.getFloat64(8 * k, true)));
    return [name, { ...info, values }];
  });
  return { ...trace, tensors: Object.fromEntries(tensors) };
}

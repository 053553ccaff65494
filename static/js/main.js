// The page starts here: the first answer and the catalogue come out of the HTML, every view gets its host.

import { chosenLang, createAsking, fit, placesFrom } from "./asking.js";
import { createSay } from "./core/i18n.js";
import { createPictures } from "./core/pictures.js";
import { createStore } from "./core/store.js";
import { createTensors } from "./core/tensors.js";
import { createApi, partUrl, withEncoder } from "./doors/api.js";
import { createModels } from "./doors/models.js";
import { find } from "./doors/dom.js";
import { createMemory } from "./doors/memory.js";
import { createCharts } from "./doors/plotly.js";
import { createExplaining } from "./explaining.js";
import { createPlaying } from "./playing.js";
import { mountCaption } from "./views/caption.js";
import { mountClaims } from "./views/claims.js";
import { mountCodeline } from "./views/codeline.js";
import { mountCrumbs } from "./views/crumbs.js";
import { mountCutting } from "./views/cutting.js";
import { mountHands } from "./views/hands.js";
import { mountHeatmaps } from "./views/heatmaps.js";
import { mountHelp } from "./views/help.js";
import { mountHints } from "./views/hints.js";
import { mountInside } from "./views/inside.js";
import { mountInspector } from "./views/inspector.js";
import { mountMasthead } from "./views/masthead.js";
import { mountNetwork } from "./views/network.js";
import { mountNotes } from "./views/notes.js";
import { mountPadding } from "./views/padding.js";
import { mountPresent } from "./views/present.js";
import { mountPins } from "./views/pins.js";
import { mountProof } from "./views/proof.js";
import { mountRowpicker } from "./views/rowpicker.js";
import { mountScene } from "./views/scene.js";
import { mountSentences } from "./views/sentences.js";
import { mountShare } from "./views/share.js";
import { mountStages } from "./views/stages.js";
import { mountStatus } from "./views/status.js";
import { mountTable } from "./views/table.js";
import { mountTabs } from "./views/tabs.js";
import { mountTake } from "./views/take.js";
import { mountTeaching } from "./views/teaching.js";
import { mountTimebar } from "./views/timebar.js";
import { mountWeights } from "./views/weights.js";
import { mountWay } from "./views/way.js";

/** @typedef {import("./types.js").AppState} AppState */
/** @typedef {import("./types.js").Context} Context */
/** @typedef {import("./types.js").Mount} Mount */
/** @typedef {import("./types.js").Trace} Trace */
/** @typedef {import("./types.js").Twin} Twin */

/** Hosts that stand in every page, and those that need a trace to show. @type {[string, Mount][]} */
const SHELL = [
  ["#masthead", mountMasthead],
  ["#code-line", mountCodeline],
  ["#hands", mountHands],
  ["#input-text", mountSentences],
  ["#way", mountWay],
  ["#weights", mountWeights],
  ["main", mountStatus],
  ["main", mountTeaching],
  ["#help", mountHelp],
  ["#share", mountShare],
  ["#presenter", mountPresent],
];
/** @type {[string, Mount][]} */
const WORK = [
  ["#notes", mountNotes],
  ["#proof", mountProof],
  ["#take", mountTake],
  ["#crumbs", mountCrumbs],
  ["#scene", mountScene],
  ["#caption", mountCaption],
  ["#inside", mountInside],
  ["#cutting", mountCutting],
  ["#timeline", mountTimebar],
  ["#pins", mountPins],
  ["#network", mountNetwork],
  ["#rowpicker", mountRowpicker],
  ["#tabs", mountTabs],
  ["#heatmaps", mountHeatmaps],
  ["#padding", mountPadding],
  ["#inspector", mountInspector],
  ["#stages", mountStages],
  ["#claims", mountClaims],
  ["#table", mountTable],
  ["#hints", mountHints],
];
/** Views whose script is asked for when the state first shows them. @type {[string, (state: AppState) => boolean, () => Promise<Mount>][]} */
const LATER = [
  ["#running", ({ trace }) => Boolean(trace.request.weights.bundled), async () => (await import("./views/running.js")).mountRunning],
  ["#changed", ({ trace }) => Boolean(trace.request.interventions?.length), async () => (await import("./views/changed.js")).mountChanged],
  ["#ledger", ({ panel }) => panel === "ledger", async () => (await import("./views/ledger.js")).mountLedger],
  ["#gradients", ({ panel }) => panel === "gradients", async () => (await import("./views/gradients.js")).mountGradients],
  ["#wiring", ({ panel }) => panel === "wiring", async () => (await import("./views/wiring.js")).mountWiring],
  ["#spread", ({ panel }) => panel === "spread", async () => (await import("./views/spread.js")).mountSpread],
  ["#loss", ({ panel }) => panel === "loss", async () => (await import("./views/loss.js")).mountLoss],
];

start(document, window);

/**
 * @param {Document} document
 * @param {Window} window
 */
function start(document, window) {
  /** @type {Twin} */
  const twin = withEncoder(JSON.parse(find(document, "#first-answer").textContent ?? ""));
  const api = createApi();
  const { plotly: script = "", plotlySheet: sheet = "" } = document.body.dataset;
  const charts = createCharts(window, { script, sheet });
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
  let say = createSay(JSON.parse(find(document, "#catalogue").textContent ?? ""));
  let reading = new AbortController();
  let tensors = createTensors({ tensors: {} }, () => Promise.reject(new Error("no trace yet")));

  /** @param {Trace} trace */
  function traceArrives(trace) {
    reading.abort();
    reading = new AbortController();
    tensors = createTensors(trace, api.reader(trace.id, reading.signal));
  }

  // Views that need a trace are mounted when there is one, so for them it is never null.
  const trace = /** @type {Trace} */ (twin.trace);
  const { problems, lang } = twin;
  const state = { ...twin.state, lang: chosenLang(window) };
  const { p, t, n, row, tensor, cut, pose, unit, panel, present, hide, lock, theme } = state;
  const view = { p, t, n, row, tensor, unit };
  const store = createStore({
    trace,
    state,
    asked: state,
    ...(trace ? fit(trace, view) : view),
    ...(trace ? placesFrom(trace, twin.state) : { zoom: "", pinned: null, pins: [] }),
    cut,
    pose,
    panel,
    present,
    hide,
    lock,
    cursor: null,
    explained: null,
    changed: null,
    playing: false,
    speed: 1,
    status: "ready",
    problems,
    fixed: null,
    shown: twin.shown,
    lines: twin.lines,
    lang,
    theme,
  });

  const asking = createAsking(store, api, {
    window,
    traceArrives,
    async speak(next) {
      const url = document.body.dataset[next === "zh" ? "catalogueZh" : "catalogueEn"] ?? "";
      say = createSay(await api.catalogue(url));
    },
  });

  /** @type {Context} */
  const context = {
    get say() {
      return say;
    },
    get tensors() {
      return tensors;
    },
    padding: (signal) => api.padding(store.get().trace.id, signal),
    diagnose(signal) {
      const { trace, lang } = store.get();
      return api.diagnose(trace.request, { lang, signal });
    },
    part(name, params, signal) {
      const { trace, lang } = store.get();
      return api.part(trace.id, name, { ...params, lang }, signal);
    },
    address(name, params) {
      const { trace, lang } = store.get();
      return partUrl(trace.id, name, { ...params, lang });
    },
    charts,
    pictures: createPictures(),
    file: api.file,
    models: createModels(window),
    memory: createMemory(window),
    ask: asking.ask,
    reducedMotion: () => calm.matches,
  };

  /** @type {Parameters<typeof createExplaining>[1]} */
  const explain = ({ tensor, index }, limit, signal) => {
    const { trace, lang } = store.get();
    return api.explain(trace.id, tensor, index, limit, { lang, signal });
  };

  if (trace) traceArrives(trace);
  createExplaining(store, explain, {
    after(ms, then) {
      const timer = window.setTimeout(then, ms);
      return () => window.clearTimeout(timer);
    },
  });
  createPlaying(store, { calm: () => calm.matches }, {
    frame(then) {
      const id = window.requestAnimationFrame(then);
      return () => window.cancelAnimationFrame(id);
    },
  });
  mountAll(SHELL);
  const waiting = new Set(LATER);
  const first = trace ? needed() : [];
  // what the first picture needs comes before it, so that nothing moves when it is there
  if (first.length) void Promise.allSettled(first.map(([, , asked]) => asked())).then(mountWork);
  else if (trace) mountWork();
  store.subscribe((now, previous) => {
    if (now.trace && !previous.trace) {
      delete document.body.dataset.empty;
      mountWork();
    }
    if (now.theme !== previous.theme) document.documentElement.dataset.theme = now.theme;
    if (now.lang !== previous.lang) translate(document, now.lang);
  });

  /** @param {[string, Mount][]} views */
  function mountAll(views) {
    for (const [selector, mount] of views) mount(find(document, selector), store, context);
  }

  function mountWork() {
    mountAll(WORK);
    mountNeeded();
    store.subscribe(mountNeeded);
  }

  function needed() {
    return [...waiting].filter(([, shows]) => shows(store.get()));
  }

  function mountNeeded() {
    for (const view of needed()) {
      const [selector, , asked] = view;
      waiting.delete(view);
      asked().then((mount) => mount(find(document, selector), store, context), () => waiting.add(view)); // the next change asks again
    }
  }

  /** The words that stand in the template. @param {Document} page @param {string} to */
  function translate(page, to) {
    page.documentElement.lang = to === "zh" ? "zh-CN" : "en";
    page.title = say("page.title");
    for (const node of page.querySelectorAll("[data-say]")) node.textContent = say(node.getAttribute("data-say") ?? "");
    for (const node of page.querySelectorAll("[data-say-label]")) {
      node.setAttribute("aria-label", say(node.getAttribute("data-say-label") ?? ""));
    }
  }
}

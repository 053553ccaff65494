// The page of two runs: without a script all of it is text; with one, both are drawn on one time axis, and a − b on demand.

import { differenceOf, hasNetwork, lookingAt, reasonOf } from "./core/beside.js";
import { createSay } from "./core/i18n.js";
import { createPictures } from "./core/pictures.js";
import { DEFAULTS } from "./core/query.js";
import { createStore } from "./core/store.js";
import { createTensors } from "./core/tensors.js";
import { sizes } from "./core/places.js";
import { createApi, partUrl } from "./doors/api.js";
import { el as make, find } from "./doors/dom.js";
import { createMemory } from "./doors/memory.js";
import { createCharts } from "./doors/plotly.js";
import { createExplaining } from "./explaining.js";
import { mountAxis } from "./views/axis.js";
import { mountNetwork } from "./views/network.js";
import { createReadout } from "./views/readout.js";
import { mountScene } from "./views/scene.js";

/** @typedef {import("./core/beside.js").Looking} Looking */
/** @typedef {import("./types.js").Context} Context */
/** @typedef {import("./compare.types.js").Difference} Difference */
/** @typedef {import("./types.js").Lang} Lang */
/** @typedef {import("./types.js").Read} Read */
/** @typedef {import("./types.js").Store} Store */
/** @typedef {import("./types.js").Trace} Trace */
/** @typedef {{a: string, b: string, t: number, n: number, difference: boolean, lang: Lang}} First  the page's own state, as its address has it */
/** @typedef {{name: string, store: Store, context: Context}} Run */

const SETTLE = 200; // ms before a scrubbed step reaches the address; browsers limit how often it may change
const LOOKED_AT = /** @type {const} */ (["t", "n", "cursor", "pinned", "cut", "pose"]);
/** Going into a block would leave the other run behind; that is the explorer's. @type {{[key: string]: string}} */
const WORDS = { "scene.hint": "compare.scene.hint", "scene.help": "compare.scene.help" };

const view = document.querySelector("#view");
if (view instanceof HTMLFormElement) view.addEventListener("change", () => view.requestSubmit());
const first = document.querySelector("#first-answer");
if (first) void start(document, window, JSON.parse(first.textContent ?? ""));

/** @param {Document} document @param {Window} window @param {First} first */
async function start(document, window, first) {
  const api = createApi();
  const say = createSay(JSON.parse(find(document, "#catalogue").textContent ?? ""));
  const drawn = find(document, "#drawn");
  const { signal } = new AbortController();
  const { lang } = first;
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
  const charts = createCharts(window, { script: "", sheet: "" }); // none on this page
  let settling = 0;
  let looking = false;

  /** @type {Trace[]} */
  let traces;
  try {
    traces = await Promise.all([first.a, first.b].map((id) => api.trace(id, { lang, signal })));
  } catch {
    drawn.dataset.state = "error";
    find(drawn, ".drawn-says").textContent = say("page.error.unreachable");
    return;
  }
  const [a, b] = traces;
  /** @type {Run[]} */
  const runs = [run("A", a, api.reader(a.id, signal), [b]), run("B", b, api.reader(b.id, signal), [a])];
  const lead = sizes(b).steps > sizes(a).steps ? runs[1] : runs[0];
  for (const { store } of runs) {
    createExplaining(store, ({ tensor, index }, limit, stop) => api.explain(store.get().trace.id, tensor, index, limit, { lang, signal: stop }), {
      after(ms, then) {
        const timer = window.setTimeout(then, ms);
        return () => window.clearTimeout(timer);
      },
    });
  }
  const readout = createReadout(find(drawn, "#readout"), runs, say);
  for (const { name, store, context } of runs) show(name.toLowerCase(), store, context, true);
  mountAxis(find(drawn, "#axis"), lead.store, lead.context);
  for (const one of runs) follow(one);
  for (let k = 0; k < 2; k++) await new Promise((then) => window.requestAnimationFrame(then));
  drawn.dataset.state = "ready"; // seen once it is drawn, so that nothing is seen to move

  const toggle = /** @type {HTMLButtonElement} */ (find(drawn, '[data-do="difference"]'));
  let wanted = first.difference;
  toggle.addEventListener("click", () => {
    wanted = !wanted;
    void showDifference();
    keep();
  });
  find(drawn, "#readout").addEventListener("click", ({ target }) => {
    if (target instanceof Element && target.closest("button")) lead.store.set({ pinned: null, cursor: null });
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.defaultPrevented) lead.store.set({ pinned: null, cursor: null });
  });
  const { t, n } = first;
  look({ t, n, cursor: null, pinned: null });
  await showDifference();

  /**
   * A run with a state of its own, which follows the other's.
   * @param {string} name @param {Trace} trace @param {Read} read @param {Trace[]} beside @returns {Run}
   */
  function run(name, trace, read, beside) {
    const state = { ...DEFAULTS, lang };
    const store = createStore({
      ...state,
      pins: [],
      changed: null,
      trace,
      state,
      asked: state,
      row: `l${trace.request.model.num_layers - 1}`,
      cursor: null,
      pinned: null,
      explained: null,
      playing: false,
      speed: 1,
      status: "ready",
      problems: [],
      fixed: null,
      shown: null,
      lines: null,
      lang,
    });
    const tensors = createTensors(trace, read);
    /** @type {Context} */
    const context = {
      say: (key, params) => say(WORDS[key] ?? key, params),
      tensors,
      beside,
      padding: (stop) => api.padding(trace.id, stop),
      diagnose: (stop) => api.diagnose(trace.request, { lang, signal: stop }),
      part: (part, params, stop) => api.part(trace.id, part, { ...params, lang }, stop),
      address: (part, params) => partUrl(trace.id, part, { ...params, lang }),
      charts,
      pictures: createPictures(),
      file: api.file,
      memory: createMemory(window),
      ask() {}, // what runs is changed in the explorer
      reducedMotion: () => calm.matches,
    };
    return { name, store, context };
  }

  /** @param {string} name @param {Store} store @param {Context} context @param {boolean} network */
  function show(name, store, context, network) {
    mountScene(find(drawn, `#scene-${name}`), store, context);
    const host = find(drawn, `#network-${name}`);
    if (network) mountNetwork(host, store, context);
    else host.replaceChildren(make("p", { class: "quiet" }, say("compare.network.none")));
  }

  /** What is looked at in one run is looked at in all. @param {Run} one */
  function follow(one) {
    one.store.subscribe((state, previous) => {
      if (state.zoom) return one.store.set({ zoom: "" });
      if (LOOKED_AT.every((key) => state[key] === previous[key])) return;
      const { t, n, cursor, pinned, cut, pose } = state;
      look({ t, n, cursor, pinned, cut, pose });
    });
  }

  /** @param {Looking & Partial<Pick<import("./types.js").AppState, "cut" | "pose">>} at */
  function look({ t, n, cursor, pinned, ...turned }) {
    if (looking) return;
    looking = true;
    runs.forEach(({ store }, k) => store.set({ ...lookingAt(store.get().trace, { t, n, cursor, pinned }, traces[k] ?? a), ...turned }));
    looking = false;
    readout.follow(cursor, pinned);
    keep();
  }

  /** The address says what is looked at, and so do the links that lead to this page in another way. */
  function keep() {
    window.clearTimeout(settling);
    settling = window.setTimeout(() => {
      const { t, n } = lead.store.get();
      const now = { t: t ? String(t) : null, n: n ? String(n) : null, difference: wanted ? "1" : null };
      window.history.replaceState(null, "", withQuery(window.location.href, now));
      for (const link of /** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll('a[href^="/compare?"]'))) link.setAttribute("href", withQuery(link.href, now));
      for (const [name, value] of Object.entries(now)) {
        const field = /** @type {HTMLInputElement | null} */ (document.querySelector(`#view input[name="${name}"]`));
        if (field) Object.assign(field, { value: value ?? "", disabled: value === null });
      }
    }, SETTLE);
  }

  /** Asked for when it is wanted, and then kept. */
  async function showDifference() {
    toggle.setAttribute("aria-pressed", String(wanted));
    for (const part of drawn.querySelectorAll("[data-part=difference]")) /** @type {HTMLElement} */ (part).hidden = !wanted;
    if (!wanted || runs.length > 2) return;
    const says = find(drawn, "#difference-says");
    says.textContent = say("charts.loading");
    let found;
    try {
      found = await api.difference(a.id, b.id, signal);
    } catch {
      says.textContent = say("charts.failed");
      return;
    }
    if (runs.length > 2) return;
    const third = run("A − B", differenceOf(a, b, found), api.differences(a.id, b.id, signal), []);
    runs.push(third);
    third.store.set(lookingAt(third.store.get().trace, lead.store.get(), a));
    write(says, found);
    if (!Object.keys(found.tensors).length) {
      for (const side of drawn.querySelectorAll(".drawn-side.side-d")) side.remove(); // there is nothing to draw
      return;
    }
    show("d", third.store, third.context, hasNetwork(a, found));
    follow(third);
    readout.follow(lead.store.get().cursor, lead.store.get().pinned);
  }

  /** What could be subtracted, and of the rest why not. @param {HTMLElement} says @param {Difference} found */
  function write(says, found) {
    const names = (/** @type {string[]} */ list) => list.join(", ");
    const reasons = [
      ...found.apart.map((each) => reasonOf(each, say)),
      ...(found.only_a.length ? [say("compare.apart.only", { side: "A", names: names(found.only_a) })] : []),
      ...(found.only_b.length ? [say("compare.apart.only", { side: "B", names: names(found.only_b) })] : []),
    ];
    says.replaceChildren(
      make("p", {}, say("compare.difference.says", { count: Object.keys(found.tensors).length })),
      ...(reasons.length ? [make("details", {}, make("summary", {}, say("compare.difference.left", { count: found.apart.length + found.only_a.length + found.only_b.length })), make("ul", {}, ...reasons.map((text) => make("li", {}, text))))] : []),
    );
  }
}

/** An address of this page with other values of some names; null takes one away. @param {string} href @param {{[name: string]: string | null}} values */
function withQuery(href, values) {
  const url = new URL(href);
  for (const [name, value] of Object.entries(values)) {
    if (value === null) url.searchParams.delete(name);
    else url.searchParams.set(name, value);
  }
  return url.pathname + url.search;
}

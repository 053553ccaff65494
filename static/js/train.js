// The page of training runs: the form starts one, its events become the progress, the curve and the snapshots.

import { createSay } from "./core/i18n.js";
import { createApi, Refused } from "./doors/api.js";
import { find } from "./doors/dom.js";
import { createModels } from "./doors/models.js";
import { Busy, createTrainings } from "./doors/training.js";
import { mountCurve } from "./training/curve.js";
import { mountForm } from "./training/form.js";
import { createInsides } from "./training/inside.js";
import { begun, heard, standing } from "./training/run.js";
import { mountScrub } from "./training/scrub.js";

/** @typedef {import("./training/types.js").Run} Run */

start(document, window);

/** @param {Document} document @param {Window & typeof globalThis} window */
function start(document, window) {
  const say = createSay(JSON.parse(find(document, "#catalogue").textContent ?? ""));
  const lang = document.documentElement.lang.startsWith("zh") ? "zh" : "en";
  const [api, trainings, models] = [createApi(), createTrainings(window, lang), createModels(window)];
  const host = find(document, "#run");
  /** @type {HTMLProgressElement} */
  const bar = find(document, "#bar");
  const barSays = find(document, "#bar-says");
  const live = find(document, "#bar-live");
  /** @type {HTMLButtonElement} */
  const cancel = find(document, "#cancel");
  /** @type {HTMLButtonElement} */
  const go = find(document, "#start");
  const curve = mountCurve(find(document, "#curve"), say);
  /** @type {Run | null} */
  let run = null;
  /** @type {ReturnType<typeof mountScrub> | null} */
  let scrub = null;
  let at = 0;
  let tenth = 0;
  let awaited = 0;
  let leave = () => {};

  const form = mountForm(find(document, "#train-form"), {
    start: (request) => void begin(request),
    changed(query) {
      const url = new URL(window.location.href);
      for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
      window.history.replaceState(null, "", url);
    },
  });
  cancel.addEventListener("click", () => {
    if (!run) return;
    cancel.disabled = true;
    trainings.cancel(run.id).catch(() => barSays.replaceChildren(say("train.unreachable")));
  });

  /** @param {unknown} request */
  async function begin(request) {
    go.disabled = true;
    host.dataset.outcome = "starting"; // room is made at once, before anything arrives
    const before = barSays.textContent;
    barSays.textContent = say("train.starting");
    try {
      const { id, request: asked } = await trainings.start(request);
      leave();
      scrub?.forget();
      run = begun(id, asked);
      [at, tenth] = [0, 0];
      const insides = createInsides({ api, trace: (cell, step, signal) => trainings.trace(id, cell, step, signal) });
      scrub = mountScrub(find(document, "#scrub"), {
        say,
        inside: insides,
        weightsUrl: (cell, step) => trainings.weightsUrl(id, cell, step),
        open: (cell, step) => opened(trainings.weightsUrl(id, cell, step), `${cell}-${step}.safetensors`),
        looked(step) {
          at = step;
          later();
        },
      });
      leave = trainings.follow(id, {
        heard(event, data) {
          if (run?.id !== id) return;
          run = heard(run, event, data);
          later();
        },
        lost() {
          if (run?.id !== id) return;
          run = { ...run, outcome: "lost", left: null };
          later();
        },
      });
      later();
    } catch (error) {
      go.disabled = false;
      host.dataset.outcome = run?.outcome ?? "none";
      barSays.textContent = before;
      if (error instanceof Busy) form.refuse(say("train.busy", { seconds: error.wait }));
      else if (error instanceof Refused) form.refuse(error.problem ? error.message : say("train.unreachable"), error.problem?.field);
      else throw error;
    }
  }

  /** Events come in bursts: one drawing a frame. */
  function later() {
    if (!awaited) awaited = window.requestAnimationFrame(show);
  }

  function show() {
    awaited = 0;
    if (!run) return;
    const { key, params } = standing(run);
    const running = run.outcome === "running";
    host.dataset.outcome = run.outcome;
    bar.max = run.steps;
    bar.value = run.step;
    barSays.textContent = say(key, params);
    const tenths = Math.floor((10 * run.step) / run.steps);
    if (!running) live.textContent = say(key, params);
    else if (tenths > tenth) live.textContent = say("train.live", { percent: 10 * tenths });
    tenth = tenths;
    go.disabled = running;
    cancel.disabled = !running;
    curve.show(run, at);
    scrub?.update(run, false);
  }

  /** Keeps the weights on the server and goes to the explorer with them. @param {string} url @param {string} name @returns {Promise<string>} */
  async function opened(url, name) {
    const { signal } = new AbortController();
    try {
      const bytes = await api.file(url, signal);
      const { stacks } = await models.send(new File([bytes], name), lang, () => {}, signal);
      if (!stacks.length) return say("train.no_stack");
      window.location.assign(`/?${stacks[0].query}${lang === "zh" ? "&lang=zh" : ""}`);
      return "";
    } catch (error) {
      return error instanceof Refused && error.problem ? error.message : say("train.unreachable");
    }
  }
}

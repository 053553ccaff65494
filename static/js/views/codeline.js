// The program as a control panel: each argument is edited in place, and what follows from it is written beside it.

import { exact, fixed, grouped } from "../core/format.js";
import { judgedOf, withLoss } from "../core/loss.js";
import { coordinates } from "../core/places.js";
import { DEFAULTS } from "../core/query.js";
import { el as make, find } from "../doors/dom.js";

/** @typedef {import("../types.js").AppState} AppState */
/** @typedef {import("../types.js").FlatState} FlatState */

const MOST_SHOWN = 4; // predictions that still read as one line
const MOST_LENGTHS = 12;

/** @type {import("../types.js").Mount} */
export function mountCodeline(el, store, context) {
  const life = new AbortController();
  const { signal } = life;
  /** @type {(HTMLInputElement | HTMLSelectElement)[]} */
  const controls = [...el.querySelectorAll("[data-arg]")].map((node) => /** @type {HTMLInputElement} */ (node));
  const role = (/** @type {string} */ name) => find(el, `[data-role="${name}"]`);

  el.addEventListener(
    "input",
    ({ target }) => {
      if (!(target instanceof HTMLInputElement) || !target.dataset.arg) return;
      if (target.name === "lengths" && isFull(target.value, store.get().asked)) context.ask({ lengths: listed(target.value) }, { typing: true });
      if (target.type !== "number") return;
      if (target.validity.badInput || target.value === "") return void target.setAttribute("aria-invalid", "true");
      target.removeAttribute("aria-invalid");
      context.ask({ [target.dataset.arg]: target.valueAsNumber }, { typing: true });
    },
    { signal },
  );
  el.addEventListener(
    "change",
    ({ target }) => {
      if (target instanceof HTMLSelectElement && target.dataset.arg === "loss") context.ask(withLoss(target.value));
      // trained weights come with their whole setting, and with a text that they can read
      else if (target instanceof HTMLSelectElement && target.dataset.arg === "bundled") context.ask(target.value ? { example: target.value } : { bundled: "" });
      else if (target instanceof HTMLSelectElement) context.ask({ [String(target.dataset.arg)]: target.dataset.arg === "packed" ? target.value === "true" : target.value });
      else if (target instanceof HTMLInputElement && target.name === "lengths") context.ask({ lengths: listed(target.value) });
      else if (target instanceof HTMLInputElement && target.type === "checkbox") context.ask({ [String(target.dataset.arg)]: target.checked });
    },
    { signal },
  );
  el.addEventListener("focusout", () => draw(), { signal });
  el.addEventListener(
    "click",
    ({ target }) => {
      const button = target instanceof Element ? target.closest("button") : null;
      if (button?.dataset.do === "more") toggleMore(button);
      if (!button?.dataset.step) return;
      /** @type {HTMLInputElement} */
      const field = find(el, `input[data-arg="${button.dataset.for}"]`);
      const next = Number(((Number(field.value) || 0) + Number(button.dataset.step)).toFixed(6)); // 0.1 + 0.2 is 0.3
      field.value = String(next);
      context.ask({ [String(button.dataset.for)]: next }, { typing: true });
    },
    { signal },
  );

  /** Shows the arguments that stand at their defaults, and goes to the first of them. @param {HTMLElement} button */
  function toggleMore(button) {
    const open = el.toggleAttribute("data-open");
    button.setAttribute("aria-expanded", String(open));
    /** @type {HTMLElement | null} */
    const first = el.querySelector("[data-more]:not([data-set]):not([hidden]) :is(input, select)");
    if (open) first?.focus();
  }

  function draw() {
    const { asked, trace, lines, lang } = store.get();
    for (const control of controls) setControl(control, asked);
    for (const unit of el.querySelectorAll("[data-more]")) {
      const name = /** @type {keyof FlatState} */ (unit.getAttribute("data-more"));
      unit.toggleAttribute("data-set", asked[name] !== DEFAULTS[name]);
    }
    for (const name of el.querySelectorAll('[data-role="variable"]')) name.textContent = asked.cell;
    role("results").textContent = asked.cell === "lstm" ? "output, (h_n, c_n)" : "output, h_n";
    role("given").hidden = asked.h0 === "zeros"; // torch starts from zeros by itself
    role("given").textContent = asked.cell === "lstm" ? ", (h_0, c_0)" : ", h_0";
    const twoDraws = asked.cell === "lstm" && asked.h0 === "random"; // h_0 = c_0 = randn(…) would make them the same numbers
    const apart = asked.cell === "lstm" && asked.proj_size > 0; // h_0 is then narrower than c_0
    role("states").textContent = asked.cell !== "lstm" ? "h_0" : twoDraws || apart ? "h_0, c_0" : "h_0 = c_0";
    nameReads(find(el, '[data-arg="head"]'), asked);
    role("upload").textContent = asked.upload ? `${asked.upload.slice(0, 8)}….safetensors` : "";
    role("width").textContent = String(asked.input_size);
    const fromText = asked.source === "text";
    const decodes = asked.task !== "read";
    const wordsKnown = fromText || decodes; // by the sentences, or by the head
    const when = /** @type {{[name: string]: boolean}} */ ({
      rnn: asked.cell === "rnn",
      lstm: asked.cell === "lstm",
      lengths: asked.task !== "caption" && (!fromText || Boolean(trace?.text)),
      translate: asked.task === "translate",
      states: asked.task !== "translate",
      decode: decodes,
      call: !decodes,
      stacked: asked.num_layers > 1 || asked.dropout > 0 || asked.mode === "train", // dropout acts between layers
      head: asked.head !== "none",
      seeded: asked.bundled === "" && asked.upload === "",
      own: asked.upload !== "",
      "not-own": asked.upload === "",
      loss: asked.loss !== "none",
      "no-embedding": !wordsKnown && asked.num_embeddings === 0,
    });
    for (const node of el.querySelectorAll("[data-when]")) node.toggleAttribute("hidden", !when[node.getAttribute("data-when") ?? ""]);
    role("vocabulary").hidden = !wordsKnown;
    role("padding").hidden = !(trace?.request.embedding && trace.request.embedding.padding_idx !== null);
    /** @type {HTMLSelectElement} */ (find(el, '[data-arg="head"]')).disabled = decodes; // every step chooses a word
    for (const name of /** @type {const} */ (["encoder", "loop"])) role(`${name}-code`).replaceChildren(...(lines?.[`${name}_code`] ?? []).map((line) => make("span", { class: "unit" }, line)));
    role("lengths").hidden = !fromText;
    find(el, '[data-arg="lengths"]').hidden = fromText;
    const known = trace?.text?.lengths ?? [];
    role("lengths").textContent = known.slice(0, MOST_LENGTHS).join(", ") + (known.length > MOST_LENGTHS ? ", …" : "");
    find(el, '[data-arg="num_embeddings"]').parentElement?.toggleAttribute("hidden", wordsKnown);
    if (!trace) return;
    role("vocabulary").textContent = String(trace.request.embedding?.num_embeddings ?? "");
    role("state-shape").textContent = [...(twoDraws && !apart ? [2] : []), ...trace.tensors.h_n.shape].join(", ");
    const made = asked.h0 === "random" ? "randn" : asked.h0;
    role("state-c").textContent = apart && trace.tensors.c_n ? `, torch.${made}(${trace.tensors.c_n.shape.join(", ")})` : "";
    role("in-features").textContent = String(trace.parameters["head.weight"]?.shape[1] ?? "");
    role("parameter-count").textContent = context.say("page.parameters", { count: grouped(trace.parameter_count, lang) });
    drawLoss();
    void drawPrediction();
  }

  function drawLoss() {
    const { trace } = store.get();
    const info = trace.tensors.loss;
    role("loss-reads").textContent = judgedOf(trace);
    if (!info) return void role("loss-value").replaceChildren();
    const value = info.min ?? NaN; // of one number the least is the number; none is finite where every target is left out
    role("loss-value").replaceChildren("# ", make("data", { value: exact(value), "data-value": exact(value), "data-tensor": "loss", "data-index": "", title: `loss = ${exact(value)}` }, fixed(value)));
  }

  let newest = 0;
  async function drawPrediction() {
    const mine = (newest += 1);
    const place = role("prediction");
    const untrained = find(el, ".untrained");
    const { trace, n, t, lang } = store.get();
    const info = trace.tensors.prediction;
    const { bundled, upload } = trace.request.weights;
    untrained.hidden = !info || Boolean(bundled || upload);
    const trained = /** @type {HTMLAnchorElement} */ (find(el, ".trained"));
    trained.hidden = !bundled;
    if (bundled) {
      trained.textContent = context.say(`bundled.${bundled}.trained`);
      trained.href = `/models/${bundled}?lang=${lang}`;
    }
    place.classList.toggle("reserved", info !== undefined && !trace.small);
    if (!info) return void place.replaceChildren();
    // Every sample's first number where there is one a sample, else the chosen sample's at this step.
    const timed = info.axes.includes("T");
    const cells = timed
      ? [info.axes.map((axis) => (axis === "N" ? n : axis === "T" ? t : 0))]
      : Array.from({ length: Math.min(MOST_SHOWN, info.axes[0] === "N" ? info.shape[0] : 1) }, (_, k) => info.axes.map((axis) => (axis === "N" ? k : 0)));
    const blocks = await Promise.all(cells.map((index) => context.tensors.slice("prediction", index))).catch(() => null);
    if (mine !== newest || !blocks) return;
    const values = cells.map((index, k) => {
      const value = blocks[k].data[0];
      const at = coordinates(trace, { tensor: "prediction", index });
      return make("data", { value: exact(value), "data-value": exact(value), "data-tensor": "prediction", "data-index": index.join(), title: `prediction[${index.join(", ")}] = ${exact(value)} (N ${at.n})` }, fixed(value));
    });
    const more = !timed && info.axes[0] === "N" && info.shape[0] > MOST_SHOWN ? ", …" : "";
    place.replaceChildren("# ", ...values.flatMap((value, k) => (k ? [", ", value] : [value])), more);
  }

  draw();
  const unsubscribe = store.subscribe((state, previous) => {
    if (state.asked !== previous.asked || state.trace !== previous.trace || state.lang !== previous.lang) draw();
    else if (state.t !== previous.t || state.n !== previous.n) void drawPrediction();
  });
  return () => {
    unsubscribe();
    life.abort();
  };
}

/**
 * What the head reads, as it is indexed in this very network.
 * @param {HTMLElement} menu
 * @param {FlatState} asked
 */
function nameReads(menu, { bidirectional, batch_first, source, lengths }) {
  const dim = Number(batch_first);
  find(menu, '[value="mean"]').textContent = source === "text" || lengths ? `(output * mask).sum(${dim}) / lengths[:, None]` : `output.mean(${dim})`;
  find(menu, '[value="h_n"]').textContent = bidirectional ? "cat(h_n[-2], h_n[-1])" : "h_n[-1]";
  find(menu, '[value="last_step"]').textContent = batch_first ? "output[:, -1]" : "output[-1]";
}

/**
 * The control says what is asked; a number under the fingers is left alone.
 * @param {HTMLInputElement | HTMLSelectElement} control
 * @param {FlatState} asked
 */
function setControl(control, asked) {
  const value = asked[/** @type {keyof FlatState} */ (control.dataset.arg)];
  if (control instanceof HTMLInputElement && control.type === "checkbox") control.checked = value === true;
  else if (control !== document.activeElement || control.tagName === "SELECT") control.value = String(value).replaceAll(",", ", ");
}

/** "5,3" out of "[5, 3]". @param {string} typed */
const listed = (typed) => typed.replace(/[[\]\s]/g, "").replace(/,+$/, "");

/** Does every sample have its length? Until then somebody is still typing. @param {string} typed @param {FlatState} asked */
const isFull = (typed, { batch }) => listed(typed) === "" || (!/,\s*$/.test(typed) && listed(typed).split(",").length === batch);

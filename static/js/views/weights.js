// Weights of one's own: drop or choose a file, see which stacks are in it, open one; what is kept can be opened or deleted.

import { changes, fromQuery } from "../core/query.js";
import { el as make, find } from "../doors/dom.js";

/** @typedef {import("../doors/models.js").Upload} Upload */
/** @typedef {import("../doors/models.js").Stack} Stack */

const MOST_IGNORED = 40; // lines

/** @type {import("../types.js").Mount} */
export function mountWeights(el, store, context) {
  const models = /** @type {import("../doors/models.js").Models} */ (context.models); // the page that mounts this view has it
  const life = new AbortController();
  const { signal } = life;
  const role = (/** @type {string} */ name) => find(el, `[data-role="${name}"]`);
  const sheet = /** @type {HTMLDialogElement} */ (role("sheet"));
  const file = /** @type {HTMLInputElement} */ (role("file"));
  let sending = new AbortController();

  el.addEventListener(
    "click",
    ({ target }) => {
      const button = target instanceof Element ? target.closest("button") : null;
      if (button?.dataset.do === "open") open();
      if (button?.dataset.do === "close") sheet.close();
      if (button?.dataset.do === "leave") context.ask({ upload: "", prefix: "" });
    },
    { signal },
  );
  file.addEventListener("change", () => file.files?.[0] && void send(file.files[0]), { signal });
  sheet.addEventListener("close", () => sending.abort(), { signal });
  models.dropped((given) => {
    open();
    void send(given);
  }, signal);

  function open() {
    if (!sheet.open) sheet.showModal();
    void drawKept();
  }

  /** @param {File} given */
  async function send(given) {
    sending.abort();
    sending = new AbortController();
    const mine = sending;
    for (const name of ["refused", "found"]) role(name).replaceChildren();
    role("sending").hidden = false;
    const bar = /** @type {HTMLProgressElement} */ (role("progress"));
    /** @param {number} part */
    const progress = (part) => {
      bar.value = part;
      role("stage").textContent = context.say(part < 1 ? "page.weights.sending" : "page.weights.reading");
    };
    progress(0);
    try {
      const upload = await models.send(given, store.get().lang, progress, mine.signal);
      if (mine !== sending) return;
      drawFound(upload);
      void drawKept();
    } catch (error) {
      if (mine !== sending) return;
      const problem = /** @type {import("../doors/api.js").Refused} */ (error).problem;
      role("refused").replaceChildren(
        make("p", { class: "refusal" }, make("b", {}, given.name), " ", problem?.detail ?? context.say("page.weights.lost")),
        problem?.hint ? make("p", {}, problem.hint) : "",
      );
    } finally {
      if (mine === sending) role("sending").hidden = true;
      file.value = "";
    }
  }

  /** @param {Upload} upload */
  function drawFound(upload) {
    const { ignored, ignored_count: count } = upload;
    const list = ignored.slice(0, MOST_IGNORED).map(({ name, why }) => make("li", {}, make("code", {}, name), " ", why));
    role("found").replaceChildren(
      make("h3", {}, context.say("page.weights.found", { name: upload.filename, count: upload.stacks.length })),
      make("ul", { class: "stacks" }, ...upload.stacks.map((stack) => make("li", {}, ...stackLine(stack)))),
      count ? make("details", {}, make("summary", {}, context.say("page.weights.ignored", { count })), make("ul", {}, ...list)) : "",
    );
    /** @type {HTMLElement | null} */ (role("found").querySelector("button"))?.focus();
  }

  /** @param {Stack} stack */
  function stackLine(stack) {
    const { cell, input_size, hidden_size, num_layers, bidirectional, proj_size, embedding, head } = stack;
    const parts = [`${input_size}, ${hidden_size}`, num_layers > 1 && `num_layers=${num_layers}`, bidirectional && "bidirectional=True", proj_size && `proj_size=${proj_size}`];
    const code = [
      embedding && `nn.Embedding(${embedding.num_embeddings}, ${input_size}) → `,
      `nn.${cell.toUpperCase()}(${parts.filter(Boolean).join(", ")})`,
      head && ` → nn.Linear(…, ${head.out_features})`,
    ];
    const button = make("button", { type: "button", class: "button" }, context.say("page.weights.show"));
    button.addEventListener("click", () => show(stack), { signal });
    return [button, " ", make("span", { class: "stack-name" }, make("b", {}, stack.prefix || "·"), " ", make("code", {}, code.filter(Boolean).join("")))];
  }

  /** @param {Stack} stack */
  function show(stack) {
    const to = fromQuery(stack.query);
    sheet.close();
    if (to) context.ask(changes(store.get().asked, to));
  }

  async function drawKept() {
    const uploads = await models.list(store.get().lang, signal).catch(() => []);
    const rows = uploads.map((upload) => {
      const look = make("button", { type: "button", class: "linklike" }, upload.filename);
      const gone = make("button", { type: "button", class: "linklike", "aria-label": context.say("page.weights.delete_one", { name: upload.filename }) }, context.say("page.weights.delete"));
      look.addEventListener("click", () => drawFound(upload), { signal });
      gone.addEventListener("click", () => void models.remove(upload.id).then(drawKept), { signal });
      return make("li", {}, look, " ", gone);
    });
    role("kept").replaceChildren(...(rows.length ? [make("h3", {}, context.say("page.weights.kept")), make("ul", { class: "kept" }, ...rows)] : []));
  }

  function draw() {
    const { trace, asked } = store.get();
    role("yours").hidden = !(trace ? trace.request.weights.upload : asked.upload);
  }
  draw();
  const unsubscribe = store.subscribe((state, previous) => {
    if (state.trace !== previous.trace || state.asked !== previous.asked) draw();
  });
  return () => {
    unsubscribe();
    sending.abort();
    life.abort();
  };
}

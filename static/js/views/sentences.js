// One line of text a sample with its tokens beneath, or the sizes of a random input.

import { el as make, find } from "../doors/dom.js";

/** @typedef {import("../types.js").FlatState} FlatState */

const MOST_CHIPS = 48; // tokens with their ids under a sentence; the time bar has them all

/** @type {import("../types.js").Mount} */
export function mountSentences(el, store, context) {
  const life = new AbortController();
  const { signal } = life;
  const list = find(el, ".rows");
  const add = find(el, '[data-do="add"]');
  const invitation = make("p", { class: "invitation" });
  el.append(invitation);

  /** What stands in the rows, empty ones too; only the others are asked for. @type {string[]} */
  let drafts = [...store.get().asked.text];
  const filled = () => drafts.map((line) => line.trim()).filter((line) => line !== "");
  /** What the page asks for as far as these rows know; anything else came from outside. */
  let known = filled().join("\n");

  el.addEventListener(
    "input",
    ({ target }) => {
      if (!(target instanceof HTMLInputElement)) return;
      if (target.type === "number" && target.value !== "") context.ask({ [String(target.dataset.arg)]: target.valueAsNumber }, { typing: true });
      if (target.name !== "text") return;
      drafts[Number(target.dataset.row)] = target.value;
      tell({ typing: true });
    },
    { signal },
  );
  el.addEventListener(
    "change",
    ({ target }) => {
      if (!(target instanceof HTMLInputElement)) return;
      if (target.name === "first_day" && target.value !== "") context.ask({ first_day: target.value });
      // a day of the weather has four measurements, whatever was read before
      if (target.name === "source") context.ask({ source: /** @type {"text"} */ (target.value), ...(target.value === "weather" ? { input_size: 4, lengths: "", packed: false } : {}) });
    },
    { signal },
  );
  el.addEventListener(
    "click",
    ({ target }) => {
      const button = target instanceof Element ? target.closest("button") : null;
      if (!button) return;
      if (button.dataset.do === "add") {
        drafts.push("");
        drawRows();
        focusRow(drafts.length - 1);
      } else if (button.dataset.do === "remove") {
        const row = Number(button.dataset.row);
        drafts.splice(row, 1);
        drawRows();
        focusRow(Math.min(row, drafts.length - 1));
        tell();
      } else if (button.dataset.step) {
        /** @type {HTMLInputElement} */
        const field = find(el, `input[data-arg="${button.dataset.for}"]`);
        field.value = String((Number(field.value) || 0) + Number(button.dataset.step));
        context.ask({ [String(button.dataset.for)]: Number(field.value) }, { typing: true });
      }
    },
    { signal },
  );

  /** @param {{typing?: boolean}} [how] */
  function tell(how) {
    invitation.textContent = filled().length ? "" : context.say("page.input.empty");
    if (!filled().length) return;
    known = filled().join("\n");
    context.ask({ text: filled() }, how);
  }

  /** A word that the model was not trained on. @param {string} token */
  function strange(token) {
    return make("li", { class: "chip chip-unknown", title: context.say("page.input.unknown", { token }) }, make("span", { dir: "auto" }, token), " ", make("small", {}, "<unk>"));
  }

  /** @param {number} row */
  function focusRow(row) {
    list.querySelectorAll("input")[row]?.focus();
  }

  function drawRows() {
    while (list.children.length > drafts.length) list.lastElementChild?.remove();
    drafts.forEach((line, row) => {
      const item = list.children[row] ?? list.appendChild(emptyRow(row));
      const field = find(item, "input");
      if (/** @type {HTMLInputElement} */ (field).value !== line) /** @type {HTMLInputElement} */ (field).value = line;
      field.setAttribute("aria-label", context.say("page.input.sentence", { n: row }));
      drawRemove(item, row);
      drawChips(item, row);
    });
    add.textContent = context.say("page.input.add");
    add.hidden = sourceOf(store.get().asked) !== "text";
    invitation.textContent = filled().length ? "" : context.say("page.input.empty");
  }

  /** @param {number} row */
  function emptyRow(row) {
    const field = make("input", { class: "field wide", type: "text", name: "text", "data-arg": "text", "data-row": row, spellcheck: "false", maxlength: 2000 });
    return make("li", { class: "row" }, make("div", { class: "row-line" }, make("span", { class: "row-n", "aria-hidden": "true" }, String(row)), field));
  }

  /** @param {Element} item @param {number} row */
  function drawRemove(item, row) {
    const old = item.querySelector("button");
    if (drafts.length < 2) return void old?.remove();
    const button = old ?? make("button", { type: "button", class: "icon remove", "data-do": "remove" }, "×");
    button.dataset.row = String(row);
    button.setAttribute("aria-label", context.say("page.input.remove", { n: row }));
    if (!old) find(item, ".row-line").append(button);
  }

  /**
   * The tokens of the trace that is shown; the row's place among the filled rows is its sample.
   * @param {Element} item
   * @param {number} row
   */
  function drawChips(item, row) {
    const { trace } = store.get();
    const text = (trace?.encoder ?? trace)?.text; // with a decoder it is the encoder that reads
    const sample = drafts.slice(0, row).filter((line) => line.trim() !== "").length;
    const tokens = drafts[row].trim() === "" ? undefined : text?.tokens[sample];
    item.querySelector(".chips")?.remove();
    if (!text || !tokens) return;
    const { vocabulary, lengths } = text;
    const unknown = text.unknown?.[sample] ?? [];
    const length = lengths[sample] ?? tokens.length;
    const longest = Math.max(...lengths);
    const words = tokens.slice(0, Math.min(length, MOST_CHIPS)).map((token, at) => (unknown.includes(at) ? strange(token) : chip(token, vocabulary.indexOf(token), false)));
    const pads = Array.from({ length: Math.max(0, Math.min(longest, MOST_CHIPS) - length) }, () => chip(vocabulary[0], 0, true));
    const more = longest > MOST_CHIPS && make("li", { class: "more" }, context.say("page.inspector.more", { count: longest - MOST_CHIPS }));
    item.append(make("ol", { class: "chips" }, ...words, ...pads, more));
  }

  function draw() {
    const { asked } = store.get();
    const text = asked.text.join("\n");
    if (text !== known) drafts = [...asked.text];
    known = text;
    drawRows();
    for (const node of el.querySelectorAll("[data-when]")) /** @type {HTMLElement} */ (node).hidden = node.getAttribute("data-when") !== sourceOf(asked);
    find(el, '[data-role="source"]').hidden = find(el, '[data-role="seq-len"]').hidden = asked.task === "caption";
    const owner = find(el, '[data-role="owner"]');
    owner.hidden = asked.task === "read";
    owner.textContent = owner.hidden ? "" : context.say(`page.input.of.${asked.task}`);
    for (const radio of el.querySelectorAll("input")) {
      if (radio.name === "source") radio.checked = radio.value === asked.source;
      else if (radio.type === "date") radio.value = asked.first_day;
      else if (radio.type === "number" && radio !== document.activeElement) radio.value = String(asked[/** @type {keyof FlatState} */ (radio.name)]);
    }
  }

  draw();
  const unsubscribe = store.subscribe((state, previous) => {
    if (state.asked !== previous.asked || state.trace !== previous.trace || state.lang !== previous.lang) draw();
  });
  return () => {
    unsubscribe();
    life.abort();
    invitation.remove();
  };
}

/** A caption's first step reads a drawn vector, whatever the sentences say. @param {FlatState} asked */
const sourceOf = ({ task, source }) => (task === "caption" ? "random" : source);

/**
 * @param {string} token
 * @param {number} id
 * @param {boolean} pad
 */
function chip(token, id, pad) {
  return make("li", { class: pad ? "chip chip-pad" : "chip" }, make("span", { dir: "auto" }, token), " ", make("small", {}, id < 0 ? "" : String(id)));
}

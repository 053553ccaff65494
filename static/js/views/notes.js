// What PyTorch does not notice in this run: asked for after the picture stands, said briefly, mended with one click.

import { inShort } from "../core/faults.js";
import { changes, fromQuery } from "../core/query.js";
import { markedList } from "../diagnosis/marked.js";
import { closeLikeMenu, el as make } from "../doors/dom.js";

/** @typedef {import("../types.js").Diagnosis} Diagnosis */
/** @typedef {import("../types.js").Noticed} Noticed */

const LATER = 600; // ms after an answer: the numbers of the picture go first
const MOST_KEPT = 50;

/** @type {import("../types.js").Mount} */
export function mountNotes(el, store, context) {
  const life = new AbortController();
  let asking = new AbortController();
  let timer = 0;
  /** What was found, by trace and language. @type {Map<string, Noticed[]>} */
  const known = new Map();
  /** What each button changes. @type {Partial<import("../types.js").FlatState>[]} */
  let fixes = [];
  closeLikeMenu(el, life.signal);
  el.addEventListener(
    "click",
    ({ target }) => {
      const button = target instanceof Element ? target.closest("button[data-fix]") : null;
      if (button instanceof HTMLElement) context.ask(fixes[Number(button.dataset.fix)]);
    },
    { signal: life.signal },
  );

  const key = () => `${store.get().trace.id} ${store.get().lang}`;

  function arrive() {
    asking.abort();
    window.clearTimeout(timer);
    const found = known.get(key());
    draw(found ?? []);
    if (!found) timer = window.setTimeout(() => void ask(), LATER);
  }

  async function ask() {
    asking = new AbortController();
    const asked = key();
    // Without an answer there is no note: the page itself says when the server can't be reached.
    const answer = await context.diagnose(asking.signal).catch(() => null);
    if (!answer || asked !== key()) return;
    if (known.size >= MOST_KEPT) known.clear();
    known.set(asked, notesOf(answer));
    draw(notesOf(answer));
  }

  /** @param {Noticed[]} notes */
  function draw(notes) {
    fixes = [];
    if (!notes.length) return void el.replaceChildren();
    const { say } = context;
    const [first] = notes;
    const title = notes.length === 1 && first.question_says ? `: ${first.question_says}` : "";
    const summary = [
      make("span", { class: "note-mark", "aria-hidden": "true" }, "!"),
      make("span", { class: "note-count", "aria-hidden": "true" }, String(notes.length)), // all that a phone has room for
      make("span", { class: "note-words" }, say("page.notes", { count: notes.length }), title),
    ];
    el.replaceChildren(
      make(
        "details",
        {},
        make("summary", {}, ...summary),
        make("div", { class: "proof-body" }, ...notes.map(note)),
      ),
    );
  }

  /** @param {Noticed} found */
  function note(found) {
    const { say } = context;
    const { state } = store.get();
    const to = found.page ? fromQuery(found.page.split("?")[1] ?? "") : null;
    const changed = to ? changes(state, to) : {};
    const isFix = Object.keys(changed).length > 0;
    if (isFix) fixes.push(changed);
    return make(
      "div",
      { class: "note", "data-kind": found.kind },
      found.question_says && make("p", {}, make("b", {}, found.question_says), " ", make("a", { href: `/questions?lang=${store.get().lang}#q${found.question ?? 0}` }, say("page.diagnose.question", { number: found.question ?? 0 }))),
      found.shapes.length > 0 && markedList(found.shapes, say),
      make("p", {}, found.why),
      found.fix && make("p", { class: "soft" }, found.fix),
      isFix && make("p", {}, make("button", { type: "button", class: "button", "data-fix": fixes.length - 1 }, say("page.fix", { changes: inShort(changed) }))),
    );
  }

  arrive();
  const unsubscribe = store.subscribe((state, previous) => {
    if (state.trace !== previous.trace || state.lang !== previous.lang) arrive();
  });
  return () => {
    unsubscribe();
    asking.abort();
    window.clearTimeout(timer);
    life.abort();
  };
}

/** @param {Diagnosis} answer */
function notesOf(answer) {
  return answer.ok === true ? [] : [answer, ...answer.also];
}

// Loading, a bad link and a refused edit: said in words, beside the control they are about.

import { faultShapes, inShort } from "../core/faults.js";
import { controlOf, fitting } from "../core/fields.js";
import { changes, fromQuery } from "../core/query.js";
import { markedList } from "../diagnosis/marked.js";
import { el as make, find } from "../doors/dom.js";

/** @typedef {import("../types.js").FlatState} FlatState */
/** @typedef {import("../types.js").Problem} Problem */

/** @type {import("../types.js").Mount} */
export function mountStatus(el, store, context) {
  const life = new AbortController();
  const { signal } = life;
  const progress = find(document, "#progress");
  const banner = find(el, "#problems");
  const refusals = find(el, "#refusals");
  const form = find(el, "#ask");

  // Without the script the form sends itself; with it every change is already on its way.
  form.addEventListener("submit", (event) => event.preventDefault(), { signal });
  banner.addEventListener(
    "click",
    ({ target }) => {
      if (target instanceof Element && target.closest("button")) store.set({ problems: [] });
    },
    { signal },
  );
  refusals.addEventListener(
    "click",
    ({ target }) => {
      const button = target instanceof Element ? target.closest("button") : null;
      if (button?.dataset.do === "fix") context.ask(changes(store.get().asked, /** @type {FlatState} */ (fixedState())));
      else if (button?.dataset.use) context.ask({ [String(button.dataset.for)]: Number(button.dataset.use) });
      else if (button) context.ask({ seed: store.get().asked.seed }); // the same question once more
    },
    { signal },
  );

  const controls = (/** @type {string} */ arg) => /** @type {HTMLElement[]} */ ([...form.querySelectorAll(`[data-arg="${CSS.escape(arg)}"]`)]);

  /** The nearest state that runs, where the server named one. */
  function fixedState() {
    const { fixed } = store.get();
    return fixed === null ? null : fromQuery(fixed);
  }

  function draw() {
    const { status, problems } = store.get();
    progress.textContent = status === "loading" ? context.say("page.loading") : "";
    document.body.toggleAttribute("data-loading", status === "loading");
    document.body.dataset.status = status; // for the tests, and for who looks at the page with a program
    drawBanner(status === "ready" ? problems : []);
    if (status !== "loading") drawRefusals(status === "error" ? problems : []);
  }

  /** @param {Problem[]} problems */
  function drawBanner(problems) {
    banner.hidden = problems.length === 0;
    if (!problems.length) return void banner.replaceChildren();
    const { say } = context;
    const { trace } = store.get();
    banner.replaceChildren(
      make("button", { type: "button", class: "icon dismiss", "aria-label": say("page.dismiss") }, "×"),
      ...problems.map(sentence),
      trace ? make("p", { class: "instead" }, `${say("page.instead")} `, make("code", {}, trace.code)) : "",
    );
  }

  /** @param {Problem} problem */
  function sentence({ detail, hint }) {
    return make("div", { class: "problem" }, make("strong", {}, said(detail)), hint && ` ${hint}`);
  }

  /** @param {Problem[]} problems */
  function drawRefusals(problems) {
    for (const marked of form.querySelectorAll('[aria-invalid="true"]')) {
      marked.removeAttribute("aria-invalid");
      marked.removeAttribute("aria-describedby");
    }
    const { trace, asked } = store.get();
    const fixed = fixedState();
    const changed = fixed ? changes(asked, fixed) : {};
    const isFix = Object.keys(changed).length > 0;
    /** @type {Set<string>} */
    const marked = new Set();
    /** @type {HTMLElement[]} */
    const items = problems.map((problem, k) => {
      const id = `refusal-${k}`;
      // All sizes together are about none of them: what the fix would change is marked.
      const [first] = isFix ? Object.keys(changed) : [];
      const about = controlOf(problem, (name) => controls(name).length > 0) ?? (first ? { arg: first, row: 0 } : null);
      const fits = fitting(problem);
      const control = about && (controls(about.arg)[about.row] ?? controls(about.arg)[0]);
      control?.setAttribute("aria-invalid", "true");
      control?.setAttribute("aria-describedby", id);
      const item = sentence(problem);
      item.id = id;
      item.classList.add("refusal");
      if (trace && about && !marked.has(about.arg)) {
        marked.add(about.arg);
        const shapes = faultShapes(about.arg, trace, asked, fixed);
        if (shapes.length) item.append(markedList(shapes, context.say));
      }
      if (!isFix && about && fits !== null && control instanceof HTMLInputElement && control.type === "number") {
        item.append(" ", make("button", { type: "button", class: "button", "data-use": fits, "data-for": about.arg }, context.say("page.use", { value: fits })));
      } else if (problem.status === 0 || problem.status >= 500) {
        item.append(" ", make("button", { type: "button", class: "button" }, context.say("page.again")));
      }
      return item;
    });
    if (items.length && isFix) items.push(make("p", {}, make("button", { type: "button", class: "button", "data-do": "fix" }, context.say("page.fix", { changes: inShort(changed) }))));
    if (items.length && trace) items.push(make("p", { class: "instead" }, `${context.say("page.still")} `, make("code", {}, trace.code)));
    refusals.replaceChildren(...items);
  }

  /** The page's own sentences come as keys, the server's as they are. @param {string} detail */
  const said = (detail) => (detail.startsWith("page.") ? context.say(detail) : detail);

  draw();
  const unsubscribe = store.subscribe((state, previous) => {
    const keys = /** @type {const} */ (["status", "problems", "trace", "lang"]);
    if (keys.some((key) => state[key] !== previous[key])) draw();
  });
  return () => {
    unsubscribe();
    life.abort();
  };
}

// Name, examples, language and theme: links that work by themselves, here without leaving the page.

import { changes, fromQuery, merge, toQuery, viewOf } from "../core/query.js";
import { closeLikeMenu, find } from "../doors/dom.js";

/** @typedef {import("../types.js").FlatState} FlatState */

/** @type {import("../types.js").Mount} */
export function mountMasthead(el, store, context) {
  const life = new AbortController();
  const { signal } = life;
  /** @type {HTMLDetailsElement} */
  const examples = find(el, "#examples");
  /** @type {HTMLAnchorElement} */
  const language = find(el, "#language");
  const pages = /** @type {NodeListOf<HTMLAnchorElement>} */ (el.querySelectorAll("a[data-page]"));
  /** @type {HTMLAnchorElement} */
  const compare = find(el, "#compare");
  /** @type {HTMLSelectElement} */
  const theme = find(el, "#theme");

  examples.addEventListener(
    "click",
    (event) => {
      const link = event.target instanceof Element && event.target.closest("a");
      if (!link || isForNewTab(event)) return;
      event.preventDefault();
      examples.open = false;
      const variant = link.dataset.query === undefined ? null : fromQuery(link.dataset.query);
      context.ask(variant ? changes(store.get().asked, variant) : { example: link.dataset.example ?? "" });
    },
    { signal },
  );
  closeLikeMenu(examples, signal);
  language.addEventListener(
    "click",
    (event) => {
      if (isForNewTab(event)) return;
      event.preventDefault();
      context.ask({ lang: otherLang(store.get().lang) });
    },
    { signal },
  );
  theme.addEventListener("change", () => context.ask({ theme: /** @type {"auto"} */ (theme.value) }), { signal });

  function draw() {
    const { state, shown, lang, theme: chosen } = store.get();
    for (const page of pages) page.href = `${page.dataset.page}?${new URLSearchParams({ lang, ...(chosen === "auto" ? {} : { theme: chosen }) })}`;
    const other = otherLang(lang);
    language.href = `/?${toQuery({ ...state, ...viewOf(store.get()), lang: other })}`;
    compare.href = compareUrl(state, lang, chosen);
    language.textContent = other === "zh" ? "中文" : "English";
    language.lang = language.hreflang = other === "zh" ? "zh-CN" : "en";
    theme.value = chosen;
    for (const link of examples.querySelectorAll("a")) {
      const { example, query, variant, of } = link.dataset;
      const current = query === undefined ? example === state.example : shown?.example === of && shown?.variant === variant;
      if (query !== undefined) link.href = `/?${[query, `lang=${lang}`, ...(chosen === "auto" ? [] : [`theme=${chosen}`])].filter(Boolean).join("&")}`;
      if (current) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  }
  draw();
  const unsubscribe = store.subscribe((state, previous) => {
    const keys = /** @type {const} */ (["state", "shown", "lang", "theme", "t", "n", "row", "tensor", "panel", "present", "hide", "lock"]);
    if (keys.some((key) => state[key] !== previous[key])) draw();
  });
  return () => {
    unsubscribe();
    life.abort();
  };
}

/**
 * What is shown, beside the same with another cell.
 * @param {FlatState} state
 * @param {string} lang
 * @param {string} theme
 */
function compareUrl(state, lang, theme) {
  const bare = /** @type {FlatState} */ ({ ...state, lang: "", theme: "auto", panel: "gates", present: false, hide: "", lock: "" });
  const other = merge(bare, { cell: state.cell === "lstm" ? "gru" : "lstm" });
  const query = new URLSearchParams({ a: toQuery(bare), b: toQuery(other), lang });
  if (theme !== "auto") query.set("theme", theme);
  return `/compare?${query}`;
}

/** @param {"en" | "zh"} lang */
const otherLang = (lang) => /** @type {"en" | "zh"} */ (lang === "zh" ? "en" : "zh");

/** @param {MouseEvent} event */
const isForNewTab = (event) => event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey;

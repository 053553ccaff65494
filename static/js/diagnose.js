// The page about mistakes works without this: here a long text is posted, the theme turns at once, JSON is copied.

import { find } from "./doors/dom.js";

start(document, window);

/**
 * @param {Document} document
 * @param {Window} window
 */
function start(document, window) {
  /** @type {HTMLFormElement} */
  const form = find(document, "#ask");
  /** @type {HTMLTextAreaElement} */
  const text = find(document, "#text");
  /** @type {HTMLSelectElement} */
  const theme = find(document, "#theme");
  const progress = find(document, "#progress");
  const answer = find(document, "#answer");
  const longest = Number(form.dataset.longest);

  form.addEventListener("submit", () => {
    form.method = queryOf(form).length > longest ? "post" : "get";
    // What is at its default stays out of the address.
    for (const field of fields(form)) field.disabled = field.name !== "text" && ["", "auto"].includes(field.value) && isSent(field);
    progress.textContent = progress.dataset.says ?? "";
    document.body.toggleAttribute("data-loading", true);
    answer.setAttribute("aria-busy", "true");
  });
  // Back out of the history, the page may come as it was left.
  window.addEventListener("pageshow", () => {
    for (const field of fields(form)) field.disabled = false;
    progress.textContent = "";
    document.body.removeAttribute("data-loading");
    answer.removeAttribute("aria-busy");
  });
  text.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    form.requestSubmit();
  });

  theme.addEventListener("change", () => {
    document.documentElement.dataset.theme = theme.value;
    const url = new URL(window.location.href);
    withTheme(url);
    window.history.replaceState(null, "", url);
    for (const link of document.querySelectorAll("a")) {
      if (link.pathname.startsWith("/docs") || link.getAttribute("href")?.startsWith("#")) continue;
      const to = new URL(link.href);
      withTheme(to);
      link.href = to.href;
    }
  });

  /** @param {URL} url */
  function withTheme(url) {
    if (theme.value === "auto") url.searchParams.delete("theme");
    else url.searchParams.set("theme", theme.value);
  }

  // A posted text stands in no address, so the other language is asked for by the form.
  find(document, "#language").addEventListener("click", (event) => {
    if (queryOf(form).length <= longest) return;
    event.preventDefault();
    const { lang = "" } = find(document, "#language").dataset;
    /** @type {HTMLInputElement} */
    const field = form.querySelector('[name="lang"]') ?? document.createElement("input");
    Object.assign(field, { type: "hidden", name: "lang", value: lang });
    form.append(field);
    form.requestSubmit();
  });

  document.addEventListener("click", ({ target }) => {
    const button = target instanceof Element ? target.closest('[data-do="copy"]') : null;
    if (button instanceof HTMLElement) void copy(button, window);
  });
}

/**
 * The text beside a button goes to the clipboard; where the browser has none (not on https), it is selected.
 * @param {HTMLElement} button
 * @param {Window} window
 */
async function copy(button, window) {
  const code = button.parentElement?.querySelector("pre");
  if (!code) return;
  try {
    await window.navigator.clipboard.writeText(code.textContent ?? "");
    button.textContent = button.dataset.copied ?? "";
  } catch {
    window.getSelection()?.selectAllChildren(code);
  }
}

/** @param {HTMLFormElement} form */
function fields(form) {
  return /** @type {HTMLInputElement[]} */ ([...form.elements].filter((one) => "name" in one && one.name));
}

/** @param {HTMLInputElement} field */
const isSent = (field) => field.type !== "radio" || field.checked;

/** @param {HTMLFormElement} form */
function queryOf(form) {
  const query = new URLSearchParams();
  for (const field of fields(form)) if (isSent(field)) query.append(field.name, field.value);
  return query.toString();
}

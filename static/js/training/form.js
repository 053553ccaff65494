// The form of a training run: fields that fit the task, a refusal beside its field, and nothing typed is lost.

import { find } from "../doors/dom.js";
import { fieldOf, requestOf } from "./run.js";

const IN_ADDRESS = ["task", "seq_len", "delay", "hidden_size", "steps", "learning_rate", "seed"];
/** @type {{[kind: string]: string[]}} */
const OF_TASK = { adding: ["seq_len"], sine: ["seq_len"], copying: ["delay"], names: [], sentences: ["sentences"], csv: ["csv"] };

/**
 * @param {HTMLFormElement} form
 * @param {{start: (request: unknown) => void, changed: (query: {[name: string]: string}) => void}} then
 */
export function mountForm(form, { start, changed }) {
  const field = (/** @type {string} */ id) => /** @type {HTMLInputElement} */ (find(form, `#${id}`));
  const parts = /** @type {HTMLElement[]} */ ([...form.querySelectorAll("[data-field]")]);

  function fit() {
    const kind = field("task").value;
    for (const part of parts) if (part.dataset.of && !["hidden_size", "steps", "seed"].includes(part.dataset.of)) part.hidden = !OF_TASK[kind].includes(part.dataset.of);
    for (const says of /** @type {NodeListOf<HTMLElement>} */ (form.querySelectorAll("[data-says]"))) {
      says.hidden = says.dataset.says !== kind;
      says.id = says.hidden ? "" : "task-says";
    }
  }
  const cells = () => [...form.querySelectorAll("[name=cells]:checked")].map((box) => /** @type {HTMLInputElement} */ (box).value);

  fit();
  field("task").addEventListener("change", fit);
  form.addEventListener("change", () => changed({ ...Object.fromEntries(IN_ADDRESS.map((name) => [name, field(name).value])), cells: cells().join() }));
  field("csv-file").addEventListener("change", async () => {
    const file = field("csv-file").files?.[0];
    if (file) field("csv").value = await file.text();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    clear();
    start(requestOf(Object.fromEntries([...IN_ADDRESS, "sentences", "csv"].map((id) => [id, field(id).value])), cells()));
  });

  function clear() {
    for (const note of form.querySelectorAll(".train-problem")) note.textContent = "";
    for (const wrong of form.querySelectorAll("[aria-invalid]")) wrong.removeAttribute("aria-invalid");
  }

  return {
    clear,
    /** @param {string} sentence @param {string | null} [about] the API's name of the field */
    refuse(sentence, about = null) {
      const name = about && fieldOf(about, parts.map((part) => part.dataset.field ?? ""));
      const part = parts.find((each) => each.dataset.field === name && !each.hidden);
      const note = part?.querySelector(".train-problem");
      (note ?? find(form, "#train-problem")).textContent = sentence;
      const input = part?.querySelector("input, textarea, select");
      if (!(input instanceof HTMLElement) || !note) return;
      input.setAttribute("aria-invalid", "true");
      input.focus();
    },
  };
}

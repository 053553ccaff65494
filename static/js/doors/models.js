// The door to model files: sends one with its progress, lists and deletes what is kept, notices a file dropped on the page.

import { Refused } from "./api.js";

/** @typedef {{prefix: string, cell: string, input_size: number, hidden_size: number, num_layers: number, bidirectional: boolean, proj_size: number, embedding: {num_embeddings: number} | null, head: {out_features: number} | null, query: string}} Stack */
/** @typedef {{id: string, filename: string, format: string, stacks: Stack[], ignored: {name: string, why: string}[], ignored_count: number}} Upload */

/**
 * @typedef {object} Models
 * @property {(file: File, lang: string, progress: (part: number) => void, signal: AbortSignal) => Promise<Upload>} send
 *   `progress` is told the part that was sent, 0 to 1
 * @property {(lang: string, signal: AbortSignal) => Promise<Upload[]>} list
 * @property {(id: string) => Promise<void>} remove
 * @property {(then: (file: File) => void, signal: AbortSignal) => void} dropped  a file dropped anywhere on the page
 */

const PLACE = "/api/v1/models";

/**
 * @param {Window} window
 * @returns {Models}
 */
export function createModels(window) {
  return {
    send: (file, lang, progress, signal) =>
      new Promise((resolve, reject) => {
        const request = new XMLHttpRequest(); // fetch does not tell how much was sent
        request.open("POST", `${PLACE}?${new URLSearchParams({ filename: file.name.slice(0, 300), lang })}`);
        request.setRequestHeader("Content-Type", "application/octet-stream");
        request.responseType = "json";
        request.upload.addEventListener("progress", ({ loaded, total }) => progress(total ? loaded / total : 1));
        request.addEventListener("load", () => (request.status === 201 ? resolve(request.response) : reject(new Refused(request.status, request.response))));
        request.addEventListener("error", () => reject(new Refused(0, null)));
        signal.addEventListener("abort", () => request.abort());
        request.send(file);
      }),
    async list(lang, signal) {
      const answer = await window.fetch(`${PLACE}?lang=${lang}`, { signal });
      if (!answer.ok) throw new Refused(answer.status, null);
      return (await answer.json()).uploads;
    },
    async remove(id) {
      await window.fetch(`${PLACE}/${encodeURIComponent(id)}`, { method: "DELETE" });
    },
    dropped(then, signal) {
      window.addEventListener("dragover", (event) => event.dataTransfer?.types.includes("Files") && event.preventDefault(), { signal });
      window.addEventListener(
        "drop",
        (event) => {
          const file = event.dataTransfer?.files[0];
          if (!file) return;
          event.preventDefault();
          then(file);
        },
        { signal },
      );
    },
  };
}

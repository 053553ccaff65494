// The door to training runs: starts one, follows its events until it is told to leave, ends it, opens a snapshot as a run.

import { joined } from "../core/encoder.js";
import { Refused, seconds } from "./api.js";

/** @typedef {import("../training/types.js").Handlers} Handlers */
/** @typedef {import("../training/types.js").Asked} Asked */
/** @typedef {import("../types.js").Trace} Trace */

const PLACE = "/api/v1/trainings";
const EVENTS = ["start", "progress", "snapshot", "end"];

/** Too many runs at once. */
export class Busy extends Error {
  /** @param {number} wait seconds */
  constructor(wait) {
    super("busy");
    this.wait = wait;
  }
}

/**
 * @param {Window & typeof globalThis} window
 * @param {string} lang of the refusals
 */
export function createTrainings(window, lang) {
  /** @param {string} url @param {RequestInit} how */
  async function asked(url, how) {
    const answer = await window.fetch(url, how).catch((error) => {
      throw how.signal?.aborted ? error : new Refused(0, null);
    });
    if (answer.ok) return answer;
    if (answer.status === 429) throw new Busy(seconds(answer.headers.get("Retry-After")));
    throw new Refused(answer.status, await answer.json().catch(() => null));
  }
  /** @param {unknown} body @param {AbortSignal} [signal] */
  const post = (body, signal) => ({ method: "POST", headers: { "Content-Type": "application/json", Accept: "application/json" }, body: JSON.stringify(body), signal });
  /** @param {string} id @param {string} cell @param {number} step @param {string} format */
  const snapshotUrl = (id, cell, step, format) => `${PLACE}/${encodeURIComponent(id)}/snapshots/${cell}/${step}?format=${format}`;

  return {
    /** @param {unknown} request @returns {Promise<{id: string, request: Asked}>} */
    start: async (request) => (await asked(`${PLACE}?lang=${lang}`, post(request))).json(),
    /**
     * Every event from the first; what it returns leaves, and a run that nobody follows ends by itself.
     * @param {string} id @param {Handlers} handlers
     */
    follow(id, handlers) {
      const source = new EventSource(`${PLACE}/${encodeURIComponent(id)}/events`);
      const leave = () => source.close();
      for (const name of EVENTS) {
        source.addEventListener(name, (event) => {
          if (name === "end") leave();
          handlers.heard(name, JSON.parse(event.data));
        });
      }
      source.addEventListener("error", () => source.readyState === EventSource.CLOSED && handlers.lost());
      window.addEventListener("pagehide", leave, { once: true });
      return leave;
    },
    /** @param {string} id */
    cancel: async (id) => void (await asked(`${PLACE}/${encodeURIComponent(id)}`, { method: "DELETE" })),
    weightsUrl: (/** @type {string} */ id, /** @type {string} */ cell, /** @type {number} */ step) => snapshotUrl(id, cell, step, "safetensors"),
    /** A snapshot as a run on its held-out samples. @param {string} id @param {string} cell @param {number} step @param {AbortSignal} signal @returns {Promise<Trace>} */
    async trace(id, cell, step, signal) {
      const request = await (await asked(snapshotUrl(id, cell, step, "json"), { signal })).json();
      const found = await (await asked(`/api/v1/traces?lang=${lang}`, post(request, signal))).json();
      return joined(found);
    },
  };
}

// The only file that touches fetch: the page's twin, the numbers of a tensor and how each was made, the sentences of a language.

import { joined } from "../core/encoder.js";

/** @typedef {import("../compare.types.js").Difference} Difference */
/** @typedef {import("../types.js").Trace} Trace */
/** @typedef {import("../types.js").Twin} Twin */
/** @typedef {import("../types.js").Block} Block */
/** @typedef {import("../types.js").Problem} Problem */
/** @typedef {import("../types.js").Read} Read */
/** @typedef {import("../types.js").Explained} Explained */
/** @typedef {import("../types.js").Padding} Padding */
/** @typedef {import("../types.js").Diagnosis} Diagnosis */
/** @typedef {import("../types.js").Params} Params */

const TRIES = 6;

/** What the server refused, with its problem where it sent one. */
export class Refused extends Error {
  /**
   * @param {number} status 0: no answer at all
   * @param {Problem | null} problem
   */
  constructor(status, problem) {
    super(problem?.detail ?? `HTTP ${status}`);
    this.name = "Refused";
    this.status = status;
    this.problem = problem;
  }
}

/**
 * @typedef {object} Api
 * @property {(query: string, how?: {strict?: boolean}) => Promise<Twin>} twin  the newest question only: it ends the one
 *   before. `strict`: where the question can't be answered as it stands, no other is
 * @property {(traceId: string, signal: AbortSignal) => Read} reader  reads slices of one trace until the signal ends it
 * @property {(traceId: string, tensor: string, index: number[], limit: number, how: {lang: string, signal: AbortSignal}) => Promise<Explained>} explain
 *   how one number was made, its largest products by themselves
 * @property {(traceId: string, signal: AbortSignal) => Promise<Padding>} padding  what padding does to each sample
 * @property {(request: object, how: {lang: string, signal: AbortSignal}) => Promise<Diagnosis>} diagnose
 *   what PyTorch does not notice in a request that runs
 * @property {(traceId: string, name: string, params: Params, signal: AbortSignal) => Promise<unknown>} part
 *   what a route below the trace answers: its ledger, gradients, wiring, a figure
 * @property {(url: string, signal: AbortSignal) => Promise<Blob>} file  what a link would download
 * @property {(traceId: string, how: {lang: string, signal: AbortSignal}) => Promise<Trace>} trace  a run by its name
 * @property {(a: string, b: string, signal: AbortSignal) => Promise<Difference>} difference  a − b, every tensor that allows it
 * @property {(a: string, b: string, signal: AbortSignal) => Read} differences  reads slices of a − b
 * @property {(url: string) => Promise<{[key: string]: string}>} catalogue
 */

/**
 * @param {{fetch: typeof fetch, random: () => number, sleep: (ms: number, signal: AbortSignal) => Promise<void>}} [world]
 * @returns {Api}
 */
export function createApi(world = { fetch: (...args) => fetch(...args), random: Math.random, sleep }) {
  let asking = new AbortController();

  /**
   * An answer with status 2xx; "try again later" is obeyed, a little later than told, so that a class does not return at once.
   * @param {string} url
   * @param {string} accept
   * @param {AbortSignal} signal
   * @param {{[name: string]: string}} [headers]
   * @param {unknown} [sent] is posted as JSON
   */
  async function get(url, accept, signal, headers = {}, sent = undefined) {
    const post = sent === undefined ? {} : { method: "POST", body: JSON.stringify(sent) };
    /** @type {{[name: string]: string}} */
    const type = sent === undefined ? {} : { "Content-Type": "application/json" };
    for (let tried = 1; ; tried += 1) {
      const answer = await world.fetch(url, { ...post, headers: { Accept: accept, ...type, ...headers }, signal }).catch((error) => {
        if (signal.aborted) throw error;
        throw new Refused(0, null);
      });
      if (answer.ok) return answer;
      const later = answer.status === 429 || answer.status === 503 ? seconds(answer.headers.get("Retry-After")) : null;
      if (later === null || tried === TRIES) throw new Refused(answer.status, await problemOf(answer));
      await world.sleep(1000 * later * (1 + world.random() / 2), signal);
    }
  }

  /** A part of a tensor as exact as it is. @param {string} url @param {{[name: string]: string}} params @param {string} dtype @param {AbortSignal} signal @returns {Promise<Block>} */
  async function block(url, params, dtype, signal) {
    const format = dtype === "float32" ? "f32" : "f64";
    const answer = await get(`${url}?${new URLSearchParams({ ...params, format })}`, "application/octet-stream", signal);
    return { shape: shapeOf(answer.headers.get("X-Shape")), data: format === "f32" ? float32(await answer.arrayBuffer()) : float64(await answer.arrayBuffer()) };
  }

  return {
    async twin(query, { strict = false } = {}) {
      asking.abort();
      asking = new AbortController();
      const { signal } = asking;
      const answer = await get(query ? `/?${query}` : "/", "application/json", signal, strict ? { Prefer: "handling=strict" } : {});
      const twin = await answer.json();
      signal.throwIfAborted();
      return withEncoder(twin);
    },
    reader: (traceId, signal) => (name, index, dtype) => block(`${traceUrl(traceId)}/tensors/${encodeURIComponent(name)}`, { index }, dtype, signal),
    differences: (a, b, signal) => (name, index, dtype) => block(`${traceUrl(a)}/difference/${encodeURIComponent(name)}`, { minus: b, index }, dtype, signal),
    async trace(traceId, { lang, signal }) {
      const answer = await get(`${traceUrl(traceId)}?lang=${lang}`, "application/json", signal);
      return joined(await answer.json());
    },
    async difference(a, b, signal) {
      const answer = await get(`${traceUrl(a)}/difference?${new URLSearchParams({ minus: b })}`, "application/json", signal);
      return answer.json();
    },
    async explain(traceId, tensor, index, limit, { lang, signal }) {
      const query = new URLSearchParams({ tensor, index: index.join(), limit: String(limit), lang });
      const answer = await get(`/api/v1/traces/${encodeURIComponent(traceId)}/explain?${query}`, "application/json", signal);
      const explained = await answer.json();
      signal.throwIfAborted();
      return explained;
    },
    async padding(traceId, signal) {
      const found = await (await get(`/api/v1/traces/${encodeURIComponent(traceId)}/padding`, "application/json", signal)).json();
      signal.throwIfAborted();
      return found;
    },
    async diagnose(request, { lang, signal }) {
      const answer = await get(`/api/v1/diagnose?lang=${lang}`, "application/json", signal, {}, { request });
      const found = await answer.json();
      signal.throwIfAborted();
      return found;
    },
    async part(traceId, name, params, signal) {
      const answer = await get(partUrl(traceId, name, params), "application/json", signal);
      const found = await answer.json();
      signal.throwIfAborted();
      return found;
    },
    async file(url, signal) {
      return (await get(url, "*/*", signal)).blob();
    },
    async catalogue(url) {
      return (await get(url, "application/json", new AbortController().signal)).json();
    },
  };
}

/** @param {string} traceId */
const traceUrl = (traceId) => `/api/v1/traces/${encodeURIComponent(traceId)}`;

/** The page's answer, an encoder's tensors beside those of its decoder. @param {Twin} twin @returns {Twin} */
export const withEncoder = (twin) => (twin.trace ? { ...twin, trace: joined(twin.trace) } : twin);

/**
 * The address of a route below a trace; what is null is left out.
 * @param {string} traceId
 * @param {string} name
 * @param {Params} params
 */
export function partUrl(traceId, name, params) {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(params)) if (value !== null) query.set(key, String(value));
  return `/api/v1/traces/${encodeURIComponent(traceId)}/${name}?${query}`;
}

/**
 * "10,20,18" (or with brackets); nothing at all is a single number.
 * @param {string | null} header
 */
export function shapeOf(header) {
  return (header ?? "").match(/\d+/g)?.map(Number) ?? [];
}

/**
 * Little-endian on the wire, whatever the machine.
 * @param {ArrayBuffer} bytes
 */
export function float32(bytes) {
  const native = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
  if (native) return new Float32Array(bytes);
  const view = new DataView(bytes);
  return Float32Array.from({ length: bytes.byteLength / 4 }, (_, k) => view.getFloat32(4 * k, true));
}

/** @param {ArrayBuffer} bytes */
function float64(bytes) {
  const view = new DataView(bytes);
  return Float64Array.from({ length: bytes.byteLength / 8 }, (_, k) => view.getFloat64(8 * k, true));
}

/**
 * Retry-After in seconds, capped at a minute; a date or nothing means a second.
 * @param {string | null} header
 */
export function seconds(header) {
  const told = Number(header ?? 1);
  return Number.isFinite(told) ? Math.min(Math.max(told, 0), 60) : 1;
}

/**
 * A problem of its own, or the last of a page twin that came without a trace.
 * @param {Response} answer
 * @returns {Promise<Problem | null>}
 */
async function problemOf(answer) {
  if (!answer.headers.get("Content-Type")?.includes("json")) return null;
  const said = await answer.json().catch(() => null);
  return said?.problems?.at(-1) ?? (said?.detail ? said : null);
}

/**
 * @param {number} ms
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
function sleep(ms, signal) {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal.addEventListener("abort", stop, { once: true });
  });
}

// Any part of any tensor of a trace: from the values that came with it, else read once from the server and kept (capped).

/** @typedef {import("../types.js").IndexPart} IndexPart  a place (drops the axis), null for the whole axis, or [from, to) */
/** @typedef {import("../types.js").Block} Block  row-major; its shape lacks the axes that were given as a place */
/** @typedef {import("../types.js").Tensors} Tensors */
/** @typedef {import("../types.js").Read} Read */
/** @typedef {import("../types.js").Numbers} Numbers */
/** @typedef {{shape: number[], dtype?: string, values?: unknown}} Holder  what is needed of a tensor's entry in the trace */

const CAP_BYTES = 96 * 2 ** 20;

/**
 * @param {{tensors: Record<string, Holder>}} trace
 * @param {Read} read fetches one part
 * @param {{capBytes?: number}} [options]
 * @returns {Tensors}
 */
export function createTensors(trace, read, options = {}) {
  /** @type {Map<string, Numbers>} */
  const whole = new Map();
  const kept = createKept(options.capBytes ?? CAP_BYTES);
  /** @type {Map<string, Promise<Block>>} */
  const underway = new Map();

  /** @param {string} name */
  function known(name) {
    const info = Object.hasOwn(trace.tensors, name) ? trace.tensors[name] : null;
    if (!info) throw new RangeError(`no tensor named ${name}`);
    return info;
  }

  /** @param {string} name @returns {Numbers | null} */
  function values(name) {
    const have = whole.get(name);
    if (have) return have;
    const info = known(name);
    if (info.values === undefined || info.values === null) return null;
    const data = room(info.dtype, info.shape.reduce((a, b) => a * b, 1));
    fill(data, info.values, 0);
    whole.set(name, data);
    return data;
  }

  /** @param {string} name @param {IndexPart[]} index @returns {Block | null} */
  function peek(name, index) {
    const info = known(name);
    const spans = spansOf(info.shape, index);
    const all = values(name);
    if (all) return extract(all, wholeSpans(info.shape), spans);
    const entry = kept.cover(name, spans);
    return entry && extract(entry.data, entry.spans, spans);
  }

  return {
    peek,
    slice(name, index) {
      try {
        const here = peek(name, index);
        if (here) return Promise.resolve(here);
      } catch (error) {
        return Promise.reject(error);
      }
      const spans = spansOf(known(name).shape, index);
      const key = keyOf(name, spans);
      const running = underway.get(key);
      if (running) return running;
      const asked = spans.map((s) => /** @type {IndexPart} */ (s.drop ? s.from : s.full ? null : [s.from, s.to]));
      const reading = read(name, indexText(asked), known(name).dtype ?? "float32")
        .then((block) => {
          if (size(spans) !== block.data.length) throw new RangeError(`${key}: expected ${size(spans)} numbers, got ${block.data.length}`);
          kept.add({ key, name, spans, data: block.data });
          return { shape: spans.filter((s) => !s.drop).map((s) => s.to - s.from), data: block.data };
        })
        .finally(() => underway.delete(key));
      underway.set(key, reading);
      return reading;
    },
    value(name, index) {
      const block = peek(name, index);
      return block && block.data.length === 1 ? block.data[0] : null;
    },
  };
}

/** `[0, null, [3, 10]]` as the server writes it: `0,:,3:10`. @param {IndexPart[]} index */
export function indexText(index) {
  return index.map((item) => (item === null ? ":" : Array.isArray(item) ? `${item[0]}:${item[1]}` : String(item))).join(",");
}

/** What float32 would round is kept as float64: doubles, and whole numbers. @param {string | undefined} dtype @param {number} count @returns {Numbers} */
const room = (dtype, count) => (dtype === undefined || dtype === "float32" ? new Float32Array(count) : new Float64Array(count));

/** @typedef {{from: number, to: number, drop: boolean, full: boolean}} Span */

/**
 * Every axis as [from, to); axes that are left out are whole; negative places count from the end.
 * @param {number[]} shape @param {IndexPart[]} index @returns {Span[]}
 */
export function spansOf(shape, index) {
  if (index.length > shape.length) throw new RangeError(`${index.length} indices for ${shape.length} axes`);
  return shape.map((length, axis) => {
    const item = index[axis] ?? null;
    const wrap = (/** @type {number} */ k) => (k < 0 ? k + length : k);
    if (item === null) return { from: 0, to: length, drop: false, full: true };
    const drop = typeof item === "number";
    const from = wrap(drop ? item : item[0]);
    const to = drop ? from + 1 : wrap(item[1]);
    if (!Number.isInteger(from) || !Number.isInteger(to) || from < 0 || to > length || from >= to) {
      throw new RangeError(`index ${indexText([item])} is outside axis ${axis} of length ${length}`);
    }
    return { from, to, drop, full: !drop && from === 0 && to === length };
  });
}

/** @param {number[]} shape @returns {Span[]} */
const wholeSpans = (shape) => shape.map((length) => ({ from: 0, to: length, drop: false, full: true }));

/** @param {Span[]} spans */
const size = (spans) => spans.reduce((product, s) => product * (s.to - s.from), 1);

/** @param {string} name @param {Span[]} spans */
const keyOf = (name, spans) => `${name}[${spans.map((s) => (s.drop ? s.from : `${s.from}:${s.to}`)).join(",")}]`;

/**
 * The part `wanted` of data that holds `held` (row-major). A view, not a copy, when it lies in one piece.
 * @param {Numbers} data @param {Span[]} held @param {Span[]} wanted @returns {Block}
 */
function extract(data, held, wanted) {
  const shape = wanted.filter((s) => !s.drop).map((s) => s.to - s.from);
  const strides = held.map(() => 1);
  for (let axis = held.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1] * (held[axis + 1].to - held[axis + 1].from);
  const first = wanted.reduce((at, s, axis) => at + (s.from - held[axis].from) * strides[axis], 0);
  const count = size(wanted);
  const firstWide = wanted.findIndex((s) => s.to - s.from > 1);
  const inOnePiece = wanted.every((s, axis) => axis <= firstWide || s.to - s.from === held[axis].to - held[axis].from);
  if (firstWide < 0 || inOnePiece) return { shape, data: data.subarray(first, first + count) };
  const out = data instanceof Float64Array ? new Float64Array(count) : new Float32Array(count);
  let at = 0;
  /** @param {number} axis @param {number} from */
  const copy = (axis, from) => {
    const length = wanted[axis].to - wanted[axis].from;
    if (axis === wanted.length - 1) {
      out.set(data.subarray(from, from + length), at);
      at += length;
    } else for (let k = 0; k < length; k++) copy(axis + 1, from + k * strides[axis]);
  };
  copy(0, first);
  return { shape, data: out };
}

/**
 * Nested lists into one row; what is not a number (JSON's null for NaN) becomes NaN.
 * @param {Numbers} out @param {unknown} nested @param {number} at @returns {number}
 */
function fill(out, nested, at) {
  if (!Array.isArray(nested)) {
    out[at] = typeof nested === "number" ? nested : NaN;
    return at + 1;
  }
  for (const item of nested) at = fill(out, item, at);
  return at;
}

/** @typedef {{key: string, name: string, spans: Span[], data: Numbers}} Entry */

/** The least recently used parts are let go once more than `cap` bytes are held. @param {number} cap */
function createKept(cap) {
  /** @type {Map<string, Entry>} */
  const entries = new Map();
  let bytes = 0;
  return {
    /** @param {Entry} entry */
    add(entry) {
      const old = entries.get(entry.key);
      if (old) bytes -= old.data.byteLength;
      entries.delete(entry.key);
      entries.set(entry.key, entry);
      bytes += entry.data.byteLength;
      for (const [key, oldest] of entries) {
        if (bytes <= cap || key === entry.key) break;
        entries.delete(key);
        bytes -= oldest.data.byteLength;
      }
    },
    /** An entry that holds at least `spans` of this tensor. @param {string} name @param {Span[]} spans */
    cover(name, spans) {
      for (const entry of entries.values()) {
        if (entry.name !== name || !entry.spans.every((held, axis) => held.from <= spans[axis].from && held.to >= spans[axis].to)) continue;
        entries.delete(entry.key); // newest goes last
        entries.set(entry.key, entry);
        return entry;
      }
      return null;
    },
  };
}

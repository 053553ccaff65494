// Numbers, counts and shapes as text: four decimals to read, the exact value to copy.

/** @typedef {import("../types.js").TensorInfo} TensorInfo */

/**
 * Four decimals; a small number that is not zero says so; whole numbers of an integer tensor stay whole.
 * @param {number | null} x null: not a finite number
 * @param {string} [dtype]
 */
export function fixed(x, dtype = "float32") {
  if (x === null || Number.isNaN(x)) return "–";
  if (dtype.startsWith("int") || !Number.isFinite(x)) return String(x);
  if (x !== 0 && Math.abs(x) < 0.00005) return exponent(x, 1);
  return x.toFixed(4);
}

/**
 * The value as Python prints it: the shortest decimal that is this very number.
 * @param {number | null} x
 */
export function exact(x) {
  return x === null || Number.isNaN(x) ? "nan" : String(x);
}

/**
 * A difference: one digit is enough.
 * @param {number | null} x
 */
export function tiny(x) {
  if (x === null) return "–";
  if (x === 0) return "0";
  return Math.abs(x) >= 0.001 ? String(Number(x.toPrecision(2))) : exponent(x, 0);
}

/**
 * @param {number} x
 * @param {number} digits
 */
function exponent(x, digits) {
  return x.toExponential(digits).replace("e+", "e");
}

/**
 * @param {number} count
 * @param {string} lang
 */
export function grouped(count, lang) {
  return new Intl.NumberFormat(lang).format(count);
}

/**
 * @param {number} bytes
 * @param {string} lang
 */
export function bytesText(bytes, lang) {
  const units = ["B", "kB", "MB", "GB"];
  let size = bytes;
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${new Intl.NumberFormat(lang, { maximumSignificantDigits: 3 }).format(size)} ${units[unit]}`;
}

/**
 * "output[0, 4, 2]"
 * @param {string} tensor
 * @param {number[]} index
 */
export function place(tensor, index) {
  return index.length ? `${tensor}[${index.join(", ")}]` : tensor;
}

/**
 * The rows or columns to show so that `at` is among them.
 * @param {number} at
 * @param {number} length
 * @param {number} size
 * @returns {[number, number]} [from, to)
 */
export function windowAround(at, length, size) {
  if (length <= size) return [0, length];
  const from = Math.min(Math.max(0, Math.floor(at / size) * size), length - 1);
  return [from, Math.min(from + size, length)];
}

// A small picture as a PNG data address, without a canvas: the same bytes in a browser and in Node.

/** @typedef {{width: number, height: number, bytes: Uint8ClampedArray}} Pixels  RGBA, four bytes a pixel, row by row */

const BLOCK = 65_535; // bytes of one stored block of deflate
const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];
const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c >>> 0;
});

/**
 * One byte a pixel where there are at most 256 colours, else three. Every pixel counts as opaque; nothing is compressed.
 * @param {Pixels} pixels
 * @returns {string} "data:image/png;base64,…"
 */
export function pngUrl(pixels) {
  return `data:image/png;base64,${btoa(Array.from(png(pixels), (byte) => String.fromCharCode(byte)).join(""))}`;
}

/** @param {Pixels} pixels @returns {Uint8Array} the file */
export function png({ width, height, bytes }) {
  /** @type {Map<number, number>} */
  const places = new Map();
  for (let at = 0; at < bytes.length && places.size <= 256; at += 4) {
    const colour = colourAt(bytes, at);
    if (!places.has(colour)) places.set(colour, places.size);
  }
  const indexed = places.size <= 256;
  const step = indexed ? 1 : 3;
  const rows = new Uint8Array(height * (1 + width * step)); // each row begins with 0: no filter
  for (let y = 0, to = 0, at = 0; y < height; y++) {
    to += 1;
    for (let x = 0; x < width; x++, at += 4, to += step) {
      if (indexed) rows[to] = places.get(colourAt(bytes, at)) ?? 0;
      else rows.set(bytes.subarray(at, at + 3), to);
    }
  }
  const palette = [...places.keys()].flatMap((c) => [c >> 16, (c >> 8) & 255, c & 255]);
  return joined([
    SIGNATURE,
    chunk("IHDR", joined([word(width), word(height), [8, indexed ? 3 : 2, 0, 0, 0]])),
    ...(indexed ? [chunk("PLTE", Uint8Array.from(palette))] : []),
    chunk("IDAT", stored(rows)),
    chunk("IEND", new Uint8Array()),
  ]);
}

/** @param {Uint8ClampedArray} bytes @param {number} at */
const colourAt = (bytes, at) => (bytes[at] << 16) | (bytes[at + 1] << 8) | bytes[at + 2];

/** zlib's frame around blocks that are not compressed. @param {Uint8Array} data */
function stored(data) {
  /** @type {(Uint8Array | number[])[]} */
  const parts = [[0x78, 0x01]];
  for (let from = 0; from < data.length || from === 0; from += BLOCK) {
    const part = data.subarray(from, from + BLOCK);
    const size = part.length;
    parts.push([from + BLOCK >= data.length ? 1 : 0, size & 255, size >> 8, ~size & 255, (~size >> 8) & 255], part);
  }
  parts.push(word(adler(data)));
  return joined(parts);
}

/** @param {string} name @param {Uint8Array} data */
function chunk(name, data) {
  const body = joined([Array.from(name, (letter) => letter.charCodeAt(0)), data]);
  return joined([word(data.length), body, word(crc(body))]);
}

/** Four bytes, the highest first. @param {number} value */
const word = (value) => [(value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];

/** @param {(Uint8Array | number[])[]} parts */
function joined(parts) {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** @param {Uint8Array} data */
function crc(data) {
  let c = 0xffffffff;
  for (const byte of data) c = TABLE[(c ^ byte) & 255] ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}

/** @param {Uint8Array} data */
function adler(data) {
  let [a, b] = [1, 0];
  for (const byte of data) {
    a = (a + byte) % 65_521;
    b = (b + a) % 65_521;
  }
  return ((b << 16) | a) >>> 0;
}

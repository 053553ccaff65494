// What leaves the page for the reader's own machine: a file, the clipboard, paper.

/** @param {Blob} blob @param {string} name of the file */
export function saveFile(blob, name) {
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  Object.assign(link, { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000); // some browsers read it only when the reader has agreed
}

/** @param {HTMLCanvasElement} canvas @returns {Promise<Blob>} a PNG */
export const pngBlob = (canvas) => new Promise((resolve, reject) => canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("no room for the picture"))), "image/png"));

/** Where the page may not touch the clipboard (no https, no leave), the old way: what is chosen in the field. @param {HTMLInputElement} field @returns {Promise<boolean>} */
export async function copyText(field) {
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
    return true;
  } catch {
    return document.execCommand("copy");
  }
}

/** An SVG file as a node; its text was escaped when it was written. @param {string} text */
export const svgNode = (text) => document.importNode(new DOMParser().parseFromString(text, "image/svg+xml").documentElement, true);

/**
 * Calls `before` ahead of every printing, however it was asked for, and `after` behind it.
 * @param {{before(): void, after(): void}} what @param {AbortSignal} signal
 */
export function whenPrinted({ before, after }, signal) {
  window.addEventListener("beforeprint", before, { signal });
  window.addEventListener("afterprint", after, { signal });
}

/** Shows the dialogue of the browser. */
export const printPage = () => window.print();

/** @returns {string} the address of the page as it stands */
export const pageAddress = () => window.location.href;

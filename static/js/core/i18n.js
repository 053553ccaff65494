// Sentences by key: every visible text comes out of the catalogue.

/** @typedef {import("../types.js").Say} Say */

/**
 * A function that says the sentence of a key; "{name}" in it becomes the parameter `name`. An unknown key says itself.
 * @param {{[key: string]: string}} catalogue
 * @returns {Say}
 */
export function createSay(catalogue) {
  return (key, params = {}) => {
    const sentence = Object.hasOwn(catalogue, key) ? /** @type {string} */ (catalogue[key]) : key;
    return sentence.replace(/\{(\w+)\}/g, (whole, name) => (Object.hasOwn(params, name) ? String(params[name]) : whole));
  };
}

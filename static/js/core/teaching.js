// A teacher's link: the parts of the page it leaves out, the controls it holds fast; the server has the same lists.

/** Parts that can be left out; css/teaching.css knows what belongs to each. */
export const PARTS = /** @type {const} */ ([
  "examples", "links", "code", "input", "task", "notes", "proof", "time", "network", "charts", "padding", "inspector", "stages", "claims", "table",
]);

/** Controls that are held fast together. @type {Readonly<{[name: string]: readonly string[]}>} */
export const GROUPS = Object.freeze({
  code: [
    "cell", "input_size", "hidden_size", "num_layers", "bias", "batch_first", "dropout", "bidirectional", "proj_size", "dtype", "nonlinearity",
    "mode", "lengths", "packed", "num_embeddings", "head", "out_features", "activation", "loss", "target_seed", "seed", "bundled", "upload", "prefix", "h0",
  ],
  input: ["source", "text", "batch", "seq_len", "first_day", "days", "input_seed"],
  task: ["task", "decode_steps"],
  hands: ["interventions"],
});

/** Single arguments of the program. */
export const LOCKABLE = GROUPS.code;

/** @param {string} list "code,input" */
export const namesOf = (list) => list.split(",").filter(Boolean);

/**
 * The list with a name in it or not, in the order of `among`.
 * @param {string} list
 * @param {string} name
 * @param {boolean} on
 * @param {readonly string[]} among
 */
export function withName(list, name, on, among) {
  const kept = new Set(namesOf(list));
  if (on) kept.add(name);
  else kept.delete(name);
  return among.filter((one) => kept.has(one)).join();
}

/** Which keys of the address a value of `lock` holds fast. @param {string} lock @returns {Set<string>} */
export function locked(lock) {
  return new Set(namesOf(lock).flatMap((name) => (Object.hasOwn(GROUPS, name) ? [...GROUPS[name]] : [name])));
}

/**
 * What of a change the link allows. An example would change everything at once, so it needs that nothing is held.
 * @template {{[name: string]: unknown}} P
 * @param {string} lock
 * @param {P} patch
 * @returns {Partial<P>}
 */
export function unlocked(lock, patch) {
  const held = locked(lock);
  if (!held.size) return patch;
  return /** @type {Partial<P>} */ (Object.fromEntries(Object.entries(patch).filter(([key]) => !held.has(key) && key !== "example")));
}

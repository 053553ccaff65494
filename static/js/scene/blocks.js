// What the scene shows of a trace: the blocks of the pipeline from left to right, and what each is made from.

import { ENCODER, plain } from "../core/encoder.js";

/** @typedef {import("../types.js").Trace} Trace */
/** @typedef {import("../types.js").Stage} Stage */
/** @typedef {"sheet" | "cube" | "ends" | "module"} BlockKind */
/**
 * @typedef {object} SceneBlock
 * @property {string} name  the tensor's name; "rnn" for the module
 * @property {string | null} also  a second name of the same numbers
 * @property {BlockKind} kind  a sheet lies in the page; a cube and the final states (ends) can be turned
 * @property {number[]} shape
 * @property {string[]} axes  torch's order
 * @property {number} cut  the axis that is cut at the current step, or for ends the axis of rows; -1 for none
 * @property {number} sample  the axis of the batch, or -1
 * @property {string | null} from  the block whose numbers it is made of
 * @property {string} op  the operation on the way here, "" for none
 * @property {string} starts  of a module: the first states that an encoder hands over, "" for none
 * @property {number} parts  equal parts of the last axis (directions side by side), drawn apart by a line
 * @property {{of: SceneBlock, axis: number, index: number} | null} plane  of one slice, drawn flat: the block it is cut from, and where
 */

const ENDS = ["h_n", "c_n"];
const STARTS = ["h_0", "c_0"];

/** @param {Trace} trace @returns {SceneBlock[]} */
export function blocksOf(trace) {
  /** @type {SceneBlock[]} */
  const blocks = [];
  const have = new Set();
  for (const stage of trace.stages) {
    if (stage.op === "Dropout") continue; // inside the module
    if (stage.name === "encoder") {
      stage.outputs.forEach((name, k) => handOver(stage.inputs[k], name));
      continue;
    }
    if (stage.name === "target") continue; // drawn beside what it is compared with
    const fedBack = stage.op === "decode" ? "decoded" : ""; // drawn where it is chosen
    const given = stage.inputs.find((name) => !STARTS.includes(plain(name)) && name !== fedBack);
    if (given) add(given, null, "", null); // what no stage made: random tokens, values
    if (stage.name === "losses") add("target", null, "", null);
    const source = stage.inputs.find((name) => have.has(name)) ?? (fedBack || null);
    if (plain(stage.name) === "rnn") {
      const starts = stage.inputs.filter((name) => have.has(name) && STARTS.includes(name)).join(", ");
      blocks.push({ ...NOTHING, name: stage.name, kind: "module", from: source, op: stage.op, starts });
      for (const name of stage.outputs) add(name, stage.name, "", null);
      continue;
    }
    const [name, ...more] = stage.outputs;
    // a lookup makes its input too: the same numbers; what packing makes besides is something else
    const same = more.find((other) => trace.tensors[other]?.shape.join() === trace.tensors[name]?.shape.join());
    if (name) add(name, source, stage.op, same ?? null);
  }
  return blocks;

  /** The decoder's first state is the encoder's last one: one block under both names. @param {string} last @param {string} first */
  function handOver(last, first) {
    const block = blockOf(blocks, last);
    if (!block) return;
    block.also = first;
    have.add(first);
  }

  /** @param {string} name @param {string | null} from @param {string} op @param {string | null} also */
  function add(name, from, op, also) {
    const info = trace.tensors[name];
    if (!info || have.has(name)) return;
    have.add(name);
    if (also) have.add(also);
    blocks.push(blockFrom(name, info, { from, op, also }));
  }
}

/**
 * The block of one tensor, whether or not the pipeline shows it.
 * @param {string} name
 * @param {{shape: number[], axes: string[]}} info
 * @param {Partial<Pick<SceneBlock, "from" | "op" | "also">>} [made]
 * @returns {SceneBlock}
 */
export function blockFrom(name, { shape, axes }, { from = null, op = "", also = null } = {}) {
  const kind = shape.length < 3 ? "sheet" : ENDS.includes(plain(name)) ? "ends" : "cube";
  return {
    name,
    also,
    kind,
    shape,
    axes,
    cut: kind === "ends" ? 0 : name.startsWith(ENCODER) ? -1 : axes.indexOf("T"), // t counts the decoder's steps
    sample: axes.indexOf("N"),
    from,
    op,
    starts: "",
    parts: axes.at(-1)?.startsWith("D·") ? 2 : 1,
    plane: null,
  };
}

/**
 * One slice of a block as a sheet of its own. Its faces keep the axes of the whole block.
 * @param {SceneBlock} of @param {number} axis @param {number} index @returns {SceneBlock}
 */
export function planeOf(of, axis, index) {
  const rest = (/** @type {number} */ d) => d !== axis;
  const axes = of.axes.filter((_, d) => rest(d));
  return { ...of, kind: "sheet", shape: of.shape.filter((_, d) => rest(d)), axes, cut: -1, sample: axes.indexOf("N"), from: null, plane: { of, axis, index } };
}

/** The block whose axes count: a slice's own block. @param {SceneBlock} block */
export const wholeOf = (block) => block.plane?.of ?? block;

/** @type {Omit<SceneBlock, "name" | "kind" | "from" | "op">} */
const NOTHING = { also: null, shape: [], axes: [], cut: -1, sample: -1, starts: "", parts: 1, plane: null };

/**
 * The tensor's axis that lies along each world axis (x right, y down, z into depth); -1 where there is none.
 * Torch's own order: the first axis into depth, the second down, the last to the right.
 * @param {{shape: number[]}} block @returns {[number, number, number]}
 */
export function worldAxes({ shape }) {
  const rank = shape.length;
  return [rank - 1, Math.max(-1, rank - 2), Math.max(-1, rank - 3)];
}

/** One block is drawn for several names of the same numbers. @param {SceneBlock[]} blocks @param {string} tensor */
export function blockOf(blocks, tensor) {
  return blocks.find((block) => block.name === tensor || block.also === tensor) ?? null;
}

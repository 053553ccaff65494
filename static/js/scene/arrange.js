// Layout and legend for one trace, width and language, measured with the page's own fonts.

import { ENCODER } from "../core/encoder.js";
import { sizes, trueLengths } from "../core/places.js";
import { SAMPLE } from "./draw.js";
import { equalsText } from "./ends.js";
import { layout } from "./layout.js";
import { entriesOf, legendLayout } from "./legend.js";
import { nowText } from "./frame.js";
import { fontOf } from "./marks.js";

/** @typedef {import("./draw.js").Palette} Palette */

/**
 * @param {import("../types.js").Trace} trace
 * @param {import("./blocks.js").SceneBlock[]} blocks
 * @param {ReturnType<typeof import("../core/colour.js").scalesOf>} scales
 * @param {{width: number, zoom: number, ratio: number, alone?: number, say: import("../types.js").Say, palette: Palette, ctx: CanvasRenderingContext2D, still?: boolean}} how  still: nobody can turn it
 */
export function arrange(trace, blocks, scales, { width, zoom, ratio, alone, say, palette, ctx, still = false }) {
  const measure = measurer(ctx, palette);
  const arranged = layout(blocks, {
    width,
    zoom,
    alone,
    measure,
    say,
    tag: tagOf(blocks, say, measure),
    rowName: ({ name }, index) => {
      const { positions } = (name.startsWith(ENCODER) && trace.encoder) || trace;
      const end = positions.h_n.find((row) => row.index === index);
      return end ? say(`scene.row.${end.direction}`, { layer: end.layer }) : "";
    },
    equals: (block, row) => (block.name === "h_n" ? equalsText(trace, row) : ""),
  });
  const averaged = arranged.placed.some(({ block, size }) => block.shape.some((length) => length > Math.max(...size) * ratio));
  const notes = [
    { text: say("scene.step_is"), colour: palette.now },
    { text: say("scene.sample_is"), colour: SAMPLE },
    ...(still ? [] : [{ text: say("scene.hint"), colour: "" }]),
  ];
  if ([trace, trace.encoder].some((one) => one && trueLengths(one)?.some((length) => length < sizes(one).steps))) notes.push({ text: say("scene.padding"), colour: "" });
  if (trace.request.packed) notes.push({ text: say("scene.batch_sizes"), colour: "" });
  if (trace.request.interventions?.length) notes.push({ text: say("scene.held_is"), colour: "" }, { text: say("scene.changed_is"), colour: "" });
  if (averaged) notes.push({ text: say("scene.averaged"), colour: "" });
  return { layout: arranged, legend: legendLayout(entriesOf(blocks, scales), notes, width, arranged.bottom, measure) };
}

/** The widest tag that a slice can get, whichever axis is cut. @param {import("./blocks.js").SceneBlock[]} blocks @param {import("../types.js").Say} say @param {import("./layout.js").Measure} measure */
function tagOf(blocks, say, measure) {
  const last = { t: 1e9, n: 1e9, unit: 1e9, form: /** @type {const} */ ("cut") };
  const tags = blocks
    .filter(({ cut, kind }) => kind === "cube" && cut >= 0)
    .flatMap((block) => /** @type {const} */ (["T", "N"]).map((along) => nowText(block, { ...last, along, t: block.shape[block.cut] - 1 }, say)));
  return tags.reduce((longest, tag) => (measure(tag, "cell") > measure(longest, "cell") ? tag : longest), "") || undefined;
}

/** The colours and fonts of tokens.css that the scene draws with. @param {CSSStyleDeclaration} style @returns {Palette} */
export function paletteOf(style) {
  const of = (/** @type {string} */ name) => style.getPropertyValue(`--${name}`).trim();
  return {
    paper: of("paper"),
    panel: of("panel"),
    ink: of("ink"),
    inkSoft: of("ink-soft"),
    rule: of("rule"),
    strong: of("rule-strong"),
    accent: of("accent"),
    now: of("now"),
    h: of("state-h"),
    source: of("source"),
    text: of("font-text"),
    code: of("font-code"),
  };
}

/** Widths of words, each measured once. @param {CanvasRenderingContext2D} ctx @param {Palette} palette @returns {import("./layout.js").Measure} */
function measurer(ctx, palette) {
  /** @type {Map<string, number>} */
  const known = new Map();
  return (text, role) => {
    const font = fontOf(role, palette);
    const key = `${font}|${text}`;
    const have = known.get(key);
    if (have !== undefined) return have;
    ctx.font = font;
    const { width } = ctx.measureText(text);
    known.set(key, width);
    return width;
  };
}

// What the routes below a trace answer to a chart, and what draws it.

import type { Cell, Product } from "../types.js";

/** What each step left in c, in the order in which the row ran; `rows[0]` is what is left of c_0. */
export interface Ledger {
  row: string;
  sample: number;
  to: number;
  units: [number, number];
  steps: number[];
  rows: (number | null)[][];
  so_far: (number | null)[][];
  sum: (number | null)[];
  total: (number | null)[];
  max_abs_diff: number;
}

/** Norms of a value's gradient by step. */
export interface Gradients {
  cell: Cell;
  of: string;
  step: number | null;
  row: string | null;
  value: number | null;
  input: (number | null)[];
  rows: { [row: string]: { h: (number | null)[]; c: (number | null)[] | null } };
}

/** The products of one gate's sum, by kind. */
export interface Wiring {
  gate: string;
  unit: number;
  step: number;
  value: number | null;
  apply: string;
  inner: number | null;
  inputs: Product[];
  units: Product[];
  biases: Product[];
  sums: { [role: string]: number | null };
}

/** One gate's block of W_hh: `listener` reads `speaker`'s h of the step before. */
export interface Listening {
  gate: string;
  shape: [number, number];
  top: { listener: number; speaker: number; weight: number }[];
}

export interface PlotlyFigure {
  data: object[];
  layout: object;
}

export interface Chart {
  draw(figure: PlotlyFigure, signal: AbortSignal): Promise<void>;
  /** a frame around one place of the x axis, or none */
  mark(x: number | null, colour: string): void;
  stop(): void;
}

export interface Charts {
  create(el: HTMLElement, clicked: (point: { x: number; y: number; type: string }) => void): Chart;
}

/** How many numbers of a tensor lie between `edges`: a line over all, or one a step. */
export interface Spread {
  tensor: string;
  sample: number | null;
  by: "all" | "step";
  edges: number[];
  counts: number[][];
  numbers: number;
  nonfinite: number;
  min: number | null;
  max: number | null;
  mean: number | null;
  std: number | null;
}

/** The loss by step of one sample, or by sample; null where it leaves a number out. */
export interface LossLine {
  kind: string;
  loss: number | null;
  by: "step" | "sample";
  sample: number;
  values: (number | null)[];
  mean: (number | null)[] | null;
}

// Every shape of data that crosses a border in the page: the server's answer, the store, what a view is given.

import type { Charts } from "./charts/types.js";
import type { Diagnosis } from "./diagnosis/types.js";
import type { Explained } from "./inspector/types.js";
import type { Gone, Kept, Lying, Pictures } from "./scene/types.js";
import type { Intervention } from "./hands.types.js";

export type Cell = "lstm" | "gru" | "rnn";
export type Lang = "en" | "zh";
export type Theme = "auto" | "light" | "dark";
export type Panel = "gates" | "ledger" | "gradients" | "wiring" | "spread" | "loss";
export type Params = { [name: string]: string | number | boolean | null };
export type Nested = number | null | Nested[];

// ---- the server's answer (API.md) ----

export interface ModelSpec {
  cell: Cell;
  input_size: number;
  hidden_size: number;
  num_layers: number;
  bias: boolean;
  batch_first: boolean;
  dropout: number;
  bidirectional: boolean;
  proj_size: number;
  nonlinearity: "tanh" | "relu";
}

export interface HeadSpec {
  reads: "every_step" | "last_step" | "h_n" | "mean";
  out_features: number;
  activation: null | "sigmoid" | "softmax" | "log_softmax" | "relu" | "tanh";
}

export interface TraceRequest {
  model: ModelSpec;
  embedding: null | { num_embeddings: number; embedding_dim: number; padding_idx: number | null };
  head: null | HeadSpec;
  loss?: null | object;
  input: { [kind: string]: unknown };
  lengths?: null | number[];
  packed?: boolean;
  state?: null | object;
  weights: { [kind: string]: unknown };
  mode: "eval" | "train";
  dtype: "float32" | "float64";
  interventions?: null | Intervention[];
}

export interface Stage {
  name: string;
  op: string;
  code: string;
  inputs: string[];
  outputs: string[];
  parameters: string[];
  says: string;
}

export interface TensorInfo {
  shape: number[];
  axes: string[];
  dtype: string;
  min: number | null;
  max: number | null;
  mean: number | null;
  values?: Nested;
  /** of one run minus another */
  difference?: boolean;
}

export interface ParameterInfo {
  shape: number[];
  bands: { [gate: string]: [number, number] } | null;
}

export interface OutputPosition {
  layer: number;
  direction: "forward" | "backward";
  step: "every";
  features: [number, number];
}

export interface FinalPosition {
  index: number;
  layer: number;
  direction: "forward" | "backward";
  step: number[];
}

export interface Positions {
  output: OutputPosition[];
  h_n: FinalPosition[];
  c_n?: FinalPosition[] | null;
}

export interface Claim {
  claim: string;
  holds: boolean;
  max_abs_diff: number | null;
  why: string;
}

export interface Proof {
  against: string;
  max_abs_diff: { [what: string]: number };
  tolerance: number;
  checked?: { samples: number[]; steps: number; units: number; of: { samples: number; steps: number; units: number } };
}

export interface Trace {
  id: string;
  request: TraceRequest;
  torch: string;
  stages: Stage[];
  tensors: { [name: string]: TensorInfo };
  parameters: { [name: string]: ParameterInfo };
  parameter_count: number;
  positions: Positions;
  claims: Claim[];
  proof: Proof;
  warnings: string[];
  text: null | { tokens: string[][]; lengths: number[]; vocabulary: string[]; unknown?: number[][] };
  code: string;
  cost: { bytes: number; multiply_adds: number };
  small: boolean;
  /** the run whose h_n and c_n are this one's h_0 and c_0, a trace of its own */
  encoder?: Trace | null;
  /** one run minus another, not a run */
  difference?: boolean;
}

export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  field: string | null;
  got: unknown;
  expected: unknown;
  torch: string | null;
  hint: string | null;
}

export type { Diagnosis, MarkedAxis, MarkedShape, Noticed } from "./diagnosis/types.js";
export type { Explained, Factor, Product, ReadRange, Source } from "./inspector/types.js";

/** How far each sample's last state is from its own, run alone: max |Δ|. */
export interface Padding {
  packed: boolean;
  steps: number;
  of: number;
  reads: string;
  batch_sizes: number[];
  samples: { sample: number; length: number; padded: number | null; padded_backward: number | null; packed: number | null }[];
}

// ---- the page ----

/** The whole state of the page, flat, as it stands in the address. */
export interface FlatState extends Lying, Gone {
  example: string;
  cell: Cell;
  input_size: number;
  hidden_size: number;
  num_layers: number;
  bias: boolean;
  batch_first: boolean;
  dropout: number;
  bidirectional: boolean;
  proj_size: number;
  dtype: "float32" | "float64";
  nonlinearity: "tanh" | "relu";
  mode: "eval" | "train";
  source: "text" | "random" | "weather";
  text: string[];
  batch: number;
  seq_len: number;
  /** "5,3" */
  lengths: string;
  packed: boolean;
  /** of the weather */
  first_day: string;
  days: number;
  input_seed: number;
  num_embeddings: number;
  head: "none" | "every_step" | "last_step" | "h_n" | "mean";
  out_features: number;
  activation: "none" | "sigmoid" | "softmax" | "log_softmax" | "relu" | "tanh";
  loss: "none" | "cross_entropy" | "nll" | "bce" | "mse";
  target_seed: number;
  seed: number;
  /** the trained weights that run; "" for those of the seed */
  bundled: string;
  upload: string;
  prefix: string;
  task: "read" | "caption" | "translate";
  decode_steps: number;
  h0: "zeros" | "random" | "ones";
  /** Intervention[] as JSON; "" for none */
  interventions: string;
  /** where the film of the computation stands, in beats; -1: everything is computed */
  p: number;
  t: number;
  n: number;
  row: string;
  tensor: string;
  panel: Panel;
  present: boolean;
  /** "code,input": parts of the page that are left out */
  hide: string;
  /** controls that are held fast */
  lock: string;
  lang: Lang | "";
  theme: Theme;
}

export interface Shown {
  example: string;
  variant: string | null;
}

export interface TaskLines {
  encoder_code: string[];
  loop_code: string[];
  encoder_query: string | null;
  /** which steps read and which answer, in one sentence */
  way: string;
  /** how many steps its figure draws: the encoder's, where there is one, and the run's own */
  way_columns: number[];
}

export interface Twin {
  state: FlatState;
  query: string;
  problems: Problem[];
  /** the example that runs, and its variant */
  shown: Shown | null;
  /** a decoder's and its encoder's lines of code; the query of the encoder alone where the page can say it */
  lines: TaskLines | null;
  /** the query of the nearest state that runs, after a refusal */
  fixed: string | null;
  trace: Trace | null;
  limits: { [name: string]: number };
  lang: Lang;
}

/** One number: a tensor's name and an index in that tensor's own axes. */
export interface CellAt {
  tensor: string;
  index: number[];
}

export interface AppState extends Lying, Kept {
  /** null only while nothing has run yet (no sentence, or a first answer that failed) */
  trace: Trace;
  /** the state that `trace` belongs to */
  state: FlatState;
  /** what the controls say; differs from `state` while waiting and after a refusal */
  asked: FlatState;
  t: number;
  n: number;
  row: string;
  tensor: string;
  panel: Panel;
  present: boolean;
  hide: string;
  lock: string;
  cursor: CellAt | null;
  pinned: CellAt | null;
  /** how the number at `cell` was made; without an answer where it could not be had; null: not asked, or on its way */
  explained: { cell: CellAt; answer: Explained | null } | null;
  /** the position along the schedule of the computation, in beats; -1: everything is computed */
  p: number;
  playing: boolean;
  /** of playing: 1 is the schedule's own */
  speed: number;
  status: "ready" | "loading" | "error";
  problems: Problem[];
  fixed: string | null;
  shown: Shown | null;
  lines: TaskLines | null;
  lang: Lang;
  theme: Theme;
}

export interface Store {
  get(): AppState;
  set(patch: Partial<AppState>): void;
  subscribe(fn: (state: AppState, previous: AppState) => void): () => void;
}

export type Say = (key: string, params?: { [name: string]: string | number }) => string;

/** As exact as the tensor is. */
export type Numbers = Float32Array | Float64Array;

export interface Block {
  shape: number[];
  data: Numbers;
}

export type IndexPart = number | null | [number, number];

export interface Tensors {
  slice(name: string, index: IndexPart[]): Promise<Block>;
  peek(name: string, index: IndexPart[]): Block | null;
  value(name: string, index: number[]): number | null;
}

/** Reads one slice from the server: an index as PyTorch writes it, for example "0,:,3:10". */
export type Read = (name: string, index: string, dtype: string) => Promise<Block>;

export interface Context {
  /** Model files of one's own: sent, listed, deleted. */
  models?: import("./doors/models.js").Models;
  readonly say: Say;
  readonly tensors: Tensors;
  /** the runs that stand on the same time axis and share its colours */
  readonly beside?: Trace[];
  /** the present trace padded beside packed */
  padding(signal: AbortSignal): Promise<Padding>;
  /** what PyTorch does not notice in the present run, in the page's language */
  diagnose(signal: AbortSignal): Promise<Diagnosis>;
  /** what a route below the present trace answers, in the page's language */
  part(name: string, params: Params, signal: AbortSignal): Promise<unknown>;
  /** the address of such a route */
  address(name: string, params: Params): string;
  readonly charts: Charts;
  readonly pictures: Pictures;
  /** a file that the server makes */
  file(url: string, signal: AbortSignal): Promise<Blob>;
  /** what the browser keeps from visit to visit */
  readonly memory: import("./doors/memory.js").Memory;
  /** change the request: a new address, a new answer; `typing` waits for a pause and replaces the history entry */
  ask(patch: Partial<FlatState>, how?: { typing?: boolean }): void;
  reducedMotion(): boolean;
}

export type Unmount = () => void;
export type Mount = (el: HTMLElement, store: Store, context: Context) => Unmount;

// What the server tells about a training run, and what the page knows of it.

export type Cell = "lstm" | "gru" | "rnn";

export interface Progress {
  step: number;
  loss: Partial<Record<Cell, number | null>>;
  accuracy: Partial<Record<Cell, number | null>>;
  left: number;
}

export interface Snapshot {
  cell: Cell;
  step: number;
  loss: number | null;
  accuracy: number | null;
}

export interface About {
  classes: string[];
  baseline: number;
  reads: string;
  tokens: string[][];
  targets: string[];
  parameters: Partial<Record<Cell, number>>;
}

export interface Asked {
  task: { kind: string };
  cells: Cell[];
  steps: number;
}

/** Everything heard of one run so far. */
export interface Run {
  id: string;
  cells: Cell[];
  steps: number;
  about: About | null;
  progress: Progress[];
  snapshots: Snapshot[];
  outcome: "running" | "done" | "cancelled" | "failed" | "lost";
  reason: string | null;
  step: number;
  left: number | null;
}

export interface Handlers {
  heard(event: string, data: any): void;
  lost(): void;
}

/** The inside of one cell at one snapshot, sample 0. */
export interface Inside {
  cell: Cell;
  heats: { name: string; steps: number; units: number; data: import("../types.js").Numbers }[];
  answers: import("../types.js").Block & { name: string };
  targets: import("../types.js").Block | null;
  gradient: number[];
}

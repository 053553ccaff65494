// What is done by hand to a run, as the request has it, and what it changed, as the server says it.

import type { Nested } from "./types.js";

/** One quantity of one row held at a value; null (or left out) is all of them, `to` is the step after the last. */
export interface Clamp {
  row: string;
  quantity: string;
  value: number;
  units?: number[] | null;
  samples?: number[] | null;
  from?: number;
  to?: number | null;
}

/** Something done by hand to a run; exactly one of these. */
export interface Intervention {
  clamp?: Clamp | null;
  token?: { sample?: number; step: number; token: number | string } | null;
  input?: { sample?: number; step: number; values: number[] } | null;
  state?: { h_0?: Nested | null; c_0?: Nested | null } | null;
}

/** One tensor beside itself without the interventions. */
export interface Change {
  name: string;
  shape: number[];
  max_abs_diff: number | null;
  mean_abs_diff: number | null;
  at: number[];
  first_step: number | null;
  per_step: (number | null)[] | null;
}

export interface Changed {
  id: string;
  original: string;
  same: boolean;
  tensors: Change[];
  prediction: { original: Nested; now: Nested } | null;
}

// What the server says of one run minus another.

import type { TensorInfo } from "./types.js";

/** One run minus another. */
export interface Difference {
  a: string;
  b: string;
  small: boolean;
  tensors: { [name: string]: TensorInfo };
  /** both have it and it can't be subtracted: `place` is the first axis that does not agree */
  apart: { name: string; a: number[]; a_axes: string[]; b: number[]; b_axes: string[]; place: number }[];
  only_a: string[];
  only_b: string[];
}

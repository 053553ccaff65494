// How one number was made, as the server answers it: its terms, their factors, and where each of them stands.

/** Where a number stands: in a tensor, in a parameter, or a constant. */
export interface Source {
  tensor: string | null;
  parameter: string | null;
  constant: string | null;
  index: number[];
}

export interface Factor {
  symbol: string;
  value: number | null;
  apply: "identity" | "tanh" | "one_minus" | "exp" | "negative" | "ln" | "ln_one_minus";
  /** what comes of `apply`: this is multiplied */
  used: number | null;
  from: Source;
}

/** A product, or (without factors) the smaller products of one role as one sum. */
export interface Product {
  symbol: string;
  role: string;
  value: number | null;
  from: Source | null;
  factors: Factor[];
  count: number;
}

/** Numbers in a row that a value was computed from: "1,2,:" of a tensor or a parameter; `values` are the first of them. */
export interface ReadRange {
  symbol: string;
  role: string;
  tensor: string | null;
  parameter: string | null;
  index: string;
  count: number;
  values: (number | null)[];
}

/** How one number was made: `recomputed` is `apply` of the sum of the terms. */
export interface Explained {
  tensor: string;
  index: number[];
  axes: string[];
  kind: string;
  value: number | null;
  formula: string;
  apply: "identity" | "sigmoid" | "tanh" | "relu" | "softmax" | "log_softmax" | "argmax" | "negative" | "square";
  inner: number | null;
  reads: ReadRange[];
  terms: Product[];
  term_count: number;
  recomputed: number | null;
  max_abs_diff: number | null;
  tolerance: number;
  picked_by: Source | null;
  says: string;
}

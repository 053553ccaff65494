// What the server answers about trained models.

/** The head's answer after every step of one sample; `left` is what each step left in the final c. */
export interface Running {
  sample: number;
  reads: string;
  activation: string | null;
  tokens: string[] | null;
  unknown: number[];
  logits: number[][];
  values: number[][];
  left: number[] | null;
  classes: string[] | null;
  trained: string | null;
}

// What is found wrong with a call, and the shapes it shows with the axis that does not fit marked.

export interface MarkedAxis {
  axis: string;
  size: number | string | null;
  fault: boolean;
}

/** A tensor's shape with the axis that does not fit marked, or the one argument that is held against it. */
export interface MarkedShape {
  name: string;
  role: "got" | "expected";
  argument: boolean;
  axes: MarkedAxis[];
}

export interface Noticed {
  kind: string;
  axis_says: string | null;
  shapes: MarkedShape[];
  why: string;
  fix: string | null;
  page: string | null;
  question: number | null;
  question_says: string | null;
}

export interface Diagnosis extends Noticed {
  ok: boolean | null;
  also: Noticed[];
}

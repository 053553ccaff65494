// What the scene hands to its pointer, its keyboard and whoever else moves it.

import type { Changed } from "../hands.types.js";
import type { CellAt, Store } from "../types.js";
import type { SceneBlock } from "./blocks.js";
import type { Shot } from "./picture.js";
import type { Turn } from "./projection.js";

/** How the cubes lie, as it stands in the address. */
export interface Lying {
  /** the axis that is cut; F is the last one, whatever it holds */
  cut: "T" | "N" | "F";
  pose: "cut" | "whole" | "pull" | "apart" | "flat";
  /** where a cut along the last axis is */
  unit: number;
}

/** How far the scene is gone into and which numbers are kept, as they stand in the address. */
export interface Gone {
  /** core/zoom.js; "" for the whole */
  zoom: string;
  /** core/pins.js */
  pin: string;
  pins: string;
}

/** The same in the store. */
export interface Kept {
  zoom: string;
  /** numbers kept side by side */
  pins: CellAt[];
  /** what the changes by hand did, once the server has said it */
  changed: Changed | null;
}

/** How the scene is looked at; every change is drawn. */
export interface Camera {
  readonly turn: Turn;
  /** 1: as large as the layout made it */
  readonly zoom: number;
  /** within what keeps every label readable */
  turnTo(turn: Turn): void;
  /** within what the page has room for */
  zoomTo(zoom: number): void;
  home(): void;
}

/** What the scene looks like just now, for whoever takes it along. */
export interface Pictures {
  /** who draws offers it, until the returned function is called */
  offer(take: (how?: { light?: boolean }) => Shot | null): () => void;
  /** null while nothing is drawn */
  take(how?: { light?: boolean }): Shot | null;
}

export interface Stage {
  readonly store: Store;
  readonly camera: Camera;
  /** the block that the keyboard is in, counted among `blocks()` */
  focused: number;
  /** the blocks on show that have cells, left to right; of a slice its whole block */
  blocks(): SceneBlock[];
  /** the cell under a point of the window */
  cellAt(x: number, y: number): CellAt | null;
  /** is the recurrent module under it */
  moduleAt(x: number, y: number): boolean;
}

export type Listen = (host: HTMLElement, stage: Stage, signal: AbortSignal) => void;

// The numbers themselves: any tensor, one sample at a time, in windows that fit the screen.

import { exact, fixed, grouped, place, windowAround } from "../core/format.js";
import { el as make, fillMenu, find } from "../doors/dom.js";

/** @typedef {import("../types.js").AppState} AppState */
/** @typedef {import("../types.js").CellAt} CellAt */
/** @typedef {import("../types.js").IndexPart} IndexPart */

const ROWS = 20;
const COLUMNS = 16;

/**
 * Which axes are the rows and the columns, and where the others stand.
 * @typedef {{rows: number | null, columns: number, fixed: (number | null)[]}} Layout
 */

/** @type {import("../types.js").Mount} */
export function mountTable(el, store, context) {
  const life = new AbortController();
  const { signal } = life;
  const body = find(el, '[data-role="body"]');
  const menu = make("select", { class: "field", id: "table-tensor", "data-arg": "tensor" });
  const menuName = make("span", { class: "quiet" });
  const fact = make("p", { class: "table-fact code" });
  const picker = make("p", { class: "picker" }, make("label", {}, menuName, " ", make("span", { class: "menu-field" }, menu)));
  const table = make("table", { class: "numbers" });
  const scroll = make("div", { class: "scroll", role: "region" }, table);
  const pages = make("p", { class: "pages" });
  const before = [...body.childNodes];
  body.replaceChildren(make("div", { class: "table-head" }, picker, fact), scroll, pages);

  let from = { row: 0, column: 0 };
  let newest = 0;

  menu.addEventListener("change", () => store.set({ tensor: menu.value }), { signal });
  pages.addEventListener(
    "click",
    ({ target }) => {
      const button = target instanceof Element ? target.closest("button") : null;
      if (!button) return;
      const side = button.dataset.side === "column" ? "column" : "row";
      from = { ...from, [side]: Number(button.dataset.from) };
      void draw().then(() => pages.querySelector(`button[data-side="${side}"]`) instanceof HTMLElement && keepFocus(side, button.dataset.way));
    },
    { signal },
  );
  table.addEventListener("pointerover", ({ target }) => store.set({ cursor: cellOf(target) }), { signal });
  table.addEventListener("pointerleave", () => store.set({ cursor: null }), { signal });
  table.addEventListener("focusin", ({ target }) => store.set({ cursor: cellOf(target) }), { signal });
  table.addEventListener("focusout", () => store.set({ cursor: null }), { signal });
  table.addEventListener("click", ({ target }) => pin(cellOf(target)), { signal });
  table.addEventListener("keydown", onKey, { signal });

  /** @param {CellAt | null} cell */
  function pin(cell) {
    if (cell) store.set({ pinned: cell });
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    const cell = event.target instanceof HTMLTableCellElement ? event.target : null;
    if (!cell) return;
    if (event.key === "Enter" || event.key === " ") pin(cellOf(cell));
    else if (!move(cell, event.key)) return;
    event.preventDefault();
  }

  /** @param {string} side @param {string | undefined} way */
  function keepFocus(side, way) {
    const same = pages.querySelector(`button[data-side="${side}"][data-way="${way}"]:not(:disabled)`) ?? pages.querySelector(`button[data-side="${side}"]:not(:disabled)`);
    if (same instanceof HTMLElement) same.focus();
  }

  async function draw() {
    const mine = (newest += 1);
    const state = store.get();
    const { trace, tensor, lang } = state;
    const { say } = context;
    const info = trace.tensors[tensor];
    const layout = layoutOf(state);
    menuName.textContent = say("page.table.tensor");
    scroll.setAttribute("aria-label", say("page.table.of", { name: tensor }));
    fillMenu(menu, Object.keys(trace.tensors).map((name) => ({ value: name, text: name })), tensor);
    const kept = layout.fixed.map((at) => (at === null ? ":" : String(at))).join(", ");
    fact.textContent = `${tensor}${info.shape.length ? `[${kept}]` : ""}   (${info.axes.map((axis, d) => `${axis} ${info.shape[d]}`).join(", ")})   ${info.dtype}`;

    const height = layout.rows === null ? 1 : info.shape[layout.rows];
    const width = info.shape.length ? info.shape[layout.columns] : 1;
    const [top, bottom] = windowAround(Math.min(from.row, height - 1), height, ROWS);
    const [left, right] = windowAround(Math.min(from.column, width - 1), width, COLUMNS);
    const index = /** @type {IndexPart[]} */ (layout.fixed.map((at, d) => at ?? (d === layout.rows ? [top, bottom] : [left, right])));
    const block = await context.tensors.slice(tensor, index).catch(() => null);
    if (mine !== newest) return;
    if (!block) return void table.replaceChildren(make("caption", {}, say("page.table.failed")));

    const columns = Array.from({ length: right - left }, (_, k) => left + k);
    const headRow = make("tr", {}, make("td", { class: "corner" }), ...columns.map((c) => make("th", { scope: "col" }, `${info.axes[layout.columns] ?? ""} ${c}`)));
    const rows = Array.from({ length: bottom - top }, (_, k) => top + k).map((r) =>
      make(
        "tr",
        { "data-row": r },
        make("th", { scope: "row" }, rowName(state, layout, r)),
        ...columns.map((c) => {
          const at = layout.fixed.map((place_, d) => place_ ?? (d === layout.rows ? r : c));
          const value = block.data[(r - top) * columns.length + (c - left)];
          const first = r === top && c === left;
          return make("td", { "data-tensor": tensor, "data-index": at.join(), "data-value": exact(value), title: `${place(tensor, at)} = ${exact(value)}`, tabindex: first ? 0 : -1 }, fixed(value, info.dtype));
        }),
      ),
    );
    // A wide window would be one long column of scrolling; the part that moves is the body.
    table.replaceChildren(make("thead", {}, headRow), make("tbody", {}, ...rows));
    markStep(state, layout);
    const pagers = [
      ...pager("row", "page.table.rows", top, bottom, height, ROWS),
      ...pager("column", "page.table.columns", left, right, width, COLUMNS),
    ];
    pages.replaceChildren(...pagers);
    pages.hidden = pagers.length === 0;

    /** @param {string} side @param {string} words @param {number} start @param {number} end @param {number} length @param {number} size */
    function pager(side, words, start, end, length, size) {
      if (length <= size) return [];
      const turn = (/** @type {string} */ way, /** @type {number} */ to, /** @type {boolean} */ off) =>
        make("button", { type: "button", class: "button", "data-side": side, "data-way": way, "data-from": to, disabled: off }, say(`page.table.${way}`));
      return [
        make("span", { class: "pager" }, turn("previous", Math.max(0, start - size), start === 0), make("span", {}, say(words, { from: start, to: end - 1, of: grouped(length, lang) })), turn("next", end, end >= length)),
      ];
    }
  }

  /** @param {AppState} state @param {Layout} layout */
  function markStep({ trace, tensor, t }, layout) {
    const timed = layout.rows !== null && trace.tensors[tensor].axes[layout.rows] === "T";
    for (const row of table.querySelectorAll("tbody tr")) row.classList.toggle("is-now", timed && Number(/** @type {HTMLElement} */ (row).dataset.row) === t);
  }

  void draw();
  const unsubscribe = store.subscribe((state, previous) => {
    const keys = /** @type {const} */ (["trace", "tensor", "n", "lang"]);
    if (state.tensor !== previous.tensor) from = { row: 0, column: 0 };
    if (keys.some((name) => state[name] !== previous[name])) void draw();
    else if (state.t !== previous.t) markStep(state, layoutOf(state));
  });
  return () => {
    newest += 1;
    unsubscribe();
    life.abort();
    body.replaceChildren(...before);
  };
}

/**
 * Rank 3 with samples: the chosen sample, its other two axes; rank 2: all of it; rank 1: one row.
 * @param {AppState} state
 * @returns {Layout}
 */
function layoutOf({ trace, tensor, n }) {
  const { axes } = trace.tensors[tensor];
  const sample = axes.length > 2 ? axes.indexOf("N") : -1;
  const free = axes.map((_, d) => d).filter((d) => d !== sample);
  const columns = free.at(-1) ?? 0;
  const rows = free.length > 1 ? (free.at(-2) ?? null) : null;
  return { rows, columns, fixed: axes.map((_, d) => (d === sample ? n : d === rows || d === columns ? null : 0)) };
}

/**
 * @param {AppState} state
 * @param {Layout} layout
 * @param {number} row
 */
function rowName({ trace, tensor, n }, layout, row) {
  const axis = layout.rows === null ? "" : trace.tensors[tensor].axes[layout.rows];
  const token = axis === "T" ? trace.text?.tokens[n]?.[row] : undefined;
  return `${axis}${layout.rows === null ? "" : ` ${row}`}${token === undefined ? "" : ` ${token}`}`;
}

/**
 * @param {EventTarget | null} target
 * @returns {CellAt | null}
 */
function cellOf(target) {
  const cell = target instanceof Element ? target.closest("td[data-tensor]") : null;
  if (!(cell instanceof HTMLElement)) return null;
  return { tensor: cell.dataset.tensor ?? "", index: cell.dataset.index ? cell.dataset.index.split(",").map(Number) : [] };
}

/**
 * The arrow keys go from number to number; one cell at a time is in the tab order.
 * @param {HTMLTableCellElement} cell
 * @param {string} key
 */
function move(cell, key) {
  const row = cell.parentElement;
  const column = cell.cellIndex;
  const line = { ArrowUp: row?.previousElementSibling, ArrowDown: row?.nextElementSibling }[key];
  const next = { ArrowLeft: cell.previousElementSibling, ArrowRight: cell.nextElementSibling }[key] ?? line?.children[column];
  if (!(next instanceof HTMLTableCellElement) || !next.dataset.tensor) return key.startsWith("Arrow");
  cell.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
  return true;
}

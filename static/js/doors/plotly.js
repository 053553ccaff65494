// The only file that touches Plotly: its script is read when the first chart is drawn, and never before.

/** @typedef {import("../charts/types.js").Chart} Chart */
/** @typedef {import("../charts/types.js").Charts} Charts */
/** @typedef {import("../charts/types.js").PlotlyFigure} PlotlyFigure */
/** @typedef {{[name: string]: any}} Loose  Plotly's own nested settings, which have no types */
/**
 * @typedef {object} Plotly
 * @property {(el: HTMLElement, data: object[], layout: object, config: object) => Promise<void>} react
 * @property {(el: HTMLElement, update: object) => Promise<void>} relayout
 * @property {(el: HTMLElement) => void} purge
 * @property {{resize: (el: HTMLElement) => void}} Plots
 */
/** @typedef {{curveNumber: number, x: number, y: number, data: {type: string}}} Point */
/** @typedef {HTMLElement & {on?: (name: string, told: (event: {points: Point[]}) => void) => void, layout?: Loose}} PlotlyElement */

/** Plotly adds its rules to the sheet of this element; with a file of ours there, nothing inline is needed. */
const SHEET = "plotly.js-style-global";
/** By this name Plotly 7 asks whether the rules of its maps are there; we draw no maps. */
const MAPS = "9f215cf04c5486422605d13261cb87401f4e7763b6296af81e98efbc0130da53";
const CONFIG = { displayModeBar: false, responsive: false, scrollZoom: false, doubleClick: "reset" };

/**
 * @param {Window & {Plotly?: Plotly}} window
 * @param {{script: string, sheet: string}} urls
 * @returns {Charts}
 */
export function createCharts(window, { script, sheet }) {
  const { document } = window;
  /** @type {Promise<Plotly> | null} */
  let loading = null;

  async function load() {
    stylesByProperty(window);
    if (!document.getElementById(SHEET)) await loaded("link", { id: SHEET, rel: "stylesheet", href: sheet });
    if (!document.getElementById(MAPS)) document.head.append(Object.assign(document.createElement("meta"), { id: MAPS }));
    await loaded("script", { src: script });
    if (!window.Plotly) throw new Error("the script came without Plotly");
    return window.Plotly;
  }

  /**
   * @param {"link" | "script"} tag
   * @param {object} attributes
   * @returns {Promise<void>}
   */
  function loaded(tag, attributes) {
    return new Promise((resolve, reject) => {
      const el = Object.assign(document.createElement(tag), attributes);
      el.addEventListener("load", () => resolve());
      el.addEventListener("error", () => {
        el.remove();
        reject(new Error(`${tag} did not come`));
      });
      document.head.append(el);
    });
  }

  return {
    create(el, clicked) {
      /** @type {PlotlyElement} */
      const host = el;
      /** @type {Plotly | null} */
      let plotly = null;
      let listening = false;
      let width = 0;
      const sized = new ResizeObserver(() => {
        if (!plotly || !listening || el.clientWidth === 0 || el.clientWidth === width) return;
        width = el.clientWidth;
        plotly.Plots.resize(el);
      });
      sized.observe(el);
      return {
        async draw(figure, signal) {
          loading ??= load();
          plotly = await loading.catch((error) => {
            loading = null; // the next chart tries again
            throw error;
          });
          signal.throwIfAborted();
          width = el.clientWidth;
          const { data, layout } = forPage(figure, window.matchMedia("(pointer: coarse)").matches);
          await plotly.react(el, data, layout, CONFIG);
          if (!listening) host.on?.("plotly_click", ({ points: [point] }) => clicked({ x: point.x, y: point.y, type: point.data.type }));
          listening = true;
        },
        mark(x, colour) {
          if (!plotly || !listening) return;
          const shapes = x === null ? [] : [{ type: "rect", xref: "x", yref: "paper", x0: x - 0.5, x1: x + 0.5, y0: 0, y1: 1, line: { color: colour, width: 2 }, layer: "above" }];
          void plotly.relayout(el, { shapes });
        },
        stop() {
          sized.disconnect();
          if (plotly && listening) plotly.purge(el);
        },
      };
    },
  };
}

/**
 * The page has headings of its own, and a finger that scrolls must not zoom.
 * @param {PlotlyFigure} figure
 * @param {boolean} coarse
 */
function forPage({ data, layout }, coarse) {
  /** @type {Loose} */
  const settings = layout;
  const top = Math.max(8, (settings.margin?.t ?? 44) - 36);
  return {
    data,
    layout: { ...settings, title: undefined, autosize: true, margin: { ...settings.margin, t: top }, dragmode: coarse ? false : "zoom" },
  };
}

/**
 * Plotly sets a few `style` attributes on what it draws, which our policy blocks; as properties the same rules may be set.
 * @param {Window} window
 */
function stylesByProperty(window) {
  const { SVGElement, Element } = /** @type {Window & typeof globalThis} */ (window);
  const plain = Element.prototype.setAttribute;
  SVGElement.prototype.setAttribute = function setAttribute(name, value) {
    if (name === "style") this.style.cssText = value;
    else plain.call(this, name, value);
  };
}

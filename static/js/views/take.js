// Take it along: the picture, the live page, the numbers, the code and the link, each as something that lasts.

import { paintOn, svgOf } from "../scene/picture.js";
import { partUrl } from "../doors/api.js";
import { closeLikeMenu, fillMenu, find } from "../doors/dom.js";
import { copyText, pageAddress, pngBlob, printPage, saveFile, svgNode, whenPrinted } from "../doors/keep.js";

const SCALE = 2; // pixels of the PNG a CSS pixel

/** @type {import("../types.js").Mount} */
export function mountTake(el, store, context) {
  const life = new AbortController();
  const { signal } = life;
  const menu = /** @type {HTMLDetailsElement} */ (el);
  /** @type {HTMLSelectElement} */
  const tensor = find(el, "select");
  /** @type {HTMLInputElement} */
  const address = find(el, '[data-role="address"]');
  const status = find(el, '[data-role="status"]');
  /** @type {Element | null} */
  let printed = null;
  let onScreen = ""; // the theme that comes back behind the printing

  const actions = /** @type {{[name: string]: () => Promise<string>}} */ ({
    async png() {
      const shot = context.pictures.take();
      if (!shot) return context.say("take.empty");
      const canvas = document.createElement("canvas");
      paintOn(canvas, shot, SCALE);
      saveFile(await pngBlob(canvas), "unrolled.png");
      return context.say("take.saved", { name: "unrolled.png" });
    },
    async svg() {
      const text = drawing();
      if (!text) return context.say("take.empty");
      saveFile(new Blob([text], { type: "image/svg+xml" }), "unrolled.svg");
      return context.say("take.saved", { name: "unrolled.svg" });
    },
    async print() {
      menu.open = false;
      printPage();
      return "";
    },
    async copy() {
      return context.say((await copyText(address)) ? "take.copied" : "take.copy_by_hand");
    },
  });

  /** @param {{light?: boolean}} [how] */
  function drawing(how) {
    const shot = context.pictures.take(how);
    if (!shot) return null;
    const { trace, lang, t, n } = store.get();
    const pen = /** @type {CanvasRenderingContext2D} */ (document.createElement("canvas").getContext("2d"));
    const measure = (/** @type {string} */ text, /** @type {string} */ font) => {
      pen.font = font;
      return pen.measureText(text).width;
    };
    const says = context.say("scene.shown", { blocks: trace.stages.map(({ code }) => code).join("; "), t, n });
    return svgOf(shot, { title: trace.code, says, lang: lang === "zh" ? "zh-CN" : "en", measure });
  }

  el.addEventListener("click", async ({ target }) => {
    const pressed = target instanceof Element ? target.closest("button, a") : null;
    if (pressed instanceof HTMLButtonElement && pressed.dataset.do) tell(await actions[pressed.dataset.do]());
  }, { signal });

  // a link saves by itself; here a refusal is said in the menu instead of being saved as the file
  el.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    if (!link || event.defaultPrevented || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    tell(context.say("take.waiting"));
    context.file(link.href, signal).then(
      (blob) => {
        saveFile(blob, link.download);
        tell(context.say("take.saved", { name: link.download }));
      },
      (error) => {
        if (!signal.aborted) tell(error.problem ? [error.problem.detail, error.problem.hint].filter(Boolean).join(" ") : context.say("take.failed"));
      },
    );
  }, { signal });

  /** @param {string} text */
  function tell(text) {
    status.textContent = text;
  }

  menu.addEventListener("toggle", () => {
    address.value = pageAddress();
    tell("");
  }, { signal });
  tensor.addEventListener("change", draw, { signal });
  closeLikeMenu(menu, signal);

  whenPrinted({
    before() {
      const { dataset } = document.documentElement;
      onScreen = dataset.theme ?? "auto";
      dataset.theme = "light"; // paper is white
      const text = drawing({ light: true });
      if (!text) return;
      printed = svgNode(text);
      printed.setAttribute("class", "printed");
      find(document, "#scene").append(printed);
    },
    after() {
      printed?.remove();
      printed = null;
      document.documentElement.dataset.theme = onScreen;
    },
  }, signal);

  function draw() {
    const { trace, lang, t, n, cut, pose, unit, theme } = store.get();
    const names = [...Object.keys(trace.tensors), ...Object.keys(trace.parameters)];
    const kept = names.includes(tensor.value) ? tensor.value : names.includes("output") ? "output" : names[0];
    fillMenu(tensor, names.map((value) => ({ value, text: value })), kept);
    const links = /** @type {{[role: string]: [string, string]}} */ ({
      page: [partUrl(trace.id, "page", { lang, t, n, cut, pose, unit, theme: theme === "auto" ? null : theme }), "unrolled.html"],
      npz: [partUrl(trace.id, "archive", { format: "npz" }), "unrolled.npz"],
      pytorch: [partUrl(trace.id, "code", { framework: "pytorch" }), "unrolled_pytorch.py"],
      keras: [partUrl(trace.id, "code", { framework: "keras", lang }), "unrolled_keras.py"],
      "tensor-csv": [partUrl(trace.id, `tensors/${encodeURIComponent(kept)}`, { format: "csv" }), `${kept}.csv`],
      "tensor-npz": [partUrl(trace.id, "archive", { format: "npz", name: kept }), `${kept}.npz`],
    });
    for (const [role, [href, name]] of Object.entries(links)) {
      const link = /** @type {HTMLAnchorElement} */ (find(el, `a[data-role="${role}"]`));
      Object.assign(link, { href, download: name });
    }
  }

  draw();
  const unsubscribe = store.subscribe((now, previous) => {
    const watched = /** @type {const} */ (["trace", "lang", "theme", "t", "n", "cut", "pose", "unit"]);
    if (watched.some((name) => now[name] !== previous[name])) draw();
  });
  return () => {
    unsubscribe();
    life.abort();
  };
}

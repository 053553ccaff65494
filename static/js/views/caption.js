// The sentence under the scene: what is shown right now. Read out when it stands still, not while it plays.

import { captionOf, wantedBy } from "../play/caption.js";

/** @type {import("../types.js").Mount} */
export function mountCaption(el, store, context) {
  let stopped = false;

  function draw() {
    const { playing } = store.get();
    const live = playing ? "off" : "polite";
    if (el.getAttribute("aria-live") !== live) el.setAttribute("aria-live", live);
    const text = captionOf(store.get(), (tensor, index) => context.tensors.value(tensor, index), context.say);
    if (el.textContent !== text) el.textContent = text;
    read();
  }

  /** The numbers of the sentence, once; what cannot be read is told by the page's own status. */
  function read() {
    const { trace } = store.get();
    for (const { tensor, index } of wantedBy(store.get())) {
      if (context.tensors.peek(tensor, index)) continue;
      context.tensors.slice(tensor, index).then(
        () => !stopped && store.get().trace === trace && draw(),
        () => {},
      );
    }
  }

  draw();
  const unsubscribe = store.subscribe((state, previous) => {
    const watched = /** @type {const} */ (["trace", "p", "t", "n", "lang", "playing"]);
    if (watched.some((key) => state[key] !== previous[key])) draw();
  });
  return () => {
    stopped = true;
    unsubscribe();
  };
}

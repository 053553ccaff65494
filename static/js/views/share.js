// The link of what is shown; for a class it leaves out parts and holds controls fast.

import { toQuery, viewOf } from "../core/query.js";
import { GROUPS, LOCKABLE, PARTS, namesOf, withName } from "../core/teaching.js";
import { copyField } from "../doors/clipboard.js";
import { find } from "../doors/dom.js";
import { closes } from "../doors/sheets.js";

/** @type {import("../types.js").Mount} */
export function mountShare(el, store, context) {
  const life = new AbortController();
  const { signal } = life;
  /** @type {HTMLInputElement} */
  const link = find(el, '[data-role="link"]');
  const copied = find(el, '[data-role="copied"]');
  /** @type {HTMLButtonElement} */
  const copy = find(el, '[data-do="copy"]');
  const boxes = /** @type {HTMLInputElement[]} */ ([...el.querySelectorAll('input[type="checkbox"]')]);
  let hide = "";
  let lock = "";
  let present = false;
  closes(/** @type {HTMLDialogElement} */ (el), signal);

  // What is ticked is the link's own until it is opened; the page here stays as it is.
  const opened = new MutationObserver(() => {
    if (!(/** @type {HTMLDialogElement} */ (el).open)) return;
    ({ hide, lock, present } = store.get());
    draw();
  });
  opened.observe(el, { attributeFilter: ["open"] });

  el.addEventListener(
    "change",
    ({ target }) => {
      if (!(target instanceof HTMLInputElement)) return;
      const { hide: part, lock: control } = target.dataset;
      if (part) hide = withName(hide, part, target.checked, PARTS);
      else if (control) lock = withName(lock, control, target.checked, [...Object.keys(GROUPS), ...LOCKABLE]);
      else if ("present" in target.dataset) present = target.checked;
      draw();
    },
    { signal },
  );
  copy.addEventListener(
    "click",
    async () => {
      const says = context.say((await copyField(link)) ? "share.copied" : "share.selected");
      copied.textContent = copy.textContent = says;
    },
    { signal },
  );

  function draw() {
    const now = store.get();
    const query = toQuery({ ...now.state, ...viewOf(now), hide, lock, present });
    link.value = new URL(query ? `/?${query}` : "/", document.baseURI).href;
    copied.textContent = "";
    copy.textContent = context.say("share.copy");
    for (const box of boxes) {
      const { hide: part, lock: control } = box.dataset;
      box.checked = part ? namesOf(hide).includes(part) : control ? namesOf(lock).includes(control) : present;
    }
  }
  return () => {
    opened.disconnect();
    life.abort();
  };
}

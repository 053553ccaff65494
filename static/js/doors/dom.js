// Elements made without markup: text is always text.

/**
 * An element with attributes and children. `false` and `null` leave an attribute or child out; `true` is the bare attribute.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {{[name: string]: string | number | boolean | null | undefined}} [attributes]
 * @param {...(Node | string | null | false)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    node.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children) if (child !== null && child !== false) node.append(child);
  return node;
}

/**
 * The same for a drawing.
 * @param {string} tag
 * @param {{[name: string]: string | number | null}} [attributes]
 * @param {...(Node | string)} children
 */
export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== null) node.setAttribute(name, String(value));
  node.append(...children);
  return node;
}

/**
 * The one element that must be there, because our own template wrote it.
 * @template {Element} [E=HTMLElement]
 * @param {ParentNode} root
 * @param {string} selector
 * @returns {E}
 */
export function find(root, selector) {
  const found = root.querySelector(selector);
  if (!found) throw new Error(`the template lacks ${selector}`);
  return /** @type {E} */ (found);
}

/**
 * The options of a menu, rebuilt only when they changed, with one chosen.
 * @param {HTMLSelectElement} select
 * @param {{value: string, text: string}[]} options
 * @param {string} chosen
 */
export function fillMenu(select, options, chosen) {
  const old = [...select.options];
  const equal = old.length === options.length && options.every(({ value, text }, k) => old[k].value === value && old[k].text === text);
  if (!equal) select.replaceChildren(...options.map(({ value, text }) => el("option", { value }, text)));
  select.value = chosen;
}

/**
 * A <details> that lies over the page closes like a menu: by Escape, which gives the focus back, and by a press elsewhere.
 * @param {HTMLElement} host  of the <details>, or itself one
 * @param {AbortSignal} signal
 */
export function closeLikeMenu(host, signal) {
  const details = () => /** @type {HTMLDetailsElement | null} */ (host.matches("details") ? host : host.querySelector("details"));
  host.addEventListener(
    "keydown",
    (event) => {
      const menu = details();
      if (event.key !== "Escape" || !menu?.open) return;
      event.preventDefault(); // whatever else Escape would let go of stays
      menu.open = false;
      menu.querySelector("summary")?.focus();
    },
    { signal },
  );
  document.addEventListener(
    "pointerdown",
    ({ target }) => {
      const menu = details();
      if (menu?.open && target instanceof Node && !menu.contains(target)) menu.open = false;
    },
    { signal },
  );
}

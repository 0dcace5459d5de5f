// Making and finding elements. Text only ever becomes text nodes, never markup.

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, string | number | ((event: any) => void)>} props attributes; functions become listeners
 * @param {...(Node | string)} children
 */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else element.setAttribute(name, String(value));
  }
  element.append(...children);
  return element;
}

/**
 * An element that index.html promises to have.
 * @template {HTMLElement} [T=HTMLElement]
 * @param {string} id
 * @param {new () => T} [type]
 */
export function part(id, type) {
  const element = document.getElementById(id);
  if (!(element instanceof (type ?? HTMLElement))) throw new Error(`index.html lacks #${id}`);
  return /** @type {T} */ (element);
}

/** @param {string} id @param {boolean} shown */
export function show(id, shown) {
  part(id).hidden = !shown;
}

/** @param {number} ms since the epoch */
export function shortTime(ms) {
  const then = new Date(ms);
  const today = then.toDateString() === new Date().toDateString();
  return today
    ? then.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })
    : then.toLocaleDateString([], { month: "short", day: "numeric" });
}

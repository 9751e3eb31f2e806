/**
 * The page's only way to make elements. Text is always text: nothing here reads HTML.
 *
 * @typedef {Node | string | null | undefined | false} Child
 * @typedef {Record<string, unknown>} Properties
 */

const AS_PROPERTY = new Set([
  "value",
  "checked",
  "disabled",
  "hidden",
  "tabIndex",
  "readOnly",
  "htmlFor",
]);

/**
 * `class`, `text`, `on` (event → listener) and `data` mean what they say; the rest are attributes, where true is "" and false,
 * null and undefined are none.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Properties} [properties]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function el(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) put(node, name, value);
  node.append(...present(children));
  return node;
}

/**
 * @param {HTMLElement} node
 * @param {string} name
 * @param {any} value
 */
function put(node, name, value) {
  if (name === "text") node.textContent = value;
  else if (name === "class") node.className = value || "";
  else if (name === "data") Object.assign(node.dataset, value);
  else if (name === "on") listen(node, value);
  else if (AS_PROPERTY.has(name)) /** @type {any} */ (node)[name] = value;
  else setAttribute(node, name, value);
}

/**
 * @param {HTMLElement} node
 * @param {Record<string, (event: any) => void>} listeners
 */
function listen(node, listeners) {
  for (const [type, listener] of Object.entries(listeners)) node.addEventListener(type, listener);
}

/**
 * @param {Element} node
 * @param {string} name
 * @param {any} value
 */
export function setAttribute(node, name, value) {
  if (value === null || value === undefined || value === false) node.removeAttribute(name);
  else node.setAttribute(name, value === true ? "" : String(value));
}

/**
 * @param {readonly Child[]} children
 * @returns {(Node | string)[]}
 */
export function present(children) {
  return children.filter((child) => child !== null && child !== undefined && child !== false);
}

/**
 * Puts `children` into `parent`, in this order, moving only what stands elsewhere.
 *
 * @param {Element} parent
 * @param {readonly Element[]} children
 */
export function arrange(parent, children) {
  const wanted = new Set(children);
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
  let place = parent.firstElementChild;
  for (const child of children) {
    if (child === place) place = place.nextElementSibling;
    else parent.insertBefore(child, place);
  }
}

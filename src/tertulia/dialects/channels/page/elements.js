/** The page's elements. Text goes in as text, never as HTML. */

/**
 * @template {HTMLElement} E
 * @param {string} id
 * @param {new () => E} kind
 * @returns {E}
 */
export function get(id, kind) {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`There is no #${id}`);
  return found;
}

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {string} [text]
 * @param {string} [style] its class
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function make(tag, text, style) {
  const node = document.createElement(tag);
  if (text !== undefined) node.textContent = text;
  if (style !== undefined) node.className = style;
  return node;
}

/**
 * The text of a field of a form.
 *
 * @param {HTMLFormElement} form
 * @param {string} name
 */
export function text(form, name) {
  return String(new FormData(form).get(name) ?? "");
}

/**
 * The same object without some of its fields.
 *
 * @template {object} T
 * @template {string} N
 * @param {T} object
 * @param {N[]} names
 * @returns {Omit<T, N>}
 */
export function without(object, ...names) {
  const kept = Object.entries(object).filter(([name]) => !names.includes(/** @type {N} */ (name)));
  return /** @type {Omit<T, N>} */ (Object.fromEntries(kept));
}

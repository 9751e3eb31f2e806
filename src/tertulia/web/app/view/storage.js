/** The browser's storage for this page, or null where it is forbidden. */
export function local() {
  try {
    return localStorage;
  } catch {
    return null;
  }
}

/**
 * Where there is no storage, or no more space in it, it is forgotten with the page.
 *
 * @param {string} key
 * @param {string} value
 */
export function remember(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // see above
  }
}

/** The browser's storage for this page, or null where it is forbidden. */
export function local() {
  try {
    return localStorage;
  } catch {
    return null;
  }
}

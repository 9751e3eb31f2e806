import { local, remember } from "./storage.js";

const KNOWN = "tertulia-known";

/**
 * Whether somebody was signed in here before: then the page asks the server who it is, and to sign in rather than up. Where
 * nothing can be stored, nobody knows: true.
 */
export function isKnown() {
  const storage = local();
  return !storage || storage.getItem(KNOWN) !== null;
}

export function rememberVisit() {
  remember(KNOWN, "1");
}

/** Who is signed in here. The session is a cookie that no script can read; this page remembers only the name. */

import { ask } from "./api.js";

/** @typedef {import("./api.js").Person} Person */

const KEY = `channels ${location.pathname}`;

/** @returns {Promise<Person | null>} who is signed in, as the server has it */
export async function whoAmI() {
  const known = recall();
  if (known === null) return null;
  /** @type {Person[]} */
  const people = await ask("GET", "api/users/");
  const same = people.some(({ id, username }) => id === known.id && username === known.username);
  return same ? known : null;
}

/**
 * @param {string} username
 * @param {string} password
 * @returns {Promise<Person>}
 */
export async function signIn(username, password) {
  const said = await ask("POST", "api/login/", { username, password });
  const me = { id: said.id, username: said.username };
  remember(me);
  return me;
}

/**
 * @param {string} username
 * @param {string} password
 */
export async function signUp(username, password) {
  await ask("POST", "api/register/", { username, password });
  return signIn(username, password);
}

export async function signOut() {
  await ask("POST", "api/logout/");
  remember(null);
}

/** @returns {Person | null} */
function recall() {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "null");
  } catch {
    return null;
  }
}

/** @param {Person | null} me */
function remember(me) {
  try {
    if (me === null) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, JSON.stringify(me));
  } catch {
    // No storage: until the page is loaded again.
  }
}

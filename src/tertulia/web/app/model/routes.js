/**
 * What the address says. `room` is null in the list of rooms.
 *
 * @typedef {{ room: string | null, invite: string | null }} Route
 */

const BASE = "/app/";

/**
 * @param {string} path
 * @param {string} [search]
 * @returns {Route}
 */
export function routeOf(path, search = "") {
  const match = /^\/app\/rooms\/([^/]+)\/?$/.exec(path);
  const invite = new URLSearchParams(search).get("invite");
  return { room: match ? decoded(match[1] ?? "") : null, invite: invite || null };
}

/** @param {string | null} room */
export function pathOf(room) {
  return room === null ? BASE : `${BASE}rooms/${encodeURIComponent(room)}`;
}

/** @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

/**
 * What I may do with a message.
 *
 * @typedef {{ react: boolean, reply: boolean, edit: boolean, remove: boolean }} Rights
 */

const NONE = { react: false, reply: false, edit: false, remove: false };
const MODERATES = ["owner", "admin", "moderator"];

/**
 * @param {import("./types.js").Row} row
 * @param {import("./types.js").Room | null} room
 * @param {string} me
 * @returns {Rights}
 */
export function rightsOf(row, room, me) {
  if (row.kind !== "message" || row.deleted_at || !room?.role) return NONE;
  const own = row.sender?.id === me;
  const talks = !room.archived;
  const remove = (own && talks) || moderates(room);
  return { react: talks, reply: talks, edit: own && talks, remove };
}

/**
 * Whether I have an office there.
 *
 * @param {import("./types.js").Room | null} room
 */
export function moderates(room) {
  return Boolean(room?.role && MODERATES.includes(room.role)) && room?.kind !== "direct";
}

import { nameOf } from "./people.js";

/** @typedef {import("./types.js").Place} Place */
/** @typedef {import("./types.js").Room} Room */

/** @param {Place | null | undefined} room */
export function titleOf(room) {
  if (!room) return "Room";
  if (room.kind === "direct") return nameOf(room.partner);
  return room.title || room.name || "Untitled room";
}

/**
 * The list of rooms in its sections, each in the order given.
 *
 * @param {readonly Room[]} rooms
 * @param {string} [wanted] Only rooms whose title has this.
 */
export function sectionsOf(rooms, wanted = "") {
  const found = rooms.filter((room) => matches(room, wanted));
  return [
    { id: "rooms", label: "Rooms", rooms: found.filter((room) => room.kind !== "direct") },
    { id: "people", label: "People", rooms: found.filter((room) => room.kind === "direct") },
  ];
}

/**
 * @param {Room} room
 * @param {string} wanted
 */
function matches(room, wanted) {
  const text = wanted.trim().toLocaleLowerCase();
  return !text || titleOf(room).toLocaleLowerCase().includes(text);
}

/** @param {number} count */
export function badgeOf(count) {
  return count > 99 ? "99+" : String(count);
}

/**
 * What a screen reader says of a room in the list, behind its title.
 *
 * @param {Room} room
 * @param {string} presence
 */
export function statusOf(room, presence) {
  const parts = [];
  if (room.unread) parts.push(`${room.unread} unread`);
  if (room.mentions) {
    parts.push(room.mentions === 1 ? "you are mentioned" : `${room.mentions} mentions of you`);
  }
  if (room.kind === "direct" && presence !== "offline") parts.push(presence);
  return parts.join(", ");
}

/** @param {number} count */
export function membersOf(count) {
  return count === 1 ? "1 member" : `${count.toLocaleString()} members`;
}

/**
 * @param {{ messages: number, mentions: number }} unread
 * @param {string} title
 */
export function documentTitle(unread, title) {
  const name = title ? `${title} · Tertulia` : "Tertulia";
  return unread.messages ? `(${badgeOf(unread.messages)}) ${name}` : name;
}

/** @typedef {import("./types.js").RoomSummary} RoomSummary */

/**
 * My rooms in the order of a list: those in which something was said last come first. Rooms that I hid are left out,
 * and archived ones, as the server does.
 */
export class Listing {
  /** The order of before, which is almost that of now. @type {string[]} */
  #order = [];

  /**
   * @param {ReadonlyMap<string, RoomSummary>} mine
   * @returns {RoomSummary[]}
   */
  of(mine) {
    const shown = new Map([...mine].filter(([, room]) => isShown(room)));
    const known = this.#order.flatMap((id) => shown.get(id) ?? []);
    const before = new Set(this.#order);
    const added = [...shown.values()].filter((room) => !before.has(room.id));
    const rooms = [...known, ...added].sort(byActivity);
    this.#order = rooms.map((room) => room.id);
    return rooms;
  }
}

/** @param {RoomSummary} room */
function isShown({ role, hidden, archived }) {
  return role !== null && !hidden && !archived;
}

/**
 * @param {RoomSummary} one
 * @param {RoomSummary} other
 */
function byActivity(one, other) {
  const [mine, theirs] = [activeAt(one), activeAt(other)];
  if (mine !== theirs) return mine < theirs ? 1 : -1;
  return one.id < other.id ? 1 : -1;
}

/** @param {RoomSummary} room */
function activeAt({ last_message: last, created_at: made }) {
  return last ? last.created_at : made;
}

/**
 * How much is unread in all rooms of a list together.
 *
 * @param {readonly RoomSummary[]} rooms
 */
export function unreadOf(rooms) {
  const unread = { rooms: 0, messages: 0, mentions: 0 };
  for (const room of rooms) {
    unread.rooms += room.unread > 0 ? 1 : 0;
    unread.messages += room.unread;
    unread.mentions += room.mentions;
  }
  return unread;
}

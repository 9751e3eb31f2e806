import { MENTIONS_CEILING } from "./standing.js";

/** @typedef {import("./types.js").Message} Message */
/** @typedef {import("./state.js").RoomState} RoomState */

/**
 * How many unread messages of a room mention me: those that are here are looked at, of others the server has told.
 *
 * @param {RoomState} room
 */
export function unreadMentions(room) {
  const { me, unread, timeline, standing, firstIndex } = room;
  if (!me || !unread) return 0;
  const first = timeline.at(Math.max(standing.seen + 1, firstIndex));
  if (!first || timeline.floor === null || first.seq < timeline.floor)
    return Math.min(me.mentions, unread);
  const found = above(room, standing.seen).filter((row) => mentionsMe(room, row));
  return Math.min(MENTIONS_CEILING, found.length);
}

/**
 * By my name or by @room; neither by myself, nor @room by somebody whom I block.
 *
 * @param {RoomState} room
 * @param {Message} row
 */
export function mentionsMe({ user, blocked }, { sender, mentions, mentions_room: wholeRoom }) {
  if (user === null || sender?.id === user) return false;
  if (wholeRoom && !(sender && blocked.has(sender.id))) return true;
  return mentions?.includes(user) ?? false;
}

/**
 * The messages behind an index, newest first.
 *
 * @param {RoomState} room
 * @param {number} index
 */
export function above({ timeline }, index) {
  const found = [];
  for (const row of timeline.newestFirst()) {
    if (row.index === null) continue;
    if (row.index <= index) break;
    found.push(row);
  }
  return found;
}

/** @typedef {import("./types.js").Room} Room */
/** @typedef {import("./types.js").Row} Row */

/**
 * Where the line "new messages" stands during one visit to a room. It is set when the room is opened, and anew when messages
 * come while nobody looks; reading does not take it away, writing does.
 */
export class UnreadLine {
  /** @type {number | null} */
  #from = null;
  #upto = 0;
  #count = 0;

  /** Index of the first unread message, or null: no line. */
  get from() {
    return this.#from;
  }

  /** How many were unread when somebody looked last. */
  get count() {
    return this.#from === null ? 0 : this.#upto - this.#from + 1;
  }

  /**
   * Whether the first unread message is older than all these.
   *
   * @param {readonly Row[]} rows
   */
  isBefore(rows) {
    if (this.#from === null) return false;
    const oldest = rows.find((row) => typeof row.index === "number")?.index ?? Infinity;
    return this.#from < oldest;
  }

  /** @param {Room} room As it was when it was opened. */
  enter(room) {
    this.#upto = room.message_count;
    this.#from = room.unread > 0 ? room.message_count - room.unread + 1 : null;
    this.#count = room.message_count;
  }

  /**
   * @param {Room} room As it is now.
   * @param {boolean} looking Whether the newest message can be seen by somebody.
   */
  update(room, looking) {
    const came = room.message_count > this.#count;
    const first = this.#count + 1;
    this.#count = Math.max(this.#count, room.message_count);
    if (
      came &&
      !looking &&
      room.unread > 0 &&
      (this.#from === null || room.unread <= room.message_count - first + 1)
    ) {
      this.#from = room.message_count - room.unread + 1;
    }
    if (came && !looking) this.#upto = room.message_count;
  }

  /** I wrote something: everything above is read. */
  wrote() {
    this.#from = null;
  }
}

/** @param {number} count */
export function newsText(count) {
  return count === 1 ? "1 new message" : `${count.toLocaleString("en")} new messages`;
}

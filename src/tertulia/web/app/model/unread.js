/** @typedef {import("./types.js").Room} Room */

/**
 * Where the line "new messages" stands during one visit to a room. It is set when the room is opened, and anew when messages
 * come while nobody looks; reading does not take it away, writing does.
 */
export class UnreadLine {
  /** @type {number | null} */
  #from = null;
  #count = 0;

  /** Index of the first unread message, or null: no line. */
  get from() {
    return this.#from;
  }

  /** @param {Room} room As it was when it was opened. */
  enter(room) {
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
  }

  /** I wrote something: everything above is read. */
  wrote() {
    this.#from = null;
  }
}

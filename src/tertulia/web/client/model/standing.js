import { without } from "./without.js";

/** How I stand in a room: role, positions, and what is my own affair there. */

/** @typedef {import("./types.js").Me} Me */
/** @typedef {import("./types.js").Member} Member */
/** @typedef {import("./types.js").Message} Message */

/** Unread mentions are counted up to here. */
export const MENTIONS_CEILING = 100;

/** What `member` events say in their order; news of mine may be older than the last of them. */
const ORDERED = new Set(["role", "muted_until", "joined_at"]);

export class Standing {
  /** @type {Readonly<Me> | null} null: I am no member. Replaced, never changed. */
  me = null;
  /** How many messages the room had when this was said. */
  toldAt = 0;

  /** Up to where I have read, or marked something as unread. */
  get seen() {
    if (!this.me) return 0;
    const mark = this.me.unread_from;
    return mark === undefined ? this.me.read_index : Math.min(this.me.read_index, mark - 1);
  }

  /**
   * As it was when the room had so many messages; what I have read only grows.
   *
   * @param {Me} me
   * @param {number} messageCount
   */
  take(me, messageCount) {
    const known = this.me;
    this.me = me;
    this.toldAt = messageCount;
    if (known) this.receive(known.read_index, known.delivered_index);
  }

  /**
   * `me` without what `member` events say in their order.
   *
   * @param {Me} me
   * @returns {Me}
   */
  aside(me) {
    const told = Object.entries(me).filter(([name]) => !ORDERED.has(name));
    const known = Object.entries(this.me ?? {}).filter(([name]) => ORDERED.has(name));
    return /** @type {Me} */ (Object.fromEntries([...told, ...known]));
  }

  /**
   * A row of mine in the list of members.
   *
   * @param {Member} member
   */
  takeMember({ role, joined_at, muted_until: until }) {
    if (!this.me) return;
    const rest = without(this.me, "muted_until");
    this.me = { ...rest, role, joined_at, ...(until === undefined ? {} : { muted_until: until }) };
  }

  /**
   * Positions only grow.
   *
   * @param {number} read
   * @param {number} delivered
   */
  receive(read, delivered) {
    if (!this.me) return;
    const { read_index: known, delivered_index: received } = this.me;
    const now = {
      read_index: Math.max(known, read),
      delivered_index: Math.max(received, delivered, read),
    };
    if (now.read_index > known || now.delivered_index > received) this.me = { ...this.me, ...now };
  }

  /**
   * I read up to `index` again: a mark before it moves behind it, or ends. Whether there was one.
   *
   * @param {number} index
   */
  look(index) {
    const mark = this.me?.unread_from;
    if (!this.me || mark === undefined || index < mark) return false;
    this.me =
      index < this.me.read_index
        ? { ...this.me, unread_from: index + 1 }
        : without(this.me, "unread_from");
    return true;
  }

  /**
   * A new message: the room is not hidden any more; by myself: nothing is marked as unread.
   *
   * @param {boolean} mine
   */
  hear(mine) {
    if (!this.me) return;
    if (this.me.hidden) this.me = { ...this.me, hidden: false };
    if (mine && this.me.unread_from !== undefined) this.me = without(this.me, "unread_from");
  }

  /** One more mentions me. */
  countMention() {
    if (this.me)
      this.me = { ...this.me, mentions: Math.min(MENTIONS_CEILING, this.me.mentions + 1) };
  }

  forget() {
    this.me = null;
    this.toldAt = 0;
  }
}

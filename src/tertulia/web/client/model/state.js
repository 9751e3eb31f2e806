/** What is known of one room: settings, counts, rows, members, and how I stand. Who keeps the cursor: `RoomModel`. */

import { above, mentionsMe, unreadMentions } from "./counts.js";
import { Departed } from "./departed.js";
import { Members } from "./members.js";
import { newer, owned } from "./settings.js";
import { Standing } from "./standing.js";
import { placeOf, Timeline } from "./timeline.js";

/** @typedef {import("./types.js").Frame} Frame */
/** @typedef {import("./types.js").Me} Me */
/** @typedef {import("./types.js").Member} Member */
/** @typedef {import("./types.js").Message} Message */
/** @typedef {import("./types.js").User} User */

/** @type {import("./types.js").TypingView} */
export const NOBODY = Object.freeze({ users: Object.freeze([]), count: 0 });

export class RoomState {
  timeline = new Timeline();
  members = new Members();
  standing = new Standing();
  /** @type {Readonly<Partial<import("./settings.js").Settings>>} */
  settings = {};
  /** @type {User | null} */
  partner = null;
  /** @type {Message | null} */
  lastMessage = null;
  messageCount = 0;
  memberCount = 0;
  firstIndex = 1;
  /** @type {import("./types.js").TypingView} */
  typing = NOBODY;
  /** Whom I block: their @room is none for me. @type {ReadonlySet<string>} */
  blocked = new Set();
  #departed = new Departed();
  #countedAt = 0;
  #freshAt = 0;

  /**
   * @param {string} id
   * @param {string | null} user who I am, by id
   */
  constructor(id, user) {
    this.id = id;
    this.user = user;
  }

  /** What people see: the title, the name, or the other one of a direct room. */
  get title() {
    return this.partner?.username || this.settings.title || this.settings.name || this.id;
  }

  /** How I stand here; null: I am no member. */
  get me() {
    return this.standing.me;
  }

  /** A subtraction; 0 for who is no member. */
  get unread() {
    if (!this.me) return 0;
    return Math.max(0, this.messageCount - Math.max(this.standing.seen, this.firstIndex - 1));
  }

  /** Unread messages that mention me; 100 means "100 or more". */
  get mentions() {
    return unreadMentions(this);
  }

  /**
   * From `ready`, `reload` or REST. `isOld`: `me` is older than what is known of my role.
   *
   * @param {import("./types.js").RoomResource} room
   * @param {boolean} isOld
   */
  list(room, isOld) {
    this.#settle(room, room.head_seq);
    this.messageCount = Math.max(this.messageCount, room.message_count);
    this.partner = room.partner ?? this.partner;
    this.#takeLast(room.last_message);
    if (room.me)
      this.takeMe(isOld && this.me ? this.standing.aside(room.me) : room.me, room.message_count);
  }

  /**
   * A room afresh.
   *
   * @param {Frame} snapshot
   * @param {number} seq
   */
  start({ room, messages, members }, seq) {
    this.clear();
    this.#freshAt = seq;
    this.list(room, false);
    const rows = messages.filter((/** @type {Message} */ row) => placeOf(row) >= this.firstIndex);
    this.timeline.start(rows.map((/** @type {Message} */ row) => this.#shown(row)));
    this.members.start(Boolean(members));
    for (const member of members ?? []) {
      this.#takeMember(member, 0);
      this.receive(member.user.id, member.read_index ?? 0, member.delivered_index ?? 0);
    }
    for (const row of messages) this.#takeLast(row);
  }

  /**
   * A change, or what one of several changed. Whether I left by it.
   *
   * @param {Frame} event
   * @param {number} at the seq at which its counts hold
   */
  take(event, at) {
    this.#takeAround(event, at);
    if (event.message) this.takeRow(event.message);
    return this.#leaves(event);
  }

  /**
   * The same for a room that is only listed: its counts, settings and last message. Whether I left by it.
   *
   * @param {Frame} event
   */
  glance(event) {
    this.#takeAround(event, event.seq);
    const { message } = event;
    if (message && message.index > this.messageCount) this.#countMention(message);
    this.#takeLast(message);
    return this.#leaves(event);
  }

  /**
   * How I stand, as it was when the room had so many messages.
   *
   * @param {Me} me
   * @param {number} messageCount
   */
  takeMe(me, messageCount) {
    this.standing.take(me, messageCount);
    const since = above(this, messageCount);
    for (const row of since) {
      this.#countMention(row);
      this.#hear(row);
    }
    if (this.lastMessage && (this.lastMessage.index ?? 0) > messageCount)
      this.#hear(this.lastMessage);
  }

  /**
   * A message or notice as it is now, or was.
   *
   * @param {Message} row
   */
  takeRow(row) {
    if (placeOf(row) < this.firstIndex) return; // the answer to something that was asked before it became too old
    const { index } = row;
    const isNew = index !== null && !this.timeline.at(index);
    this.timeline.put(this.#shown(row));
    if (isNew && index > this.standing.toldAt) this.#countMention(row);
    this.#takeLast(row);
  }

  /**
   * A page of history; how many rows were gained.
   *
   * @param {import("./timeline.js").Page} page
   */
  takePage(page) {
    const kept = page.rows.filter((row) => placeOf(row) >= this.firstIndex);
    return this.timeline.putPage({ ...page, rows: kept.map((row) => this.#shown(row)) });
  }

  /**
   * Positions only grow.
   *
   * @param {string} user
   * @param {number} read
   * @param {number} delivered
   */
  receive(user, read, delivered) {
    if (user === this.user) this.standing.receive(read, delivered);
    this.members.receive(user, read, delivered);
  }

  /** Know nothing. */
  clear() {
    this.settings = {};
    this.partner = this.lastMessage = null;
    this.messageCount = this.memberCount = this.#countedAt = this.#freshAt = 0;
    this.firstIndex = 1;
    this.typing = NOBODY;
    this.#departed.forget();
    this.members.start(false);
    this.standing.forget();
    this.timeline.forget();
  }

  /**
   * Everything but the rows: settings, members, counts.
   *
   * @param {Frame} event
   * @param {number} at
   */
  #takeAround({ settings, members, member_count: count }, at) {
    if (settings) this.#settle(settings, at);
    for (const member of members ?? []) this.#takeMember(member, this.#freshAt + 1);
    if (count !== undefined) this.#count(count, at);
  }

  /**
   * @param {Frame} settings
   * @param {number} at
   */
  #settle(settings, at) {
    this.settings = newer(this.settings, settings);
    this.#count(settings.member_count, at);
    this.#raiseFirst(settings.first_index);
  }

  /**
   * @param {Member} member
   * @param {number} after
   */
  #takeMember(member, after) {
    if (member.user.id === this.user) this.standing.takeMember(member);
    if (member.user.deleted) this.#forgetPerson(member.user);
    this.settings = owned(this.settings, member);
    this.members.take(member, after);
  }

  /** @param {User} user */
  #forgetPerson(user) {
    this.#departed.add(user);
    this.timeline.update((row) => this.#departed.asNow(row));
    this.lastMessage &&= this.#departed.asNow(this.lastMessage);
    if (this.partner?.id === user.id) this.partner = user;
  }

  /**
   * `row` may be the last message, and posting reads up to the post.
   *
   * @param {Message | null | undefined} row
   */
  #takeLast(row) {
    if (!row || row.index === null || row.index < this.firstIndex) return;
    const news = row.index > Math.max(this.messageCount, this.standing.toldAt);
    this.messageCount = Math.max(this.messageCount, row.index);
    if (news) this.#hear(row);
    if (row.sender) this.receive(row.sender.id, row.index, row.index);
    const last = this.lastMessage;
    const later =
      !last || row.seq > last.seq || (row.seq === last.seq && row.changed_seq > last.changed_seq);
    if (later) this.lastMessage = this.#departed.asNow(row);
  }

  /** @param {number} index */
  #raiseFirst(index) {
    if (index <= this.firstIndex) return;
    this.firstIndex = index;
    this.messageCount = Math.max(this.messageCount, index - 1); // also of messages that nobody saw here
    this.timeline.dropBelow(index);
    if (this.lastMessage && (this.lastMessage.index ?? 0) < index) this.lastMessage = null;
  }

  /**
   * @param {number} members
   * @param {number} at
   */
  #count(members, at) {
    if (at < this.#countedAt) return;
    this.memberCount = members;
    this.#countedAt = at;
  }

  /** @param {Message} row */
  #countMention(row) {
    if (mentionsMe(this, row)) this.standing.countMention();
  }

  /** @param {Message} row */
  #hear(row) {
    this.standing.hear(row.sender !== null && row.sender.id === this.user);
  }

  /**
   * With a key that is the same from the moment I sent it, and whoever is gone as gone.
   *
   * @param {Message} row
   * @returns {import("./types.js").MessageRow}
   */
  #shown(row) {
    const mine = row.sender !== null && row.sender.id === this.user;
    return Object.freeze({ ...this.#departed.asNow(row), key: (mine && row.client_id) || row.id });
  }

  /** @param {Frame} event */
  #leaves({ members }) {
    return (members ?? []).some(
      (/** @type {Member} */ one) => one.user.id === this.user && one.left_at !== undefined,
    );
  }
}

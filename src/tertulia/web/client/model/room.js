/** One room, kept by the rules of docs/protocol.md, section 4. No clock, no line; frames in, state out. */

import { NOBODY, RoomState } from "./state.js";

/** @typedef {import("./types.js").Frame} Frame */
/** @typedef {import("./types.js").Message} Message */
/** @typedef {import("./types.js").Part} Part */

/**
 * What became of a frame: `ignored` is older than the cursor; `gap`: something is missing, say `subscribe` with the
 * cursor; `left`: I am no member any more, forget the room.
 *
 * @typedef {"applied" | "ignored" | "gap" | "left"} Outcome
 */

/** @type {readonly Part[]} */
export const PARTS = ["info", "messages", "members", "receipts", "typing"];

/**
 * `cursor` is the seq up to which everything is here; null while the room is only listed: then `state.timeline` and
 * `state.members` are empty and the counts come from the list.
 */
export class RoomModel {
  /** @type {number | null} */
  cursor = null;
  catchingUp = false;
  #left = false;
  #onChange;

  /**
   * @param {string} id
   * @param {string | null} [user] who I am, by id
   * @param {(part: Part) => void} [onChange] told once a frame of each part that changed, or may have
   */
  constructor(id, user = null, onChange = () => {}) {
    this.id = id;
    this.state = new RoomState(id, user);
    this.#onChange = onChange;
  }

  /** @param {string | null} user */
  isOf(user) {
    this.#noting(() => (this.state.user = user));
  }

  /** @param {ReadonlySet<string>} users whom I block */
  block(users) {
    this.#noting(() => (this.state.blocked = users));
  }

  /**
   * From `ready` or REST: settings and counts. Moves no cursor.
   *
   * @param {import("./types.js").RoomResource} room
   */
  listed(room) {
    const isOld = this.cursor !== null && room.head_seq < this.cursor;
    this.#noting(() => this.state.list(room, isOld));
  }

  /**
   * A frame about this room. After `gap` nothing was changed.
   *
   * @param {Frame} frame
   * @returns {Outcome}
   */
  apply(frame) {
    return this.#noting(() => this.#apply(frame));
  }

  /** As before the first frame. Pages of history that were asked for before are not good any more. */
  forget() {
    this.#noting(() => {
      this.cursor = null;
      this.catchingUp = this.#left = false;
      this.state.clear();
    });
  }

  /** Only listed from now on: counts stay, everything else has to be asked for again. */
  unfollow() {
    this.#noting(() => {
      this.cursor = null;
      this.state.timeline.forget();
      this.state.members.start(false);
    });
  }

  /**
   * A message from a reply: of two versions the greater `changed_seq` wins. Moves no cursor.
   *
   * @param {Message} row
   */
  put(row) {
    if (this.cursor !== null) this.#noting(() => this.state.takeRow(row));
  }

  /**
   * A page of history that was asked for in this `generation` of the timeline: how many rows the view gained; null
   * when the timeline began anew since: ask again.
   *
   * @param {import("./timeline.js").Page} page
   * @param {number} generation
   */
  putPage(page, generation) {
    if (generation !== this.state.timeline.generation) return null;
    return this.#noting(() => this.state.takePage(page));
  }

  /**
   * Positions only grow.
   *
   * @param {string} user
   * @param {number} read
   * @param {number} delivered
   */
  receive(user, read, delivered) {
    this.#noting(() => this.state.receive(user, read, delivered));
  }

  /**
   * I read up to `index` again: a mark before it moves behind it, or ends. Whether there was one.
   *
   * @param {number} index
   */
  look(index) {
    return this.#noting(() => this.state.standing.look(index));
  }

  /** The line is down: nobody types, nothing is on its way. */
  cut() {
    this.catchingUp = false;
    this.#noting(() => (this.state.typing = NOBODY));
  }

  /**
   * @param {Frame} frame
   * @returns {Outcome}
   */
  #apply(frame) {
    switch (frame.ev) {
      case "changes":
        return this.#changes(frame);
      case "reload":
        return this.#reload(frame);
      case "message":
      case "member":
      case "room":
        return this.#live(frame);
      default:
        this.#shortLived(frame);
        return "applied";
    }
  }

  /** @param {Frame} frame */
  #shortLived({ ev, users, count, receipts, me, message_count: messageCount }) {
    if (ev === "typing") this.state.typing = { users: users ?? [], count };
    else if (ev === "me" && this.state.me)
      this.state.takeMe(this.state.standing.aside(me), messageCount);
    for (const one of receipts ?? [])
      this.state.receive(one.user, one.read_index, one.delivered_index);
  }

  /**
   * @param {Frame} event
   * @returns {Outcome}
   */
  #live(event) {
    if (this.cursor === null) return this.state.glance(event) ? "left" : "gap";
    if (event.seq <= this.cursor) return "ignored";
    if (event.seq > this.cursor + 1) return "gap";
    this.cursor = event.seq;
    return this.state.take(event, event.seq) ? "left" : "applied";
  }

  /**
   * @param {Frame} frame
   * @returns {Outcome}
   */
  #changes({ from, to, items, more }) {
    if (this.cursor === null) {
      for (const item of items) this.state.glance(item);
      return "gap";
    }
    if (from > this.cursor) {
      this.catchingUp = false;
      return "gap";
    }
    const news = to > this.cursor;
    this.catchingUp = more && (news || this.catchingUp);
    this.cursor = Math.max(this.cursor, to);
    const left = items.map((/** @type {Frame} */ item) => this.state.take(item, to)).includes(true);
    this.#left ||= news && left;
    return this.#left && !more ? "left" : "applied";
  }

  /**
   * @param {Frame} frame
   * @returns {Outcome}
   */
  #reload({ seq, snapshot }) {
    this.catchingUp = this.#left = false;
    this.cursor = seq;
    this.state.start(snapshot, seq);
    return "applied";
  }

  /**
   * Do it, and tell what changed.
   *
   * @template T
   * @param {() => T} work
   * @returns {T}
   */
  #noting(work) {
    const before = this.#stamps();
    const result = work();
    for (const [part, stamps] of this.#stamps().entries()) {
      const known = /** @type {unknown[]} */ (before[part]);
      if (stamps.some((stamp, place) => stamp !== known[place]))
        this.#onChange(/** @type {Part} */ (PARTS[part]));
    }
    return result;
  }

  /** Of each part what changes when it does: all of it is replaced, or counted. */
  #stamps() {
    const { timeline, members, standing, settings, partner, lastMessage, typing, user, blocked } =
      this.state;
    const { messageCount, memberCount, firstIndex } = this.state;
    const followed = this.cursor !== null;
    return [
      [
        timeline.version,
        standing.me,
        settings,
        partner,
        lastMessage,
        messageCount,
        memberCount,
        firstIndex,
        blocked,
      ],
      [timeline.version, followed],
      [members.versions.all],
      [members.versions.receipts],
      [typing, user],
    ];
  }
}

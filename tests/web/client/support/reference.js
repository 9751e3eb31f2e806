/** A server's state in a few lines, kept the plain way; as tests/support/reference.py. */

/** @typedef {Record<string, any>} Frame */

export const ME = "user-1";
export const TIME = "2026-01-01T12:00:00.000000Z";

/** @param {number} number */
export function person(number) {
  return { id: `user-${number}`, number, username: `user${number}` };
}

/** One room. Every change takes one seq and gives the event that says it. `large`: tells no members. */
export class ReferenceRoom {
  head = 0;
  count = 0;
  title = "first";
  settingsSeq = 1;
  first = 1;
  /** @type {Frame} */
  more = {};
  /** @type {Map<number, Frame>} */
  rows = new Map();
  /** @type {Map<string, Frame>} */
  members = new Map();
  /** @type {Map<string, number>} */
  read = new Map();

  /**
   * @param {string} id
   * @param {{ large?: boolean, kind?: string }} [options]
   */
  constructor(id, { large = false, kind = "public" } = {}) {
    this.id = id;
    this.large = large;
    this.kind = kind;
    this.join(1);
  }

  /**
   * @param {number} user
   * @param {string} body
   * @param {Frame} [more] fields of the message
   */
  post(user, body, more = {}) {
    this.head += 1;
    this.count += 1;
    const numbers = { index: this.count, seq: this.head, changed_seq: this.head };
    const row = { id: `${this.id}-${this.head}`, kind: "message", ...numbers };
    const said = { ...row, sender: person(user), body, created_at: TIME, ...more };
    this.rows.set(this.head, said);
    this.read.set(`user-${user}`, this.count);
    return this.#message(said);
  }

  /**
   * Edit, delete, react: the row as it is then.
   *
   * @param {number} index
   * @param {Frame} changes
   */
  change(index, changes) {
    this.head += 1;
    const row = [...this.rows.values()].find((one) => one.index === index);
    /** @type {Frame} */
    const changed = { ...row, changed_seq: this.head, ...changes };
    this.rows.set(changed.seq, changed);
    return this.#message(changed);
  }

  /** @param {number} user */
  join(user) {
    this.head += 1;
    const row = { user: person(user), role: "member", joined_at: TIME, changed_seq: this.head };
    this.members.set(row.user.id, row);
    this.read.set(row.user.id, this.count);
    return this.#member(row, this.#notice("joined", user));
  }

  /** @param {number} user */
  leave(user) {
    const event = this.stand(user, { left_at: TIME });
    return { ...event, message: this.#notice("left", user) };
  }

  /**
   * A role, a mute (undefined: no more), another name: the member's row as it is then.
   *
   * @param {number} user
   * @param {Frame} changes
   */
  stand(user, changes) {
    this.head += 1;
    const row = { ...this.members.get(`user-${user}`), changed_seq: this.head, ...changes };
    const kept = Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined));
    this.members.set(`user-${user}`, kept);
    return this.#member(kept);
  }

  /**
   * Settings beside the title; what is not named is none.
   *
   * @param {Frame} settings
   */
  set(settings) {
    this.head += 1;
    this.settingsSeq = this.head;
    this.more = settings;
    return this.#said({ ev: "room", seq: this.head, settings: this.settings() });
  }

  /** @param {number} first */
  trim(first) {
    this.first = first;
    return this.set(this.more);
  }

  /** @param {string} title */
  rename(title) {
    this.title = title;
    return this.set(this.more);
  }

  get present() {
    return [...this.members.values()].filter((member) => !member.left_at);
  }

  /** @returns {any} */
  settings() {
    return {
      ...{ id: this.id, number: 1, kind: this.kind, name: "room", title: this.title },
      ...{ description: "", member_count: this.present.length, message_count: this.count },
      ...{ first_index: this.first, head_seq: this.head, changed_seq: this.settingsSeq },
      ...{ created_at: TIME, archived: false, slow_mode: 0, ...this.more },
    };
  }

  /**
   * The room in `ready`.
   *
   * @returns {any}
   */
  listed() {
    const last = [...this.rows.values()].find((row) => row.index === this.count);
    const room = { ...this.settings(), ...(last ? { last_message: last } : {}) };
    const mine = this.members.get(ME);
    return structuredClone(mine && !mine.left_at ? { ...room, me: this.me() } : room);
  }

  /** @param {Frame} [changes] */
  me(changes = {}) {
    const read = this.read.get(ME) ?? 0;
    const positions = { read_index: read, delivered_index: read, unread: this.count - read };
    const quiet = { joined_at: TIME, notify: "all", hidden: false };
    return { role: "member", mentions: 0, ...positions, ...quiet, ...changes };
  }

  /**
   * The news of how I stand.
   *
   * @param {Frame} [changes]
   */
  standing(changes = {}) {
    return this.#said({ ev: "me", message_count: this.count, me: this.me(changes) });
  }

  /** @param {number} [page] */
  reload(page = 4) {
    const messages = [...this.rows.keys()].sort((a, b) => a - b).map((seq) => this.rows.get(seq));
    const snapshot = { room: this.listed(), messages: messages.slice(-page) };
    const positions = (/** @type {Frame} */ member) => {
      const read = this.read.get(member.user.id);
      return { ...member, read_index: read, delivered_index: read };
    };
    const members = this.large ? {} : { members: this.present.map(positions) };
    return this.#said({ ev: "reload", seq: this.head, snapshot: { ...snapshot, ...members } });
  }

  /**
   * Everything that changed since `seq`.
   *
   * @param {number} seq
   */
  changes(seq) {
    const rows = [...this.rows.values()].map((row) => this.#message(row));
    const members = [...this.members.values()].map((row) => this.#member(row));
    const room = { ev: "room", room: this.id, seq: this.settingsSeq, settings: this.settings() };
    const items = [...rows, ...members, room].filter((item) => item.seq > seq);
    items.sort((one, other) => one.seq - other.seq);
    return this.#said({ ev: "changes", from: seq, to: this.head, items, more: false });
  }

  /**
   * @param {number} before
   * @param {number} limit
   */
  history(before, limit) {
    const first = Math.max(1, before - limit);
    const rows = [...this.rows.values()].filter(({ index, after }) =>
      index === null
        ? after >= (first > 1 ? first : 0) && after < before
        : index >= first && index < before,
    );
    return {
      rows: structuredClone(rows.sort((a, b) => a.seq - b.seq)),
      upto: before,
      more: first > 1,
    };
  }

  /**
   * @param {string} type
   * @param {number} user
   * @returns {Frame}
   */
  #notice(type, user) {
    const numbers = { index: null, seq: this.head, changed_seq: this.head, after: this.count };
    const notice = { type, users: [person(user)] };
    /** @type {Frame} */
    const row = { id: `${this.id}-${this.head}`, kind: "notice", ...numbers, notice };
    const said = { ...row, sender: null, body: null, created_at: TIME };
    this.rows.set(this.head, said);
    return said;
  }

  /** @param {Frame} row */
  #message(row) {
    return this.#said({ ev: "message", seq: row.changed_seq, message: row });
  }

  /**
   * @param {Frame} row
   * @param {Frame} [notice]
   */
  #member(row, notice) {
    const event = { ev: "member", seq: row.changed_seq, members: [row] };
    const counted = { ...event, member_count: this.present.length };
    return this.#said(notice ? { ...counted, message: notice } : counted);
  }

  /**
   * @param {Frame} frame
   * @returns {any}
   */
  #said(frame) {
    return structuredClone({ room: this.id, ...frame });
  }
}

/**
 * @param {ReferenceRoom[]} rooms
 * @param {Frame} [more]
 */
export function ready(rooms, more = {}) {
  return {
    ...{ ev: "ready", user: person(1), epoch: "epoch-1", boot: "boot-1", expires_in: 900 },
    heartbeat: { interval: 25, timeout: 50 },
    rooms: rooms.map((room) => room.listed()).filter((room) => room.me),
    ...{ more: false, presence: [], blocked: [], ...more },
  };
}

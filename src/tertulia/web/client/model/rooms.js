import { PARTS, RoomModel } from "./room.js";

/** @typedef {import("./types.js").Part} Part */

/** Of how many rooms something can be said in a hello. */
export const MAX_CURSORS = 2_000;

/** The rooms that are here, and those that somebody wants or that are gone. */
export class Rooms {
  /** @type {Map<string, RoomModel>} */
  all = new Map();
  /** @type {Set<string>} */
  wanted = new Set();
  /** Were here, or wanted, and are not there for me. @type {Set<string>} */
  gone = new Set();
  /** @type {string | null} */
  #user = null;
  /** @type {ReadonlySet<string>} */
  #blocked = new Set();
  #onChange;

  /** @param {(part: Part, room: string) => void} onChange */
  constructor(onChange) {
    this.#onChange = onChange;
  }

  /**
   * The room, which is made if it is new.
   *
   * @param {string} id
   */
  known(id) {
    const known = this.all.get(id);
    if (known) return known;
    const room = new RoomModel(id, this.#user, (part) => this.#onChange(part, id));
    room.block(this.#blocked);
    this.gone.delete(id);
    this.all.set(id, room);
    this.#tellAll(id);
    return room;
  }

  /** Room → up to where everything is here. @returns {Record<string, number>} */
  cursors() {
    const followed = [...this.all.values()].filter((room) => room.cursor !== null);
    return toObject(followed.map((room) => [room.id, room.cursor ?? 0]));
  }

  /** Room → up to where I have read. @returns {Record<string, number>} */
  positions() {
    const mine = [...this.all.values()].filter((room) => room.state.me);
    return toObject(mine.map((room) => [room.id, room.state.me?.read_index ?? 0]));
  }

  /** @param {string} id */
  want(id) {
    this.wanted.add(id);
    if (this.gone.delete(id)) this.#onChange("messages", id);
  }

  /**
   * Not followed any more, and not listed.
   *
   * @param {string} id
   */
  forget(id) {
    this.wanted.delete(id);
    this.all.delete(id);
    this.#tellAll(id);
  }

  /**
   * It is not there for me any more.
   *
   * @param {string} id
   */
  lose(id) {
    this.gone.add(id);
    this.forget(id);
  }

  /**
   * A new connection, of this user. Numbers of another history must not be compared.
   *
   * @param {string} user
   * @param {boolean} another
   */
  begin(user, another) {
    this.#user = user;
    for (const room of this.all.values()) {
      const resumed = room.cursor !== null;
      room.isOf(user);
      if (another || !resumed) room.forget();
      room.catchingUp = resumed; // its changes, reload or gone come next, unasked
    }
  }

  /**
   * All that are listed; others only if something is known or wanted of them.
   *
   * @param {ReadonlySet<string>} listed
   */
  keep(listed) {
    for (const room of [...this.all.values()]) {
      if (room.catchingUp || listed.has(room.id) || this.wanted.has(room.id)) continue;
      this.all.delete(room.id);
      this.#tellAll(room.id);
    }
  }

  /** @param {ReadonlySet<string>} users all whom I block: their @room does not count for me */
  block(users) {
    this.#blocked = users;
    for (const room of this.all.values()) room.block(users);
  }

  /** @param {string} id */
  #tellAll(id) {
    for (const part of PARTS) this.#onChange(part, id);
  }
}

/** @param {[string, number][]} entries */
function toObject(entries) {
  return Object.fromEntries(entries.slice(0, MAX_CURSORS));
}

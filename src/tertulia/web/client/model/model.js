/** What a client knows: all its rooms, and who is there. Frames in, state out, and what to say next. */

import { Rooms } from "./rooms.js";
import { itemsOf, step } from "./step.js";

/** @typedef {import("./types.js").Frame} Frame */
/** @typedef {import("./types.js").Part} Part */
/** @typedef {import("./room.js").RoomModel} RoomModel */
/** @typedef {import("./step.js").Need} Need */
/** @typedef {import("./step.js").Step} Step */
/** @typedef {import("./types.js").RoomResource} RoomResource */

/**
 * What changed: a part of a room, or, without one, who I am, whom I block, who is there.
 *
 * @typedef {(part: Part | "user" | "presence" | "blocked", room?: string) => void} OnChange
 */

/**
 * All rooms of one user. Feed it every frame of every connection, in order; `cut` between connections.
 */
export class Model {
  /** @type {import("./types.js").User | null} */
  user = null;
  /** @type {string | null} */
  epoch = null;
  /** @type {string | null} */
  boot = null;
  /** @type {Map<string, "online" | "away">} */
  presence = new Map();
  /** @type {ReadonlySet<string>} */
  blocked = new Set();
  /** @type {Set<string>} */
  #leftRooms = new Set();
  #follow;
  #rooms;
  #onChange;

  /**
   * @param {{ follow?: boolean, onChange?: OnChange }} [options] `follow`: ask for a snapshot of every room of the
   *   list, so that nothing is missed in any of them; otherwise rooms are only listed (counts, last message) until
   *   `open`
   */
  constructor({ follow = false, onChange = () => {} } = {}) {
    this.#follow = follow;
    this.#onChange = onChange;
    this.#rooms = new Rooms(onChange);
  }

  /** By id. */
  get rooms() {
    return this.#rooms.all;
  }

  /** Rooms that are to be followed, by id. @type {ReadonlySet<string>} */
  get wanted() {
    return this.#rooms.wanted;
  }

  /** Rooms that were here, or wanted, and are not there for me, by id. @type {ReadonlySet<string>} */
  get gone() {
    return this.#rooms.gone;
  }

  // For hello.

  /** Room → cursor. */
  resume() {
    return this.#rooms.cursors();
  }

  /** Room → how far I have read; the server may have forgotten the last second of it. */
  positions() {
    return this.#rooms.positions();
  }

  // Frames.

  /**
   * Any event; unknown ones are left out, so that a newer server does not break an older client.
   *
   * @param {Frame} frame
   * @returns {Step}
   */
  apply(frame) {
    switch (frame.ev) {
      case "ready":
        return this.#ready(frame);
      case "presence":
        this.#see(frame.users);
        return step([frame]);
      case "blocked":
        this.#block(frame.users);
        return step([frame]);
      default:
        return ROOM_EVENTS.has(frame.ev) ? this.#room(frame) : step();
    }
  }

  /** The line is down: what is short-lived is forgotten, everything durable stays. */
  cut() {
    this.presence.clear();
    this.#onChange("presence");
    this.#leftRooms.clear();
    for (const room of this.rooms.values()) room.cut();
  }

  /**
   * Follow this room from now on: if it does not come by itself (join, create), the next `ready` asks for it.
   *
   * @param {string} id
   */
  want(id) {
    this.#rooms.want(id);
    this.#leftRooms.delete(id);
  }

  /**
   * What to say so that this room is followed; nothing when it is, or is about to be.
   *
   * @param {string} id
   * @returns {Need[]}
   */
  open(id) {
    this.want(id);
    const room = this.#rooms.known(id);
    return room.cursor === null ? this.#catchUp(room) : [];
  }

  /**
   * What to say so that this room is not followed any more. One of mine stays in the list.
   *
   * @param {string} id
   * @returns {Need[]}
   */
  close(id) {
    const room = this.rooms.get(id);
    this.#rooms.wanted.delete(id);
    if (!room) return [];
    if (room.state.me) {
      room.unfollow();
      return [];
    }
    this.forget(id);
    this.#leftRooms.add(id);
    return [{ cmd: "unsubscribe", room: id, seq: null }];
  }

  /**
   * The server refused to catch this room up; the next event of it tries again.
   *
   * @param {string} id
   */
  giveUp(id) {
    this.#rooms.wanted.delete(id);
    const room = this.rooms.get(id);
    if (room) room.catchingUp = false;
  }

  /**
   * The room is not followed any more, and not listed.
   *
   * @param {string} id
   */
  forget(id) {
    this.#rooms.forget(id);
  }

  /**
   * My rooms as REST has them; moves no cursor.
   *
   * @param {readonly RoomResource[]} rooms
   * @returns {Need[]}
   */
  listed(rooms) {
    const needs = [];
    for (const resource of rooms) {
      const room = this.#rooms.known(resource.id);
      room.listed(resource);
      const isWanted = this.#follow || this.wanted.has(room.id);
      if (room.cursor === null && isWanted) needs.push(...this.#catchUp(room));
    }
    return needs;
  }

  /**
   * @param {Frame} frame
   * @returns {Step}
   */
  #ready(frame) {
    const another = this.epoch !== null && this.epoch !== frame.epoch;
    this.user = frame.user;
    this.epoch = frame.epoch;
    this.boot = frame.boot;
    this.#onChange("user");
    this.#block(frame.blocked ?? []);
    this.presence.clear();
    this.#see(frame.presence);
    this.#rooms.begin(frame.user.id, another);
    const listed = new Set(frame.rooms.map((/** @type {RoomResource} */ room) => room.id));
    if (!frame.more) this.#rooms.keep(listed);
    const needs = this.listed(frame.rooms);
    for (const id of this.wanted) {
      if (!listed.has(id)) needs.push(...this.open(id));
    }
    return step([frame], needs);
  }

  /**
   * @param {Frame} frame
   * @returns {Step}
   */
  #room(frame) {
    const { room: id, ev } = frame;
    if (ev === "reload") this.#leftRooms.delete(id);
    if (this.#leftRooms.has(id)) return step(); // came before the server heard our `unsubscribe`
    if (!this.rooms.has(id) && SHORT_LIVED.has(ev)) return step();
    if (ev === "gone") {
      this.#rooms.lose(id);
      return step([frame]);
    }
    return this.#applied(this.#rooms.known(id), frame);
  }

  /**
   * @param {RoomModel} room
   * @param {Frame} frame
   * @returns {Step}
   */
  #applied(room, frame) {
    const outcome = room.apply(frame);
    if (outcome === "applied") return step(itemsOf(frame));
    if (outcome === "left") return this.#left(room.id, frame);
    if (outcome === "ignored") return step();
    return this.#isToFollow(room) ? step([], this.#catchUp(room)) : step(itemsOf(frame));
  }

  /**
   * A room that no list has told of is followed, too: nothing else would tell how I stand there.
   *
   * @param {RoomModel} room
   */
  #isToFollow(room) {
    const isKnown = room.cursor === null && room.state.me !== null;
    return !isKnown || this.#follow || this.wanted.has(room.id);
  }

  /**
   * @param {string} id
   * @param {Frame} frame
   * @returns {Step}
   */
  #left(id, frame) {
    this.#rooms.lose(id);
    if (frame.ev !== "changes") return step([frame]);
    this.#leftRooms.add(id); // after a resume the server goes on with a public room
    return step(frame.items, [{ cmd: "unsubscribe", room: id, seq: null }]);
  }

  /**
   * @param {RoomModel} room
   * @returns {Need[]}
   */
  #catchUp(room) {
    if (room.catchingUp) return [];
    room.catchingUp = true;
    return [{ cmd: "subscribe", room: room.id, seq: room.cursor }];
  }

  /** @param {readonly string[]} users all whom I block: their @room does not count for me */
  #block(users) {
    this.blocked = new Set(users);
    this.#onChange("blocked");
    this.#rooms.block(this.blocked);
  }

  /** @param {readonly { user: string, status: import("./types.js").Presence }[]} users */
  #see(users) {
    for (const { user, status } of users) {
      if (status === "offline") this.presence.delete(user);
      else this.presence.set(user, status);
    }
    this.#onChange("presence");
  }
}

const SHORT_LIVED = new Set(["receipt", "typing", "me"]);
const ROOM_EVENTS = new Set([
  ...SHORT_LIVED,
  "message",
  "member",
  "room",
  "changes",
  "reload",
  "gone",
]);

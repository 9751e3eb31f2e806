import { OutboxFull } from "../net/errors.js";

/** @typedef {import("./pending.js").Pending} Pending */

export const LIMIT = 1_000;

/** So many more may wait for a decision: those for which there was no room. */
const SPARE = 100;

/**
 * Holds posts in order until they are answered, at most `limit` of all rooms together; those that were refused, too,
 * until they are retried or discarded.
 *
 * A room's posts are sent one after the other, so that their order holds even when one has to be repeated.
 */
export class Outbox {
  #limit;
  #onChange;
  /** @type {Map<string, Pending[]>} */
  #rooms = new Map();
  #size = 0;

  /** @param {{ limit?: number, onChange?: (room: string) => void }} [parts] */
  constructor({ limit = LIMIT, onChange = () => {} } = {}) {
    this.#limit = limit;
    this.#onChange = onChange;
  }

  get size() {
    return this.#size;
  }

  /** How many more it takes; less than 0 when it has some that failed because it takes no more. */
  get space() {
    return this.#limit - this.#size;
  }

  /** Why it takes no more. */
  get full() {
    return new OutboxFull(
      `${this.#limit} posts wait for an answer. Try again when some of them are sent.`,
    );
  }

  /**
   * @param {Pending} post one that failed is taken beyond the limit, within bounds
   * @throws {OutboxFull}
   */
  add(post) {
    const space = post.state === "failed" ? this.space + SPARE : this.space;
    if (space <= 0) throw this.full;
    this.#size += 1;
    this.#place(post);
  }

  /**
   * The post of this room that is next, or on its way.
   *
   * @param {string} room
   */
  first(room) {
    return this.#posts(room).find((post) => post.state === "pending") ?? null;
  }

  /**
   * All posts of a room, in order; failed ones, too.
   *
   * @param {string} room
   * @returns {Pending[]}
   */
  of(room) {
    return [...this.#posts(room)];
  }

  /** Rooms with posts. */
  rooms() {
    return [...this.#rooms.keys()];
  }

  /** @returns {Pending[]} of all rooms */
  all() {
    return [...this.#rooms.values()].flat();
  }

  /**
   * @param {string} clientId
   * @returns {Pending | null}
   */
  find(clientId) {
    return this.all().find((post) => post.clientId === clientId) ?? null;
  }

  /** @param {Pending} post */
  has(post) {
    return this.#posts(post.room).includes(post);
  }

  /**
   * It is on the server's disk. False if that was known.
   *
   * @param {Pending} post
   * @param {import("./pending.js").Message} message
   */
  stored(post, message) {
    const removed = this.remove(post);
    if (removed) post.stored(message);
    return removed;
  }

  /**
   * It cannot be sent. It stays until somebody decides.
   *
   * @param {Pending} post
   * @param {import("../net/errors.js").TertuliaError} error
   */
  refused(post, error) {
    if (!this.has(post)) return false;
    post.refused(error);
    this.#onChange(post.room);
    return true;
  }

  /**
   * Send a refused one again, behind the others.
   *
   * @param {Pending} post
   * @param {number} order
   */
  again(post, order) {
    if (!this.#take(post)) return;
    post.again(order);
    this.#place(post);
  }

  /**
   * A message of mine came by: if it is one of these posts, that one is stored.
   *
   * @param {string} room
   * @param {import("./pending.js").Message} message
   * @returns {Pending | null}
   */
  seen(room, message) {
    const mine = (/** @type {Pending} */ post) => post.clientId === message.client_id;
    const post = this.#posts(room).find(mine) ?? null;
    if (post) this.stored(post, message);
    return post;
  }

  /**
   * @param {Pending} post
   * @returns {boolean} whether it was there
   */
  remove(post) {
    if (!this.#take(post)) return false;
    this.#size -= 1;
    this.#onChange(post.room);
    return true;
  }

  /** @param {string} room */
  #posts(room) {
    return this.#rooms.get(room) ?? [];
  }

  /** @param {Pending} post */
  #place(post) {
    const posts = this.of(post.room);
    const later = posts.findIndex((one) => one.order > post.order);
    posts.splice(later < 0 ? posts.length : later, 0, post);
    this.#rooms.set(post.room, posts);
    this.#onChange(post.room);
  }

  /** @param {Pending} post */
  #take(post) {
    const posts = this.#posts(post.room);
    const left = posts.filter((one) => one !== post);
    if (left.length === posts.length) return false;
    if (left.length) this.#rooms.set(post.room, left);
    else this.#rooms.delete(post.room);
    return true;
  }
}

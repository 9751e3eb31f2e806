import { AGAIN, ApiError, ConnectionLost, Stopped } from "../net/errors.js";
import { Keeping } from "./keeping.js";
import { Pending } from "./pending.js";
import { randomKey } from "./keys.js";

/** @typedef {import("./pending.js").Message} Message */

/** Seconds between two tries of a post that the server wants to have later. */
export const LONGEST_WAIT = 30;

/**
 * Sends what stands in the outbox: one post of a room at a time, the rooms beside each other.
 *
 * A post whose answer did not come, or that the server wants to have later, is sent again with the same `client_id`; it
 * ends with `onStored` or, when the server refuses it for good, with `onRefused`: then it waits for `retry` or
 * `discard`. Nothing is sent before `enter` said whose posts these are; from then on they outlive the page.
 */
export class Posting {
  #outbox;
  #link;
  #clock;
  #keeping;
  #onStored;
  #onRefused;
  #lanes = new Set();
  /** @type {string | null} */
  #user = null;
  #begun = false;
  #order = 0;

  /**
   * @param {object} parts
   * @param {import("./outbox.js").Outbox} parts.outbox
   * @param {import("../net/link.js").Link} parts.link
   * @param {import("../net/types.js").Clock} parts.clock
   * @param {import("../net/address.js").Address} parts.address
   * @param {string | null} [parts.storage] name of the IndexedDB database; null: nothing is kept
   * @param {IDBFactory | null} [parts.indexedDB]
   * @param {import("../net/types.js").Locks | null} [parts.locks]
   * @param {import("../net/types.js").ChannelMaker | null} [parts.BroadcastChannel]
   * @param {(post: Pending, message: Message) => void} [parts.onStored]
   * @param {(post: Pending, error: ApiError) => void} [parts.onRefused]
   */
  constructor({ outbox, link, clock, address, onStored, onRefused, ...parts }) {
    const { storage = null, indexedDB = null, locks = null, BroadcastChannel = null } = parts;
    this.#outbox = outbox;
    this.#link = link;
    this.#clock = clock;
    this.#onStored = onStored ?? (() => {});
    this.#onRefused = onRefused ?? (() => {});
    const space = () => outbox.space;
    const onFound = (/** @type {import("./pending.js").Kept[]} */ posts) => this.#found(posts);
    const kept = { url: address.url, storage, indexedDB, clock, locks, BroadcastChannel };
    this.#keeping = new Keeping({ ...kept, tab: randomKey(), space, onFound });
  }

  /**
   * Put a post on its way; or, when nothing more can be sent, where it waits for `retry` or `discard`.
   *
   * @param {string} room
   * @param {string} body
   * @param {number | null} [replyTo] index of a message
   * @returns {Pending}
   * @throws {import("../net/errors.js").OutboxFull} too many wait for `retry` or `discard`, too
   */
  post(room, body, replyTo = null) {
    const createdAt = new Date(this.#clock.now()).toISOString();
    const names = { clientId: randomKey(), order: this.#next(), createdAt };
    const error = this.#hindrance(1);
    const post = new Pending({ room, body, replyTo, ...names, error });
    this.#outbox.add(post);
    if (this.#user !== null) this.#keeping.keep(post);
    this.#go(room);
    return post;
  }

  /**
   * Send a failed post again, as it is, behind the others of its room; it fails again while nothing can be sent.
   *
   * @param {string} clientId
   * @returns {Pending | null}
   */
  retry(clientId) {
    const post = this.#outbox.find(clientId);
    if (post?.state !== "failed") return null;
    const error = this.#hindrance(0);
    if (error) this.#outbox.refused(post, error);
    else this.#outbox.again(post, this.#next());
    if (this.#user !== null) this.#keeping.change(post);
    this.#go(post.room);
    return post;
  }

  /**
   * Give a post up: a refused one, or one that was never sent.
   *
   * @param {string} clientId
   * @returns {boolean} whether it could be
   */
  discard(clientId) {
    const post = this.#outbox.find(clientId);
    if (!post || (post.state === "pending" && post.attempts > 0)) return false;
    this.#outbox.remove(post);
    post.left(new Stopped("The post was discarded."));
    this.#keeping.drop(post);
    return true;
  }

  /**
   * A message of mine came by: if it is one of these posts, it is stored, even if its answer was lost.
   *
   * @param {string} room
   * @param {Message} message
   * @returns {Pending | null}
   */
  seen(room, message) {
    const post = this.#outbox.seen(room, message);
    if (post) this.#done(post, message);
    return post;
  }

  /**
   * The line is up, for this user: posts go out now, the kept ones of closed tabs before those of this one.
   *
   * @param {string} user
   */
  async enter(user) {
    if (this.#user === null) await this.#begin(user);
    else if (this.#user === user) await this.#keeping.look().catch(() => {});
  }

  /**
   * The client ended: who waits for an answer gets `error`. What is kept is sent by the next client of this user.
   *
   * @param {Error} error
   */
  async end(error) {
    for (const post of this.#outbox.all()) post.left(error);
    await this.#keeping.close();
  }

  /** Take away what is kept of this user, before `enter` of all users here; what is on its way stays on its way. */
  async forget() {
    await this.#keeping.forget();
  }

  /**
   * Why nothing can be sent, or `more` posts are too many.
   *
   * @param {number} more
   */
  #hindrance(more) {
    return this.#link.error ?? (this.#outbox.space < more ? this.#outbox.full : null);
  }

  /** @param {string} user */
  async #begin(user) {
    this.#user = user;
    const entered = this.#keeping.enter(user);
    for (const post of this.#outbox.all()) this.#keeping.keep(post);
    await entered;
    this.#begun = true;
    for (const room of this.#outbox.rooms()) this.#go(room);
  }

  /** @param {import("./pending.js").Kept[]} posts of a tab that is gone */
  #found(posts) {
    for (const kept of posts) {
      const post = Pending.of(kept);
      if (this.#outbox.find(post.clientId) || this.#outbox.space <= 0) continue;
      this.#outbox.add(post);
      this.#go(post.room);
    }
  }

  /** @param {string} room */
  #go(room) {
    if (!this.#begun || this.#lanes.has(room)) return;
    this.#lanes.add(room);
    void this.#lane(room);
  }

  /** @param {string} room */
  async #lane(room) {
    try {
      for (let post = this.#outbox.first(room); post; post = this.#outbox.first(room)) {
        await this.#send(post);
      }
    } catch {
      // the client has ended: what waits is kept
    } finally {
      this.#lanes.delete(room);
    }
  }

  /**
   * @param {Pending} post
   * @throws {Stopped}
   */
  async #send(post) {
    try {
      await this.#link.until(() => this.#link.online);
      if (!this.#outbox.has(post)) return;
      post.attempts += 1;
      const { message } = await this.#link.command("post", post.command);
      if (!message) throw new ApiError("internal", "The server's answer has no message.");
      if (this.#outbox.stored(post, message)) this.#done(post, message);
    } catch (error) {
      await this.#failed(post, error);
    }
  }

  /**
   * @param {Pending} post
   * @param {unknown} error
   */
  async #failed(post, error) {
    if (error instanceof ConnectionLost) return;
    if (!(error instanceof ApiError)) throw error;
    if (AGAIN.has(error.code)) {
      const wait = Math.min(LONGEST_WAIT, 0.2 * 2 ** Math.min(post.attempts, 10));
      await this.#link.sleep(error.retryAfter || wait);
    } else if (this.#outbox.refused(post, error)) {
      this.#keeping.change(post);
      this.#onRefused(post, error);
    }
  }

  /**
   * @param {Pending} post
   * @param {Message} message
   */
  #done(post, message) {
    this.#keeping.drop(post);
    this.#onStored(post, message);
  }

  /** Later than everything so far, also of other tabs and other days. */
  #next() {
    this.#order = Math.max(this.#order + 1, this.#clock.now() * 1000);
    return this.#order;
  }
}

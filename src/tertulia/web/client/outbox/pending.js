import { ApiError, OutboxFull, Stopped } from "../net/errors.js";

/** @typedef {import("../net/errors.js").TertuliaError} TertuliaError */

/**
 * @typedef {Record<string, any>} Message
 *
 * @typedef {object} Row what a room's timeline shows of it
 * @property {string} key the client_id
 * @property {"pending"} kind
 * @property {string} client_id
 * @property {string} body
 * @property {number | null} reply_to
 * @property {"pending" | "failed"} state
 * @property {TertuliaError | null} error why it failed
 * @property {string} created_at
 *
 * @typedef {object} Kept as it stands in the shelf
 * @property {string} client_id
 * @property {string} owner
 * @property {string} tab
 * @property {number} order
 * @property {string} room
 * @property {string} body
 * @property {number | null} reply_to
 * @property {string} created_at
 * @property {Record<string, any> | null} error
 */

/** One post on its way. Its `clientId` never changes, so however often it is sent, it is stored once. */
export class Pending {
  attempts = 0;
  /** @type {TertuliaError | null} */
  #error;
  /** @type {Promise<Message>} */
  #answer;
  /** @type {(message: Message) => void} */
  #resolve = () => {};
  /** @type {(error: Error) => void} */
  #reject = () => {};
  /** @type {Readonly<Row>} */
  #row;

  /**
   * @param {object} post
   * @param {string} post.room
   * @param {string} post.body
   * @param {string} post.clientId
   * @param {number | null} [post.replyTo]
   * @param {number} post.order of two posts of a room, the greater one comes later
   * @param {string} post.createdAt
   * @param {TertuliaError | null} [post.error]
   */
  constructor({ room, body, clientId, replyTo = null, order, createdAt, error = null }) {
    this.room = room;
    this.body = body;
    this.clientId = clientId;
    this.replyTo = replyTo;
    this.order = order;
    this.createdAt = createdAt;
    this.#error = error;
    this.#answer = this.#promise();
    this.#row = this.#shown();
    if (error) this.#reject(error);
  }

  /** @param {Kept} kept */
  static of({ room, body, client_id, reply_to, order, created_at, error }) {
    const why = error && revived(error);
    const post = { room, body, clientId: client_id, replyTo: reply_to, order };
    return new Pending({ ...post, createdAt: created_at, error: why });
  }

  /** @returns {"pending" | "failed"} */
  get state() {
    return this.#error === null ? "pending" : "failed";
  }

  get error() {
    return this.#error;
  }

  /** The same object until it changes. */
  get row() {
    return this.#row;
  }

  /** The fields of the post command. */
  get command() {
    const fields = { room: this.room, body: this.body, client_id: this.clientId };
    return this.replyTo === null ? fields : { ...fields, reply_to: this.replyTo };
  }

  /**
   * @param {string} owner
   * @param {string} tab
   * @returns {Kept}
   */
  kept(owner, tab) {
    const { room, body, order } = this;
    const error = this.#error && plain(this.#error);
    const names = { client_id: this.clientId, reply_to: this.replyTo, created_at: this.createdAt };
    return { ...names, owner, tab, room, body, order, error };
  }

  /**
   * The message as it is stored; throws why it is not. Nobody has to ask.
   *
   * @returns {Promise<Message>}
   */
  answer() {
    return this.#answer;
  }

  /** @param {Message} message */
  stored(message) {
    this.#resolve(message);
  }

  /** @param {TertuliaError} error */
  refused(error) {
    this.#error = error;
    this.#row = this.#shown();
    this.#reject(error);
  }

  /**
   * Nobody knows whether it will be stored.
   *
   * @param {Error} error
   */
  left(error) {
    this.#reject(error);
  }

  /** @param {number} order */
  again(order) {
    this.order = order;
    this.attempts = 0;
    this.#error = null;
    this.#answer = this.#promise();
    this.#row = this.#shown();
  }

  /** @returns {Promise<Message>} */
  #promise() {
    /** @type {Promise<Message>} */
    const answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    answer.catch(() => {});
    return answer;
  }

  /** @returns {Readonly<Row>} */
  #shown() {
    return Object.freeze({
      key: this.clientId,
      kind: "pending",
      client_id: this.clientId,
      body: this.body,
      reply_to: this.replyTo,
      state: this.state,
      error: this.#error,
      created_at: this.createdAt,
    });
  }
}

/**
 * An error as it can be kept.
 *
 * @param {TertuliaError} error
 */
function plain(error) {
  const { code = null, fields = {} } = /** @type {Record<string, any>} */ (error);
  return { name: error.name, code, message: error.message, fields: { ...fields } };
}

/**
 * @param {Record<string, any>} kept
 * @returns {TertuliaError}
 */
function revived(kept) {
  if (kept.name === "Stopped") return new Stopped(kept.message, kept.code);
  return kept.name === "OutboxFull" ? new OutboxFull(kept.message) : ApiError.of(kept);
}

/**
 * @typedef {import("./model/types.js").Message} Message
 * @typedef {import("./model/types.js").RoomResource} RoomResource
 */

/**
 * @template T
 * @typedef {import("./model/listeners.js").Readable<T>} Readable
 */

/** Seconds between two "I type". */
const TYPING_EVERY = 3;

/**
 * A room: its stores, and what can be done in it. Always the same object for the same id, whether I am a member or not.
 *
 * What has to be said to the server waits for the line as long as it takes. Throws `ApiError` when the server refuses,
 * `Stopped` when the client has ended.
 */
export class Room {
  #core;
  #views;
  #typedAt = -Infinity;
  /** @type {Promise<number> | null} */
  #older = null;

  /**
   * @param {string} id
   * @param {import("./core.js").Core} core
   * @param {import("./views.js").Views} views
   */
  constructor(id, core, views) {
    this.id = id;
    this.#core = core;
    this.#views = views;
  }

  // Stores.

  /**
   * Its settings and counts, and how I stand there; null while nothing is known of it.
   *
   * @returns {Readable<import("./model/types.js").RoomSummary | null>}
   */
  get info() {
    return this.#views.info;
  }

  /**
   * Messages and notices, oldest first, and behind them what is not stored yet.
   *
   * @returns {Readable<import("./model/types.js").MessagesView>}
   */
  get messages() {
    return this.#views.messages;
  }

  /**
   * Who types, without me.
   *
   * @returns {Readable<import("./model/types.js").TypingView>}
   */
  get typing() {
    return this.#views.typing;
  }

  /**
   * Who is a member; large rooms do not tell.
   *
   * @returns {Readable<import("./model/types.js").MembersView>}
   */
  get members() {
    return this.#views.members;
  }

  /**
   * How far members have read, by user id.
   *
   * @returns {Readable<Readonly<Record<string, import("./model/types.js").Receipt>>>}
   */
  get receipts() {
    return this.#views.receipts;
  }

  // Looking.

  /**
   * Follow it: resolves when its newest page is here. Open it as often as you like, and close it as often.
   *
   * @returns {Promise<void>}
   * @throws {import("./net/errors.js").ApiError} `not_found`
   */
  async open() {
    const opened = this.#core.following.open(this.id);
    this.#views.messages.changed();
    try {
      await opened;
    } finally {
      this.#views.messages.changed();
    }
  }

  /** Not looked at any more: its counts stay up to date. */
  close() {
    this.#core.following.close(this.id);
  }

  /**
   * The page before what is here; who asks meanwhile gets the same. Nothing (0) when there is nothing older, or 5,000
   * rows are here.
   *
   * @param {number} [limit] messages, up to 100
   * @returns {Promise<number>} how many rows that gave
   */
  older(limit = 50) {
    this.#older ??= this.#page(limit).finally(() => (this.#older = null));
    return this.#older;
  }

  /** @param {number} limit */
  async #page(limit) {
    this.#views.loading(true);
    try {
      return await this.#core.following.older(this.id, limit);
    } finally {
      this.#views.loading(false);
    }
  }

  // Messages.

  /**
   * Put a post on its way. It is a row at once, and outlives cuts and reloads until the server has it or refuses it. When
   * nothing more can be sent (the client has ended, 1,000 posts wait), it is a failed row with the reason.
   *
   * @param {string} body
   * @param {{ reply_to?: number | null }} [more] `reply_to`: the index of a message
   * @returns {{ client_id: string, stored: Promise<Message> }} `stored` rejects when it fails; nobody has to look
   * @throws {TypeError} `body` is no string, `reply_to` no integer
   * @throws {import("./net/errors.js").OutboxFull} 100 failed rows wait beside the 1,000 posts
   */
  send(body, { reply_to: replyTo = null } = {}) {
    if (typeof body !== "string") throw new TypeError("send: the text is a string.");
    if (replyTo !== null && !Number.isInteger(replyTo)) {
      throw new TypeError("send: reply_to is the index of a message.");
    }
    this.#typedAt = -Infinity;
    const post = this.#core.posting.post(this.id, body, replyTo);
    return { client_id: post.clientId, stored: /** @type {Promise<Message>} */ (post.answer()) };
  }

  /**
   * Send a failed post again.
   *
   * @param {string} clientId
   */
  retry(clientId) {
    this.#core.posting.retry(clientId);
  }

  /**
   * Take a post away that failed, or was never sent.
   *
   * @param {string} clientId
   * @returns {boolean} whether it could be
   */
  discard(clientId) {
    return this.#core.posting.discard(clientId);
  }

  /**
   * @param {number} index
   * @param {string} body
   */
  edit(index, body) {
    return this.#change("edit", { index, body });
  }

  /**
   * Delete a message: a tombstone stays.
   *
   * @param {number} index
   */
  remove(index) {
    return this.#change("delete", { index });
  }

  /**
   * @param {number} index
   * @param {string} emoji
   * @param {boolean} [on]
   */
  react(index, emoji, on = true) {
    return this.#change("react", { index, emoji, on });
  }

  /**
   * @param {number} index
   * @param {boolean} [on]
   */
  pin(index, on = true) {
    return this.#change("pin", { index, on });
  }

  /**
   * @param {string} cmd
   * @param {Record<string, unknown>} fields
   * @returns {Promise<Message>} as it is then
   */
  async #change(cmd, fields) {
    const { message } = await this.#ask(cmd, fields);
    this.#core.model.rooms.get(this.id)?.put(message);
    return message;
  }

  // Me in it.

  /**
   * I have read up to `index`. The stores have it at once, the server a moment later.
   *
   * @param {number} index
   */
  read(index) {
    const room = this.#core.model.rooms.get(this.id);
    if (room) this.#core.positions.read(room, index);
  }

  /**
   * From this message on, until I `read` it again or post; null: not any more.
   *
   * @param {number | null} index
   */
  async markUnread(index) {
    await this.#core.positions.sayNow(this.id);
    await this.#ask("me", { unread_from: index });
  }

  /**
   * What is my own affair; what is absent stays. `hidden`: until a message comes.
   *
   * @param {{ notify?: import("./model/types.js").Notify, hidden?: boolean }} fields
   */
  async set({ notify, hidden }) {
    const fields = {
      ...(notify === undefined ? {} : { notify }),
      ...(hidden === undefined ? {} : { hidden }),
    };
    await this.#ask("me", fields);
  }

  /**
   * I type: call it as often as you like. Left out while there is no line.
   *
   * @param {boolean} [on]
   */
  typingNow(on = true) {
    const now = this.#core.clock.now();
    const isFresh = now - this.#typedAt < TYPING_EVERY * 1000;
    if (on ? isFresh : this.#typedAt === -Infinity) return;
    this.#typedAt = on ? now : -Infinity;
    this.#core.link.say("typing", { room: this.id, on });
  }

  /** Become a member of a public room. */
  async join() {
    await this.#core.following.enter(this.id, async () => (await this.#ask("join")).room);
  }

  /** Resolves when it is seen here, too. Who is brought back meanwhile has left as well. */
  async leave() {
    const before = this.#joinedAt;
    await this.#ask("leave");
    await this.#core.link.until(() => this.#joinedAt === null || this.#joinedAt !== before);
  }

  get #joinedAt() {
    return this.#core.model.rooms.get(this.id)?.state.me?.joined_at ?? null;
  }

  /**
   * @param {{ name?: string, title?: string, description?: string, metadata?: Record<string, unknown>,
   *   archived?: boolean, slow_mode?: number, retention_days?: number }} fields what is absent stays
   * @returns {Promise<RoomResource>}
   */
  async change(fields) {
    return (await this.#ask("change", fields)).room;
  }

  /**
   * @param {string} cmd
   * @param {Record<string, unknown>} [fields]
   */
  #ask(cmd, fields = {}) {
    return this.#core.link.ask(cmd, { room: this.id, ...fields });
  }
}

import { Core } from "./core.js";
import { Listing, unreadOf } from "./model/listing.js";
import { Store } from "./model/store.js";
import { View } from "./model/view.js";
import { Room } from "./room.js";
import { Views } from "./views.js";

/**
 * @template T
 * @typedef {import("./model/listeners.js").Readable<T>} Readable
 */

/**
 * @typedef {import("./model/types.js").RoomSummary} RoomSummary
 * @typedef {import("./model/types.js").User} User
 *
 * @typedef {{ rooms: number, messages: number, mentions: number }} Unread
 *
 * @typedef {object} Connection
 * @property {"online" | "connecting" | "offline"} state
 * @property {number | null} retryAt when it tries again, in milliseconds since 1970
 * @property {import("./net/errors.js").TertuliaError | null} error it has ended for good
 *
 * @typedef {object} ClientOptions
 * @property {string} [url] of the server; this page's origin, if it is not given
 * @property {import("./net/tokens.js").GetToken} getToken gives an access token; it is asked again when 80 % of its
 *   life is over, and when the server did not take it (`refused`)
 * @property {boolean} [follow] keep every room of mine in full; otherwise (false) only those that are opened, the
 *   others with their counts
 * @property {string | null} [storage] name of the IndexedDB database in which posts wait; null: in memory only
 *
 * @typedef {ClientOptions & Partial<import("./net/platform.js").Platform>} Options what is given of the platform is
 *   used instead of the browser's own
 */

/**
 * A user of a Tertulia server, for as long as the page lives. It comes back by itself after every cut; meanwhile posts
 * wait, and rooms are caught up, so that nothing is missed or doubled.
 */
export class Client {
  #connection = new Store(
    /** @type {Connection} */ ({ state: "offline", retryAt: null, error: null }),
  );
  #user = new Store(/** @type {User | null} */ (null));
  #listing = new Listing();
  #rooms = new View(() => this.#listed());
  #unread = new View(() => unreadOf(this.#rooms.getSnapshot()));
  #presence = new View(() => Object.fromEntries(this.#core.model.presence));
  #blocked = new View(() => [...this.#core.model.blocked]);
  /** @type {Map<string, Views>} */
  #views = new Map();
  /** @type {Map<string, Room>} */
  #handles = new Map();
  #started = false;
  #core;

  /** @param {Options} options */
  constructor(options) {
    const onState = () => this.#stateChanged();
    this.#core = new Core(options, (part, room) => this.#changed(part, room), onState);
  }

  // Stores.

  /** Whether the line is up. @returns {Readable<Connection>} */
  get connection() {
    return this.#connection;
  }

  /** Who I am, once the server has said so. @returns {Readable<User | null>} */
  get user() {
    return this.#user;
  }

  /** My rooms, last active first; hidden and archived ones are left out. @returns {Readable<readonly RoomSummary[]>} */
  get rooms() {
    return this.#rooms;
  }

  /** How much is unread in all of them. @returns {Readable<Unread>} */
  get unread() {
    return this.#unread;
  }

  /** Who is there, by user id; who is not named is offline. @returns {Readable<Readonly<Record<string, "online" | "away">>>} */
  get presence() {
    return this.#presence;
  }

  /** Ids of those whom I block: what they write still comes; hide it. @returns {Readable<readonly string[]>} */
  get blocked() {
    return this.#blocked;
  }

  /** API v1 by HTTP: `rest.ask(method, path, body)` for everything that has no method here. */
  get rest() {
    return this.#core.rest;
  }

  // Life.

  /** Connect, and stay connected. */
  start() {
    if (this.#started) return;
    this.#started = true;
    this.#core.run();
  }

  /** Do not wait for the next try: for a button beside "connection lost". As soon as the server lets one. */
  tryNow() {
    this.#core.link.tryNow();
  }

  /**
   * Resolves when the rooms are here, and those that are followed up to date.
   *
   * @throws {Stopped}
   */
  async ready() {
    const { rooms } = this.#core.model;
    const isReady = () =>
      this.#core.link.online && ![...rooms.values()].some((room) => room.catchingUp);
    await this.#core.link.until(isReady);
  }

  /** End for good. Posts that wait are kept for the next client of this user. */
  async close() {
    await this.#core.close();
  }

  /**
   * Take away the posts of this user that are kept in this browser: for who signs out on a foreign machine. Before the
   * server said who this is, those of all users of this server.
   */
  async forget() {
    await this.#core.posting.forget();
  }

  // Rooms and people.

  /**
   * @param {string} id
   * @returns {Room} always the same object
   */
  room(id) {
    const known = this.#handles.get(id);
    if (known) return known;
    const room = new Room(id, this.#core, this.#look(id));
    this.#handles.set(id, room);
    return room;
  }

  /**
   * Become a member of a public room.
   *
   * @param {string} id
   * @returns {Promise<Room>} followed, as if it had been opened and closed
   */
  async join(id) {
    const room = this.room(id);
    await room.join();
    return room;
  }

  /**
   * @param {{ kind?: "public" | "private", name?: string | null, title?: string, description?: string,
   *   metadata?: Record<string, unknown> }} fields a public room needs a `name`, a private one a `name` or a `title`
   * @returns {Promise<Room>}
   */
  async createRoom({ kind = "public", ...fields }) {
    return this.#entered(await this.#core.rest.create({ kind, ...fields }));
  }

  /**
   * The direct room with a user: there is one for each two people.
   *
   * @param {string} user an id
   * @returns {Promise<Room>}
   */
  async direct(user) {
    return this.#entered(await this.#core.rest.direct(user));
  }

  /**
   * A page of the public rooms.
   *
   * @param {{ q?: string, cursor?: string | null }} [query]
   * @returns {Promise<{ items: import("./model/types.js").RoomResource[], next: string | null }>}
   */
  directory(query) {
    return /** @type {Promise<any>} */ (this.#core.rest.directory(query));
  }

  /**
   * A page of people whose name looks like `q`.
   *
   * @param {{ q?: string, cursor?: string | null }} [query]
   * @returns {Promise<{ items: User[], next: string | null }>}
   */
  people(query) {
    return /** @type {Promise<any>} */ (this.#core.rest.users(query));
  }

  /**
   * Hear no more of somebody, or again.
   *
   * @param {string} user an id
   * @param {boolean} [on]
   */
  async block(user, on = true) {
    await this.#core.rest.ask(on ? "PUT" : "DELETE", `me/blocks/${encodeURIComponent(user)}`);
  }

  /**
   * How I am on this device; kept over reconnects.
   *
   * @param {"online" | "away"} status
   */
  setPresence(status) {
    this.#core.setPresence(status);
  }

  // Inside.

  /** @param {any} made a room of mine */
  async #entered(made) {
    await this.#core.following.enter(made.id, async () => made);
    return this.room(made.id);
  }

  #stateChanged() {
    const { state, retryAt, error } = this.#core.link;
    this.#connection.set(Object.freeze({ state, retryAt, error }));
  }

  /** @type {import("./model/model.js").OnChange} */
  #changed(part, room) {
    if (room !== undefined)
      this.#roomChanged(/** @type {import("./model/types.js").Part} */ (part), room);
    else if (part === "user") this.#user.set(this.#core.model.user);
    else if (part === "presence") this.#presence.changed();
    else if (part === "blocked") this.#blocked.changed();
  }

  /**
   * @param {import("./model/types.js").Part} part
   * @param {string} room
   */
  #roomChanged(part, room) {
    this.#views.get(room)?.changed(part);
    if (part !== "info") return;
    this.#rooms.changed();
    this.#unread.changed();
  }

  /** @param {string} room */
  #look(room) {
    const views = this.#views.get(room) ?? new Views(room, this.#core.model, this.#core.outbox);
    this.#views.set(room, views);
    return views;
  }

  /** @returns {readonly RoomSummary[]} */
  #listed() {
    /** @type {Map<string, RoomSummary>} */
    const mine = new Map();
    for (const id of this.#core.model.rooms.keys()) {
      const info = this.#look(id).info.getSnapshot();
      if (info) mine.set(id, info);
    }
    return this.#listing.of(mine);
  }
}

/**
 * A client of a Tertulia server; `start` it.
 *
 * @param {Options} options
 */
export function createClient(options) {
  return new Client(options);
}

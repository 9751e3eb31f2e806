import { ApiError } from "./errors.js";
import { exchange } from "./exchange.js";

/**
 * @typedef {Record<string, any>} Json a resource, with its wire names
 * @typedef {{ items: Json[], next: string | null }} Page `next`: the cursor of the next page
 * @typedef {Record<string, string | number | boolean | null | undefined>} Query what is null, undefined or "" is left out
 */

/**
 * API v1 of one server: what is asked once, by HTTP.
 *
 * Methods throw `ApiError` when the server refuses and `ConnectionLost` when it does not answer within 15 seconds. With
 * `tokens` every call is signed; a token that is not good any more is renewed and the call repeated, once.
 */
export class Rest {
  /** @type {import("./types.js").TokenSource | null} */
  tokens;
  #parts;
  #api;

  /**
   * @param {import("./address.js").Address} address
   * @param {import("./exchange.js").Exchange & { tokens?: import("./types.js").TokenSource | null }} parts
   */
  constructor(address, { fetch, clock, ended, tokens = null }) {
    this.tokens = tokens;
    this.#parts = { fetch, clock, ended };
    this.#api = address.api;
  }

  /**
   * Any call, signed.
   *
   * @param {string} method
   * @param {string} path below `/api/v1/`; parts that you put in go through `encodeURIComponent`
   * @param {Json | null} [body]
   * @param {Query} [query]
   * @returns {Promise<any>} null when the answer has no body
   */
  async ask(method, path, body = null, query = {}) {
    if (this.tokens === null) return this.open(method, path, body, query);
    const token = await this.tokens.access();
    try {
      return await this.#signed(token, method, path, body, query);
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== "unauthorized") throw error;
    }
    const another = await this.tokens.renew(token);
    return this.#signed(another, method, path, body, query);
  }

  /**
   * Any call, unsigned. No cookie goes along.
   *
   * @param {string} method
   * @param {string} path
   * @param {Json | null} [body]
   * @param {Query} [query]
   * @returns {Promise<any>}
   */
  open(method, path, body = null, query = {}) {
    return this.#send(method, path, body, query, {});
  }

  /**
   * A call of `auth/`, with this origin's cookie for it. Nothing but these looks at cookies.
   *
   * @param {string} path
   * @param {Json | null} [body]
   * @param {number} [seconds] how long it may take
   * @param {string} [token] an access token; without one the cookie counts
   * @returns {Promise<any>}
   */
  auth(path, body = null, seconds, token) {
    /** @type {Record<string, string>} */
    const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
    return this.#send("POST", `auth/${path}`, body, {}, headers, {
      credentials: "same-origin",
      keepalive: true, // the answer must set the cookie, even if the page is closed meanwhile
      seconds,
    });
  }

  // Me.

  /** @returns {Promise<Json>} */
  me() {
    return this.ask("GET", "me");
  }

  /**
   * @param {{ q?: string, cursor?: string | null, limit?: number }} [query]
   * @returns {Promise<Page>} people whose name looks like `q`
   */
  users(query = {}) {
    return this.ask("GET", "users", null, query);
  }

  // Rooms.

  /**
   * @param {{ cursor?: string | null, hidden?: boolean, archived?: boolean }} [query]
   * @returns {Promise<Page>} my rooms; those that I hid, or that are archived, only if asked for
   */
  rooms({ cursor, hidden, archived } = {}) {
    return this.ask("GET", "rooms", null, {
      cursor,
      hidden: hidden || "",
      archived: archived || "",
    });
  }

  /**
   * @param {{ q?: string, cursor?: string | null, limit?: number }} [query]
   * @returns {Promise<Page>} public rooms
   */
  directory(query = {}) {
    return this.ask("GET", "rooms/directory", null, query);
  }

  /**
   * @param {string} id
   * @returns {Promise<Json>}
   */
  room(id) {
    return this.ask("GET", room(id));
  }

  /**
   * @param {Json} fields kind, name, title, description, metadata; you become its owner
   * @returns {Promise<Json>}
   */
  create(fields) {
    return this.ask("POST", "rooms", fields);
  }

  /**
   * @param {string} id
   * @param {Json} fields what is not given stays
   * @returns {Promise<Json>}
   */
  changeRoom(id, fields) {
    return this.ask("PATCH", room(id), fields);
  }

  /**
   * @param {string} id
   * @returns {Promise<null>}
   */
  deleteRoom(id) {
    return this.ask("DELETE", room(id));
  }

  /**
   * Being a member already is no error.
   *
   * @param {string} id
   * @returns {Promise<any>}
   */
  join(id) {
    return this.ask("POST", `${room(id)}/join`);
  }

  /**
   * @param {string} id
   * @returns {Promise<any>}
   */
  leave(id) {
    return this.ask("POST", `${room(id)}/leave`);
  }

  /**
   * The direct room with a user (an id); made when there is none.
   *
   * @param {string} user
   * @returns {Promise<Json>}
   */
  direct(user) {
    return this.ask("PUT", `users/${encodeURIComponent(user)}/direct`);
  }

  /**
   * @param {string} id
   * @param {Json} fields notify (all, mentions, none), hidden, unread_from (an index, or null)
   * @returns {Promise<Json>} how I stand there then
   */
  changeMe(id, fields) {
    return this.ask("PATCH", `${room(id)}/me`, fields);
  }

  /**
   * @param {string} id
   * @param {{ cursor?: string | null }} [query]
   * @returns {Promise<Page>}
   */
  members(id, query = {}) {
    return this.ask("GET", `${room(id)}/members`, null, query);
  }

  /**
   * @param {string} id
   * @param {{ before?: number, after?: number, around?: number, limit?: number }} [place]
   * @returns {Promise<{ items: Json[], more: boolean }>} oldest first
   */
  history(id, place = {}) {
    return this.ask("GET", `${room(id)}/messages`, null, place);
  }

  // HTTP.

  /**
   * @param {string} token
   * @param {string} method
   * @param {string} path
   * @param {Json | null} body
   * @param {Query} query
   */
  #signed(token, method, path, body, query) {
    return this.#send(method, path, body, query, { Authorization: `Bearer ${token}` });
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {Json | null} body
   * @param {Query} query
   * @param {Record<string, string>} headers
   * @param {{ credentials?: RequestCredentials, seconds?: number | undefined, keepalive?: boolean }} [how]
   */
  #send(
    method,
    path,
    body,
    query,
    headers,
    { credentials = "omit", seconds, keepalive = false } = {},
  ) {
    if (body !== null) headers = { ...headers, "Content-Type": "application/json" };
    const text = body === null ? null : JSON.stringify(body);
    const request = { method, body: text, headers, credentials, keepalive };
    return exchange(this.#parts, this.#api + path + written(query), request, seconds);
  }
}

/** @param {string} id */
function room(id) {
  return `rooms/${encodeURIComponent(id)}`;
}

/** @param {Query} query */
function written(query) {
  const given = Object.entries(query).filter(
    ([, value]) => value !== "" && (value ?? null) !== null,
  );
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return text && `?${text}`;
}

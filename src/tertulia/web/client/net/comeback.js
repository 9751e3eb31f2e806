import { Backoff } from "./backoff.js";
import { AGAIN, ApiError, ConnectionLost, Stopped } from "./errors.js";
import { UNAUTHORIZED } from "./tokens.js";

/** A connection that lived so many seconds was good: the next back-off begins anew. */
export const STABLE_SECONDS = 5;

export const FLOOD_PAUSE = 5;

const TOKEN_EXPIRED = 4001;
const FLOOD = 4003;

/** Whether, when and with which token to come back after a connection. */
export class Comeback {
  #backoff;
  #wasOnline = false;
  /** @type {string | null} */
  #badToken = null;
  #tokensRefused = 0;
  #hurry = false;

  /** @param {import("./types.js").Random} random */
  constructor(random) {
    this.#backoff = new Backoff(random);
  }

  /** The server said `ready`: token and address are good. */
  ready() {
    this.#wasOnline = true;
    this.#tokensRefused = 0;
  }

  /**
   * The token for the next connection: another one than a refused one.
   *
   * @param {import("./types.js").TokenSource} tokens
   */
  async token(tokens) {
    const bad = this.#badToken;
    const token = await (bad === null ? tokens.access() : tokens.renew(bad));
    this.#badToken = null;
    return token;
  }

  /**
   * What the close code says.
   *
   * @param {{ code: number, reason: string, retryAfter: number | null, lived: number }} end `lived`: seconds after
   *   `ready`
   * @param {string} token
   * @returns {number | null} the least number of seconds to wait, if the server said
   * @throws {Stopped}
   */
  ended({ code, reason, retryAfter, lived }, token) {
    if (code === UNAUTHORIZED && this.#tokensRefused === 0) {
      this.#renewNext(token); // expired while the machine slept, perhaps: another one may do
    } else if (code >= 4500 && code <= 4999) {
      throw new Stopped(reason || "Sign in again.", code);
    }
    if (lived >= STABLE_SECONDS) this.#backoff.reset();
    if (code === TOKEN_EXPIRED) this.#renewNext(token);
    return code === FLOOD ? Math.max(FLOOD_PAUSE, retryAfter ?? 0) : retryAfter;
  }

  /**
   * There was no connection, or `hello` was refused.
   *
   * @param {unknown} error
   * @param {string} token empty when it was the token that could not be had
   * @returns {number | null} seconds, if the server said
   * @throws {Stopped}
   */
  failed(error, token) {
    if (error instanceof ConnectionLost) return error.retryAfter;
    if (!(error instanceof ApiError)) throw error;
    if (!token && error.status === 401) {
      throw new Stopped(`Sign in again: ${error.message}`, UNAUTHORIZED);
    }
    if (token && error.code === "unauthorized") this.#renewNext(token);
    else if (!this.#mayPass(error)) throw new Stopped(error.message, error.status ?? 0);
    return error.retryAfter;
  }

  /**
   * Seconds to wait now; 0 when a fresh token is all that is missing.
   *
   * @param {number | null} hint
   */
  next(hint) {
    if (this.#hurry) {
      this.#hurry = false;
      return 0;
    }
    return this.#backoff.next(hint);
  }

  /** @param {ApiError} error */
  #mayPass(error) {
    return this.#wasOnline || AGAIN.has(error.code) || error.code === "internal";
  }

  /**
   * The token was not good: the next connection gets another one, unless that was refused, too.
   *
   * @param {string} token
   */
  #renewNext(token) {
    this.#tokensRefused += 1;
    if (this.#tokensRefused > 2) {
      const why = "The server takes none of the tokens. Sign in again.";
      throw new Stopped(why, UNAUTHORIZED);
    }
    this.#badToken = token;
    this.#hurry = this.#tokensRefused === 1;
  }
}

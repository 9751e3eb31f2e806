/** Keeps an access token fresh that somebody else makes. */

import { within } from "./clock.js";
import { ConnectionLost, Stopped, TertuliaError } from "./errors.js";

/** @typedef {import("./types.js").TokenSource} TokenSource */

/** The part of a token's life after which it is renewed. */
export const RENEW_AT = 0.8;

/** Seconds that `getToken` may take. */
export const GET_SECONDS = 30;

export const UNAUTHORIZED = 4500;

/**
 * Gives an access token, or null when nobody is signed in (any more). `refused`: the token that the server did not
 * take; give another.
 *
 * @callback GetToken
 * @param {{ refused?: string | undefined }} why
 * @returns {Promise<string | null> | string | null}
 */

/**
 * Asks `getToken` when there is no token yet, when 80 % of its life is over, and when the server refused it. Who asks
 * meanwhile waits for the same answer.
 *
 * `access` and `renew` throw `Stopped` when there is no token to be had, what `getToken` throws of this package's
 * errors, and `ConnectionLost` for everything else that it throws: then it is asked again later.
 *
 * @implements {TokenSource}
 */
export class ForeignTokens {
  #get;
  #clock;
  #ended;
  #token = "";
  #until = Infinity;
  /** @type {string | null} */
  #user = null;
  /** @type {Promise<string> | null} */
  #asking = null;

  /**
   * @param {GetToken} getToken
   * @param {import("./types.js").Clock} clock
   * @param {AbortSignal} [ended] nobody waits for `getToken` any more
   */
  constructor(getToken, clock, ended) {
    this.#get = getToken;
    this.#clock = clock;
    this.#ended = ended;
  }

  async access() {
    if (this.#token && this.#clock.now() < this.#until) return this.#token;
    return this.#ask(undefined);
  }

  /** @param {string} refused */
  async renew(refused) {
    await this.#asking?.catch(() => {}); // asked before anybody knew that it is refused
    if (this.#token && this.#token !== refused) return this.#token;
    return this.#ask(refused);
  }

  /**
   * @param {string} token
   * @param {number} seconds
   */
  lasts(token, seconds) {
    if (token === this.#token) this.#until = this.#clock.now() + RENEW_AT * seconds * 1000;
  }

  /** @param {string | undefined} refused */
  #ask(refused) {
    this.#asking ??= this.#asked(refused).finally(() => (this.#asking = null));
    return this.#asking;
  }

  /** @param {string | undefined} refused */
  async #asked(refused) {
    const answer = await this.#answer(refused);
    if (typeof answer !== "string" || !answer) {
      throw new Stopped("Nobody is signed in.", UNAUTHORIZED);
    }
    const token = answer.trim();
    if (!TOKEN.test(token)) throw new ConnectionLost("getToken gave something that is no token.");
    this.#check(token);
    if (token !== this.#token) this.#until = Infinity; // until the server says how long it lasts
    this.#token = token;
    return token;
  }

  /**
   * What one user began, another one must not go on with.
   *
   * @param {string} token
   */
  #check(token) {
    const user = subject(token);
    this.#user ??= user;
    if (user !== null && user !== this.#user) {
      throw new Stopped("Somebody else signed in.", UNAUTHORIZED);
    }
  }

  /** @param {string | undefined} refused */
  async #answer(refused) {
    const late = () => new ConnectionLost("getToken gave no token within 30 seconds.");
    const asked = Promise.resolve().then(() => this.#get({ refused }));
    try {
      return await within(this.#clock, GET_SECONDS, asked, late, this.#ended);
    } catch (error) {
      if (error instanceof TertuliaError) throw error;
      throw new ConnectionLost(
        `getToken failed: ${error instanceof Error ? error.message : error}`,
      );
    }
  }
}

/** What may stand in a header and a subprotocol: the page of an error may not. */
const TOKEN = /^[\w.~+/=-]+$/;

/**
 * Whom a token is for, as far as one can read it.
 *
 * @param {string} token
 * @returns {string | null}
 */
export function subject(token) {
  try {
    const text = atob((token.split(".")[1] ?? "").replace(/-/g, "+").replace(/_/g, "/"));
    return String(JSON.parse(text).sub ?? "") || null;
  } catch {
    return null;
  }
}

import { Store } from "../model/store.js";
import { Address } from "./address.js";
import { sleep } from "./clock.js";
import { ApiError, ConnectionLost } from "./errors.js";
import { exclusively } from "./exclusively.js";
import { platform } from "./platform.js";
import { Rest } from "./rest.js";
import { Tabs } from "./tabs.js";
import { RENEW_AT, subject } from "./tokens.js";

/**
 * @typedef {Record<string, any> & { id: string, username: string }} User an account, with its wire names
 *
 * @typedef {object} Held
 * @property {string} access
 * @property {number} until milliseconds since 1970 at which it is renewed
 * @property {User} user
 */

/**
 * Seconds that each try to renew may take. The server gives the same answer again for 10 seconds, and ends the session
 * when the old token comes later: so a lost answer is asked for soon.
 */
const TRIES = [4, 4, 15];

/** Seconds the lock is kept, so that the tabs that wait for it have heard of the new token. */
const LINGER = 0.1;

/**
 * An account of the server, signed in on this origin: all tabs have the same session. The refresh token is in a cookie
 * that no script sees, the access token in memory; one tab renews it for all, and who signs out does so in all.
 *
 * Methods throw `ApiError` and `ConnectionLost`.
 */
export class Session {
  /** Who is signed in. @type {Store<User | null>} */
  user = new Store(/** @type {User | null} */ (null));

  #address;
  #parts;
  #rest;
  #tabs;
  #name;
  #device;
  /** @type {Held | null} */
  #held = null;
  #over = false;
  /** Counts signing in and out: an answer from before means nothing. */
  #turn = 0;
  /** @type {Promise<void> | null} */
  #renewing = null;

  /**
   * @param {{ url?: string, device?: string } & Partial<import("./platform.js").Platform>} [options] `url`: of the
   *   server, this page's origin; `device`: a name for this session
   */
  constructor({ url = globalThis.location.origin, device, ...options } = {}) {
    this.#address = new Address(url);
    this.#parts = platform(options);
    this.#rest = new Rest(this.#address, this.#parts);
    this.#device = device;
    this.#name = `tertulia-session ${this.#address.url}`;
    const heard = (/** @type {any} */ message) => this.#heard(message);
    this.#tabs = new Tabs(this.#parts.BroadcastChannel, this.#name, heard);
  }

  /**
   * Go on with the session of this browser, if there is one.
   *
   * @returns {Promise<User | null>}
   */
  async resume() {
    if (!this.#isFresh(undefined)) await this.#renew(this.#held?.access);
    return this.user.getSnapshot();
  }

  /**
   * @param {{ username: string, password: string }} fields `username`: or the email address
   * @returns {Promise<User>}
   */
  login(fields) {
    const device = this.#device === undefined ? {} : { device: this.#device };
    return this.#enter("login", { ...device, ...fields });
  }

  /**
   * @param {{ username: string, password: string, email?: string, first_name?: string, last_name?: string, invite?: string }} fields
   * @returns {Promise<User>}
   */
  register(fields) {
    return this.#enter("register", fields);
  }

  /** Sign out, in all tabs. Throws `ConnectionLost`, and stays signed in, when the server cannot be told. */
  async logout() {
    await this.#alone(async () => {
      if (!(await this.#leftByToken())) await this.#rest.auth("logout").catch(unlessOver);
      this.#leave();
      this.#tabs.tell({ left: true });
    });
  }

  /** By the token that this page has: the cookie may be another's by now. */
  async #leftByToken() {
    const held = this.#held;
    if (held === null) return false;
    try {
      await this.#rest.auth("logout", null, undefined, held.access);
      return true;
    } catch (error) {
      unlessOver(error);
      return false;
    }
  }

  /**
   * For `createClient`: an access token that is good for a while, null when nobody is signed in.
   *
   * @param {{ refused?: string | undefined }} [why]
   * @returns {Promise<string | null>}
   */
  getToken = async ({ refused } = {}) => {
    if (!this.#over && !this.#isFresh(refused)) await this.#renew(this.#held?.access);
    return this.#held?.access ?? null;
  };

  /** This tab hears of the others no more. */
  close() {
    this.#tabs.close();
  }

  /** @param {string | undefined} refused */
  #isFresh(refused) {
    const held = this.#held;
    return held !== null && held.access !== refused && this.#parts.clock.now() < held.until;
  }

  /** @param {string | undefined} old */
  #renew(old) {
    this.#renewing ??= this.#alone(() => this.#renewed(old)).finally(() => (this.#renewing = null));
    return this.#renewing;
  }

  /**
   * Another tab may have done it while this one waited for its turn.
   *
   * @param {string | undefined} old
   */
  async #renewed(old) {
    if (this.#isFresh(old)) return;
    const turn = this.#turn;
    try {
      const tokens = await this.#refreshed();
      if (tokens === null) return this.#nobody(turn);
      const user = this.#known(tokens.access) ?? (await this.#me(tokens.access));
      if (turn === this.#turn) this.#hold(tokens, user);
    } catch (error) {
      unlessOver(error);
      this.#nobody(turn);
    }
  }

  /**
   * Whom the token is for, if it is the one who was signed in before: the cookie may have become another's.
   *
   * @param {string} access
   */
  #known(access) {
    const held = this.#held;
    return held !== null && subject(held.access) === subject(access) ? held.user : null;
  }

  /** @param {number} turn in which the server said that nobody is signed in */
  #nobody(turn) {
    if (turn === this.#turn) this.#leave();
  }

  async #refreshed() {
    for (const [index, seconds] of TRIES.entries()) {
      try {
        return await this.#rest.auth("refresh", null, seconds);
      } catch (error) {
        const again = error instanceof ConnectionLost && index < TRIES.length - 1;
        if (!again) throw error;
        await sleep(this.#parts.clock, 0.5);
      }
    }
  }

  /**
   * @param {string} access
   * @returns {Promise<any>}
   */
  #me(access) {
    const tokens = { access: async () => access, renew: async () => access, lasts: () => {} };
    return new Rest(this.#address, { ...this.#parts, tokens }).me();
  }

  /**
   * @param {"login" | "register"} how
   * @param {Record<string, unknown>} fields
   * @returns {Promise<User>}
   */
  #enter(how, fields) {
    return this.#alone(async () => {
      const { user, tokens } = await this.#rest.auth(how, { ...fields, cookie: true });
      this.#turn += 1;
      this.#hold(tokens, user);
      this.user.set(user); // told even if it is the same: that one's session may have been ended from elsewhere
      return user;
    });
  }

  /**
   * @param {{ access: string, expires_in: number }} tokens
   * @param {User} user
   */
  #hold({ access, expires_in: left }, user) {
    const held = { access, until: this.#parts.clock.now() + RENEW_AT * left * 1000, user };
    this.#take(held);
    this.#tabs.tell({ held });
  }

  /** @param {Held} held */
  #take(held) {
    this.#held = held;
    this.#over = false;
    if (this.user.getSnapshot()?.id !== held.user.id) this.user.set(held.user);
  }

  #leave() {
    this.#turn += 1;
    this.#held = null;
    this.#over = true;
    this.user.set(null);
  }

  /**
   * What another tab did holds here, too: the cookie is the same.
   *
   * @param {{ held?: Held, left?: boolean }} message
   */
  #heard({ held, left }) {
    this.#turn += 1;
    if (left) this.#leave();
    else if (held) this.#take(held);
  }

  /**
   * @template T
   * @param {() => Promise<T>} work
   * @returns {Promise<T>}
   */
  #alone(work) {
    const linger = () => sleep(this.#parts.clock, LINGER);
    return exclusively(this.#parts, this.#name, work, linger);
  }
}

/**
 * @param {{ url?: string, device?: string } & Partial<import("./platform.js").Platform>} [options]
 */
export function createSession(options) {
  return new Session(options);
}

/**
 * Passes on every error but that the session is over already.
 *
 * @param {unknown} error
 */
function unlessOver(error) {
  if (!(error instanceof ApiError) || error.status !== 401) throw error;
}

import { sleep } from "./clock.js";
import { Comeback } from "./comeback.js";
import { AGAIN, ApiError, ConnectionLost, Stopped } from "./errors.js";
import { Line } from "./line.js";
import { Pause } from "./pause.js";
import { Signal } from "./signal.js";
import { MAX_WAITING } from "./slots.js";
import { UNAUTHORIZED } from "./tokens.js";

/**
 * @typedef {import("./types.js").Frame} Frame
 * @typedef {import("./types.js").TokenSource} TokenSource
 * @typedef {"online" | "connecting" | "offline"} State
 */

/** How often a command is repeated when the server asks to try again later. */
export const ATTEMPTS = 5;

/**
 * One user's line to the server, whatever happens to single connections.
 *
 * `hello` gives the fields of each hello; `onEvent` gets every event in order; `onState` is told each change of
 * `state`, and when the next try is. `run` ends only when there is no coming back; `error` then says why, and whoever
 * waits gets it.
 */
export class Link {
  /** @type {State} */
  state = "offline";
  /** When it tries again, in milliseconds since 1970. @type {number | null} */
  retryAt = null;
  /** @type {Stopped | null} */
  error = null;

  #parts;
  #clock;
  #comeback;
  #pause;
  #ending = new AbortController();
  #signal = new Signal();
  /** @type {Line | null} */
  #line = null;
  /** @type {string | null} */
  #user = null;

  /**
   * @param {object} parts
   * @param {import("./address.js").Address} parts.address
   * @param {import("./types.js").Clock} parts.clock
   * @param {import("./types.js").Random} parts.random
   * @param {import("./types.js").SocketMaker} parts.WebSocket
   * @param {import("./types.js").Wake} [parts.wake]
   * @param {() => Frame} parts.hello
   * @param {(frame: Frame) => void} parts.onEvent
   * @param {(state: State, retryAt: number | null) => void} parts.onState
   */
  constructor(parts) {
    this.#parts = parts;
    this.#clock = parts.clock;
    this.#comeback = new Comeback(parts.random);
    this.#pause = new Pause(parts.clock);
  }

  /**
   * Connect, come back, until `stop` or until the server says not to. Call it once; it throws nothing.
   *
   * @param {TokenSource} tokens
   */
  async run(tokens) {
    const undisturbed = this.#parts.wake?.(() => this.tryNow());
    try {
      while (this.error === null) await this.#once(tokens);
    } catch (error) {
      this.stop(
        error instanceof Stopped ? error : new Stopped(`Something is wrong here: ${error}`),
      );
    } finally {
      undisturbed?.();
      await this.#drop();
    }
  }

  /** Whether a command can be said now. */
  get online() {
    return this.#line !== null && this.#line.online;
  }

  /** Aborted at the end, with the error: for everything that must not outlive the client. */
  get ended() {
    return this.#ending.signal;
  }

  /**
   * @param {number} seconds
   * @throws {Stopped} as soon as it ends
   */
  sleep(seconds) {
    return sleep(this.#clock, seconds, this.ended);
  }

  /**
   * No coming back; who waits gets `error`. Only the first counts.
   *
   * @param {Stopped} error
   */
  stop(error) {
    if (this.error !== null) return;
    this.error = error;
    this.#become("offline", null);
    this.#ending.abort(error);
    this.#pause.end();
    void this.#drop();
  }

  /** The network may be back, or gone: do not wait for the next try, or see whether the line is alive. */
  tryNow() {
    if (this.state !== "offline") this.#line?.probe();
    else if (this.retryAt !== null) {
      const left = this.#pause.hurry();
      this.#become("offline", Math.round(this.#clock.now() + left));
    }
  }

  /** End for good, at once and normally. */
  async close() {
    this.stop(new Stopped("The client is closed."));
    await this.#drop();
  }

  /**
   * Resolves when `condition()` holds after an event or a change of state.
   *
   * @param {() => boolean} condition
   * @throws {Stopped}
   */
  until(condition) {
    return this.#signal.until(() => {
      if (condition()) return true;
      if (this.error !== null) throw this.error;
      return false;
    });
  }

  /** Something changed that somebody may wait for. */
  notify() {
    this.#signal.notify();
  }

  /**
   * Say it once, as soon as the line is up.
   *
   * @param {string} cmd
   * @param {Frame} [fields]
   * @returns {Promise<Frame>}
   * @throws {ApiError | ConnectionLost | Stopped}
   */
  async command(cmd, fields = {}) {
    if (this.#signal.size >= MAX_WAITING) throw new ApiError("busy", "Too many commands wait.");
    await this.until(() => this.online);
    if (this.#line === null) throw new ConnectionLost("The connection was cut.");
    return this.#line.command(cmd, fields);
  }

  /**
   * Say it if the line is up, without a reply; else it is left out.
   *
   * @param {string} cmd
   * @param {Frame} [fields]
   * @returns {boolean} whether it was said
   */
  say(cmd, fields = {}) {
    const { online } = this;
    if (online) this.#line?.say(cmd, fields);
    return online;
  }

  /**
   * As `command`, but again, up to 5 times, while the server asks to try later.
   *
   * @param {string} cmd
   * @param {Frame} [fields]
   */
  async patiently(cmd, fields = {}) {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.command(cmd, fields);
      } catch (error) {
        const again = error instanceof ApiError && AGAIN.has(error.code) && attempt < ATTEMPTS;
        if (!again) throw error;
        await this.sleep(error.retryAfter ?? 0.2 * 2 ** attempt);
      }
    }
  }

  /**
   * As `patiently`, and again after a lost connection: for commands that may be done twice. Waits for the line as long
   * as it takes.
   *
   * @param {string} cmd
   * @param {Frame} [fields]
   * @returns {Promise<Frame>}
   * @throws {ApiError | Stopped}
   */
  async ask(cmd, fields = {}) {
    for (;;) {
      try {
        return await this.patiently(cmd, fields);
      } catch (error) {
        if (!(error instanceof ConnectionLost)) throw error;
      }
    }
  }

  // One connection's life.

  /** @param {TokenSource} tokens */
  async #once(tokens) {
    const hint = await this.#live(tokens);
    const wait = this.error === null ? this.#comeback.next(hint) : 0;
    if (wait === 0) return;
    this.#become("offline", Math.round(this.#clock.now() + wait * 1000));
    await this.#pause.wait(wait, hint ?? 0);
  }

  /**
   * Open, greet, wait for the end.
   *
   * @param {TokenSource} tokens
   * @returns {Promise<number | null>} the least number of seconds to wait, if the server said
   * @throws {Stopped}
   */
  async #live(tokens) {
    this.#become("connecting", null);
    let token = "";
    try {
      token = await this.#comeback.token(tokens);
      if (this.error !== null) return null;
      this.#line = new Line(this.#parts, tokens, token, (frame) => this.#event(frame));
      await this.#line.live(this.#parts.hello);
      return this.#comeback.ended(this.#line.end, token);
    } catch (error) {
      const cut = error instanceof ConnectionLost && this.#line;
      return cut ? this.#comeback.ended(cut.end, token) : this.#comeback.failed(error, token);
    } finally {
      await this.#drop();
    }
  }

  /** @param {Frame} frame */
  #event(frame) {
    if (this.error !== null) return;
    const isReady = frame.ev === "ready";
    if (isReady && !this.#isMine(frame.user.id)) return;
    this.#parts.onEvent(frame);
    if (isReady) this.#ready(frame);
    this.#signal.notify();
  }

  /**
   * Everything here is one user's: another one needs a client of their own.
   *
   * @param {string} user
   */
  #isMine(user) {
    this.#user ??= user;
    if (this.#user === user) return true;
    this.stop(new Stopped("Somebody else signed in.", UNAUTHORIZED));
    return false;
  }

  /** @param {Frame} frame */
  #ready(frame) {
    this.#comeback.ready();
    this.#line?.ready(frame);
    this.#become("online", null);
  }

  async #drop() {
    const line = this.#line;
    this.#line = null;
    await line?.close();
  }

  /**
   * @param {State} state
   * @param {number | null} retryAt
   */
  #become(state, retryAt) {
    if (state !== this.state || retryAt !== this.retryAt || this.error !== null) {
      this.state = state;
      this.retryAt = retryAt;
      this.#parts.onState(state, retryAt);
    }
    this.#signal.notify();
  }
}

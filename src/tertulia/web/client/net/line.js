import { Stopped } from "./errors.js";
import { Freshness } from "./freshness.js";
import { Heartbeat } from "./heartbeat.js";
import { OPEN_SECONDS, Socket } from "./socket.js";
import { UNAUTHORIZED } from "./tokens.js";

/** @typedef {import("./types.js").Frame} Frame */

/** A socket that greets, beats and keeps its token fresh. It lives once. */
export class Line {
  #clock;
  #tokens;
  #socket;
  /** @type {Heartbeat | null} */
  #heartbeat = null;
  /** @type {Freshness | null} */
  #freshness = null;
  /** When `ready` came. @type {number | null} */
  #since = null;
  /** @type {() => void} */
  #tellReady = () => {};

  /**
   * @param {object} parts
   * @param {import("./address.js").Address} parts.address
   * @param {import("./types.js").Clock} parts.clock
   * @param {import("./types.js").SocketMaker} parts.WebSocket
   * @param {import("./types.js").TokenSource} tokens
   * @param {string} token
   * @param {(frame: Frame) => void} onEvent
   * @throws {Stopped}
   */
  constructor({ address, clock, WebSocket }, tokens, token, onEvent) {
    this.token = token;
    this.#clock = clock;
    this.#tokens = tokens;
    try {
      this.#socket = new Socket({ url: address.socket, token, WebSocket, clock, onEvent });
    } catch (error) {
      throw new Stopped(`This is no token, or no address: ${error}`, UNAUTHORIZED);
    }
  }

  /** Why it ended. */
  get end() {
    const { code, reason, retryAfter } = this.#socket;
    return { code, reason, retryAfter, lived: this.#lived() };
  }

  get online() {
    return this.#since !== null && this.#socket.isOpen;
  }

  /**
   * Say hello; resolves when the line is down.
   *
   * @param {() => Frame} hello
   */
  async live(hello) {
    await this.#socket.opened();
    if (!this.#socket.isOpen) return;
    const late = () => this.#socket.abort("The server said nothing after hello.");
    const timer = this.#clock.setTimeout(late, OPEN_SECONDS * 1000);
    this.#tellReady = () => this.#clock.clearTimeout(timer);
    try {
      await this.#socket.command("hello", hello());
      await this.#socket.closed;
    } finally {
      this.#tellReady();
    }
  }

  /**
   * `ready` came.
   *
   * @param {Frame} frame
   */
  ready({ heartbeat, expires_in: left }) {
    if (this.#since !== null) return;
    this.#tellReady();
    this.#since = this.#clock.now();
    this.#tokens.lasts(this.token, left);
    this.#heartbeat = new Heartbeat(this.#socket, this.#clock, heartbeat);
    this.#freshness = new Freshness(this.#socket, this.#tokens, this.#clock, left);
  }

  /** It may be dead: see soon. */
  probe() {
    this.#heartbeat?.probe();
  }

  /**
   * @param {string} cmd
   * @param {Frame} fields
   */
  command(cmd, fields) {
    return this.#socket.command(cmd, fields);
  }

  /**
   * @param {string} cmd
   * @param {Frame} fields
   */
  say(cmd, fields) {
    this.#socket.say(cmd, fields);
  }

  async close() {
    this.#heartbeat?.stop();
    this.#freshness?.stop();
    await this.#socket.close();
  }

  #lived() {
    return this.#since === null ? 0 : (this.#clock.now() - this.#since) / 1000;
  }
}

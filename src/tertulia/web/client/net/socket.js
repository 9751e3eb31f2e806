import { ApiError, ConnectionLost } from "./errors.js";
import { Slots } from "./slots.js";

/** @typedef {import("./types.js").Frame} Frame */

/** Bytes of a frame to the server. */
export const MAX_COMMAND = 256 * 1024;

/** Characters of a frame from the server; more ends the connection. */
export const MAX_FRAME = 8 * 1024 * 1024;

export const OPEN_SECONDS = 10;
export const CLOSE_SECONDS = 2;
export const BROKEN = 1006;

/**
 * One live connection to the server. It lives once; `Link` opens the next.
 *
 * Commands go out and are matched with their replies by `id`; every other frame is given to `onEvent`, a plain
 * function, in the order of the frames. When the line is down, every command that waits throws `ConnectionLost`, and
 * `code`, `reason` and `retryAfter` say why it ended (`bye` and close code).
 */
export class Socket {
  code = BROKEN;
  reason = "";
  /** @type {number | null} */
  retryAfter = null;
  /** Resolves when the line is down. @type {Promise<void>} */
  closed;
  isOpen = false;
  /** When something was last heard, in the clock's milliseconds. */
  heard;
  /** How many frames came. */
  frames = 0;

  #line;
  #clock;
  #onEvent;
  #down = false;
  #number = 0;
  #slots = new Slots();
  /** @type {Map<number, { resolve: (reply: Frame) => void, reject: (error: Error) => void }>} */
  #waiting = new Map();
  /** @type {() => void} */
  #tellClosed = () => {};
  /** @type {() => void} */
  #tellOpen = () => {};

  /**
   * @param {object} parts
   * @param {string} parts.url
   * @param {string} parts.token goes into the subprotocols: a browser cannot set headers
   * @param {import("./types.js").SocketMaker} parts.WebSocket
   * @param {import("./types.js").Clock} parts.clock
   * @param {(frame: Frame) => void} parts.onEvent
   * @throws {SyntaxError} if the token has characters that no token has
   */
  constructor({ url, token, WebSocket, clock, onEvent }) {
    this.#clock = clock;
    this.#onEvent = onEvent;
    this.heard = clock.now();
    this.closed = new Promise((resolve) => (this.#tellClosed = resolve));
    this.#line = new WebSocket(url, ["tertulia.v1", `bearer.${token}`]);
    this.#listen();
  }

  /** Resolves when it is open, or down. One that takes more than 10 seconds is given up. */
  opened() {
    const late = () => this.abort("The server does not answer.");
    const timer = this.#clock.setTimeout(late, OPEN_SECONDS * 1000);
    const open = new Promise((resolve) => (this.#tellOpen = () => resolve(undefined)));
    if (this.isOpen || this.#down) this.#tellOpen();
    return Promise.race([open, this.closed]).finally(() => this.#clock.clearTimeout(timer));
  }

  /**
   * Say it and wait for the reply.
   *
   * @param {string} cmd
   * @param {Frame} [fields]
   * @returns {Promise<Frame>}
   * @throws {ApiError} the refusal
   * @throws {ConnectionLost}
   */
  async command(cmd, fields = {}) {
    await this.#slots.take();
    const number = (this.#number += 1);
    try {
      return await this.#answer(number, encoded({ cmd, id: number, ...fields }));
    } finally {
      this.#waiting.delete(number);
      this.#slots.give();
    }
  }

  /**
   * A command whose reply does not matter (`typing`).
   *
   * @param {string} cmd
   * @param {Frame} [fields]
   */
  say(cmd, fields = {}) {
    this.#send(encoded({ cmd, ...fields }));
  }

  /**
   * Cut the line without waiting for the server.
   *
   * @param {string} reason
   * @param {number} [code]
   */
  abort(reason, code = 1000) {
    this.reason ||= reason;
    this.#close(code);
    this.#end(BROKEN);
  }

  /** End the connection normally. May be called twice. */
  async close() {
    if (this.#down) return;
    this.#close(1000);
    const timer = this.#clock.setTimeout(() => this.#end(BROKEN), CLOSE_SECONDS * 1000);
    await this.closed;
    this.#clock.clearTimeout(timer);
  }

  #listen() {
    const line = this.#line;
    line.onopen = () => {
      this.isOpen = !this.#down;
      this.#tellOpen();
    };
    line.onmessage = ({ data }) => this.#read(data);
    line.onclose = ({ code, reason }) => {
      this.reason ||= reason ?? "";
      this.#end(code || BROKEN);
    };
    line.onerror = () => {}; // `onclose` follows
  }

  /** @param {unknown} data */
  #read(data) {
    if (!this.isOpen) return;
    this.heard = this.#clock.now();
    this.frames += 1;
    try {
      this.#take(decoded(data));
    } catch (error) {
      // What the server says is not the protocol: there is no way to go on with this connection.
      const name = error instanceof Error ? error.name : "Error";
      this.abort(`The server sent something that is not the protocol: ${name}.`, 4000);
    }
  }

  /** @param {Frame} frame */
  #take(frame) {
    if (!("ev" in frame)) {
      this.#waiting.get(frame.re)?.resolve(frame);
      return;
    }
    if (frame.ev === "bye") this.retryAfter = seconds(frame.reconnect_in);
    this.#onEvent(frame);
  }

  /**
   * @param {number} number
   * @param {string} text
   */
  async #answer(number, text) {
    /** @type {Promise<Frame>} */
    const answer = new Promise((resolve, reject) => this.#waiting.set(number, { resolve, reject }));
    answer.catch(() => {}); // who was still sending is told by `#send`
    this.#send(text);
    const reply = await answer;
    if (reply.error) throw ApiError.of(reply.error);
    return reply;
  }

  /** @param {string} text */
  #send(text) {
    if (!this.isOpen) throw new ConnectionLost("The connection is closed.");
    this.#line.send(text);
  }

  /** @param {number} code 1000, or 3000 to 4999: others a page may not give */
  #close(code) {
    this.isOpen = false;
    try {
      this.#line.close(code);
    } catch {
      // it is down already
    }
  }

  /** @param {number} code */
  #end(code) {
    if (this.#down) return;
    this.#down = true;
    this.isOpen = false;
    this.code = code;
    Object.assign(this.#line, { onopen: null, onmessage: null, onclose: null });
    const lost = new ConnectionLost("The connection was cut before the answer came.");
    for (const { reject } of this.#waiting.values()) reject(lost);
    this.#slots.end(lost);
    this.#tellClosed();
  }
}

/**
 * Refused here, as the server would: sent, such a frame would only end the connection, again and again.
 *
 * @param {Frame} command
 */
function encoded(command) {
  const text = JSON.stringify(command);
  if (/\\ud[89a-f]/.test(text)) checkText(command);
  if (text.length > MAX_COMMAND || new TextEncoder().encode(text).length > MAX_COMMAND) {
    throw new ApiError("too_large", "This is too large for one frame: at most 256 KiB.");
  }
  return text;
}

/**
 * @param {unknown} value
 */
function checkText(value) {
  if (typeof value === "string" && LONE_SURROGATE.test(value)) {
    throw new ApiError("invalid_text", "Text may not contain unpaired surrogates.");
  }
  if (typeof value === "object" && value !== null) Object.values(value).forEach(checkText);
}

const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * @param {unknown} data
 * @returns {Frame}
 */
function decoded(data) {
  if (typeof data !== "string" || data.length > MAX_FRAME) throw new TypeError("not a frame");
  const frame = JSON.parse(data);
  const fits = typeof frame === "object" && frame !== null && ("ev" in frame || "re" in frame);
  if (!fits) throw new TypeError("not a frame");
  return frame;
}

/** @param {unknown} value */
function seconds(value) {
  return typeof value === "number" && value >= 0 ? value : null;
}

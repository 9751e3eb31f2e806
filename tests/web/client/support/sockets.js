import assert from "node:assert/strict";

/** @typedef {Record<string, any>} Frame */

/** One end of a line: the test is the server. */
export class FakeSocket {
  /** @type {((event: any) => void) | null} */
  onopen = null;
  /** @type {((event: any) => void) | null} */
  onmessage = null;
  /** @type {((event: any) => void) | null} */
  onclose = null;
  /** @type {((event: any) => void) | null} */
  onerror = null;
  /** What the client said. @type {Frame[]} */
  said = [];
  /** With which code the client closed. @type {number | null} */
  closed = null;
  /** The network swallows everything, also the end. */
  stuck = false;

  /**
   * @param {string} url
   * @param {string[]} protocols
   */
  constructor(url, protocols) {
    this.url = url;
    this.protocols = protocols;
  }

  get token() {
    return this.protocols[1]?.replace("bearer.", "");
  }

  /** @param {string} text */
  send(text) {
    this.said.push(JSON.parse(text));
  }

  /** @param {number} [code] */
  close(code = 1005) {
    this.closed ??= code;
    if (!this.stuck) queueMicrotask(() => this.onclose?.({ code, reason: "" }));
  }

  open() {
    this.onopen?.({});
  }

  /**
   * The server ends it.
   *
   * @param {number} code
   * @param {string} [reason]
   */
  end(code, reason = "") {
    this.onclose?.({ code, reason });
  }

  /** @param {Frame | string} frame */
  tell(frame) {
    this.onmessage?.({ data: typeof frame === "string" ? frame : JSON.stringify(frame) });
  }

  /**
   * Answer the last command of this name.
   *
   * @param {string} cmd
   * @param {Frame} [fields]
   */
  answer(cmd, fields = {}) {
    const command = this.last(cmd);
    this.tell({ re: command.id, ...fields });
  }

  /** @param {string} cmd */
  last(cmd) {
    const command = this.all(cmd).at(-1);
    assert(command, `${cmd} was not said`);
    return command;
  }

  /** @param {string} cmd */
  all(cmd) {
    return this.said.filter((command) => command.cmd === cmd);
  }
}

/** All lines of a client; `WebSocket` goes into it. */
export class FakeSockets {
  /** @type {FakeSocket[]} */
  all = [];

  constructor() {
    const { all } = this;
    this.WebSocket = class extends FakeSocket {
      /**
       * @param {string} url
       * @param {string[]} protocols
       */
      constructor(url, protocols) {
        super(url, protocols);
        all.push(this);
      }
    };
  }

  get last() {
    const socket = this.all.at(-1);
    assert(socket, "nobody connected");
    return socket;
  }
}

/**
 * What the server says first.
 *
 * @param {Frame} [fields]
 */
export function ready(fields = {}) {
  return {
    ev: "ready",
    user: { id: "ana", number: 1, username: "ana" },
    epoch: "epoch",
    boot: "boot",
    heartbeat: { interval: 25, timeout: 50 },
    expires_in: 900,
    rooms: [],
    more: false,
    presence: [],
    blocked: [],
    ...fields,
  };
}

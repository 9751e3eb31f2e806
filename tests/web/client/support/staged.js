import { createClient } from "../../../../src/tertulia/web/client/tertulia.js";
import { FakeClock, settle } from "./clock.js";
import { ready } from "./reference.js";
import { FakeSockets } from "./sockets.js";
import { FakeWeb } from "./web.js";

/** @typedef {import("./reference.js").ReferenceRoom} ReferenceRoom */

/** A client whose server the test is. */
export class Staged {
  clock = new FakeClock();
  sockets = new FakeSockets();
  web = new FakeWeb();

  /** @param {Partial<import("../../../../src/tertulia/web/client/client.js").Options>} [options] */
  constructor(options = {}) {
    this.client = createClient({
      url: "http://chat.example.org",
      getToken: () => "a.b.c",
      storage: null,
      clock: this.clock,
      random: () => 0.5,
      WebSocket: this.sockets.WebSocket,
      fetch: this.web.fetch,
      wake: () => () => {},
      ...options,
    });
  }

  get line() {
    return this.sockets.last;
  }

  /**
   * The line comes up, and the server says what there is.
   *
   * @param {ReferenceRoom[]} rooms
   * @param {Record<string, any>} [more] fields of `ready`
   */
  async greet(rooms, more = {}) {
    this.client.start();
    await settle();
    this.line.open();
    await settle();
    this.line.answer("hello");
    this.line.tell(ready(rooms, more));
    await settle();
    return this;
  }

  /**
   * Answer the client that wants a room afresh.
   *
   * @param {ReferenceRoom} room
   * @param {number} [page]
   */
  async follow(room, page = 50) {
    await settle();
    this.line.answer("subscribe");
    this.line.tell(room.reload(page));
    await settle();
  }

  /** @param {Record<string, any>} frame */
  async tell(frame) {
    this.line.tell(frame);
    await settle();
  }

  /** The line goes down, and the next one is asked for. */
  async cut() {
    const before = this.sockets.all.length;
    this.line.end(1006);
    await settle();
    for (let second = 0; this.sockets.all.length === before && second < 60; second += 1) {
      await this.clock.advance(1);
    }
  }
}

import { Address } from "../../../../src/tertulia/web/client/net/address.js";
import { Link } from "../../../../src/tertulia/web/client/net/link.js";
import { FakeClock, settle } from "./clock.js";
import { FakeSockets, ready } from "./sockets.js";
import { FakeTokens } from "./tokens.js";

/** A link whose server the test is. `random` gives one half: waits are 0.25 s, 0.5 s, 1 s, … */
export class Linked {
  clock = new FakeClock();
  sockets = new FakeSockets();
  tokens = new FakeTokens();
  address = new Address("http://chat.example.org");
  /** @type {Record<string, any>[]} */
  events = [];
  /** @type {string[]} */
  states = [];
  /** @type {() => void} */
  wake = () => {};
  hello = {};

  link = new Link({
    address: this.address,
    clock: this.clock,
    random: () => 0.5,
    WebSocket: this.sockets.WebSocket,
    wake: (listener) => {
      this.wake = listener;
      return () => (this.wake = () => {});
    },
    hello: () => this.hello,
    onEvent: (frame) => void this.events.push(frame),
    onState: (state) => void this.states.push(state),
  });

  /** The socket that is used now. */
  get line() {
    return this.sockets.last;
  }

  /** @type {Promise<void>} */
  ended = Promise.resolve();

  async start() {
    this.ended = this.link.run(this.tokens);
    await settle();
    return this;
  }

  /**
   * Open the newest line and say all that makes it good.
   *
   * @param {Record<string, any>} [fields] of `ready`
   */
  async accept(fields = {}) {
    this.line.open();
    await settle();
    this.line.answer("hello");
    this.line.tell(ready(fields));
    await settle();
  }

  /**
   * The connection ends, and the next one is asked for.
   *
   * @param {number} code
   */
  async cut(code = 1006) {
    const before = this.sockets.all.length;
    this.line.end(code);
    await settle();
    for (let second = 0; this.sockets.all.length === before && second < 60; second += 1) {
      await this.clock.advance(1);
    }
  }
}

/** One that is online. */
export async function linked() {
  const made = await new Linked().start();
  await made.accept();
  return made;
}

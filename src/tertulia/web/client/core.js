import { Following } from "./following.js";
import { Model } from "./model/model.js";
import { Positions } from "./model/positions.js";
import { Address } from "./net/address.js";
import { atEnd } from "./net/clock.js";
import { Link } from "./net/link.js";
import { platform } from "./net/platform.js";
import { Rest } from "./net/rest.js";
import { ForeignTokens } from "./net/tokens.js";
import { Outbox } from "./outbox/outbox.js";
import { Posting } from "./outbox/posting.js";

/** @typedef {import("./model/types.js").Frame} Frame */

/** The parts of a client, put together: what the line brings goes into the model, and what it needs is said. */
export class Core {
  #tokens;
  #leave;
  /** Done when everything that waits is kept. @type {Promise<void>} */
  #kept = Promise.resolve();
  /** @type {"online" | "away"} */
  #status = "online";
  #onState;

  /**
   * @param {import("./client.js").Options} options
   * @param {import("./model/model.js").OnChange} onChange
   * @param {() => void} onState
   */
  constructor(options, onChange, onState) {
    const { url = globalThis.location?.origin ?? "", getToken, follow = false } = options;
    const here = platform(options);
    const address = new Address(url);
    this.clock = here.clock;
    this.#leave = here.leave;
    this.#onState = onState;
    this.model = new Model({ follow, onChange });
    this.outbox = new Outbox({ onChange: (room) => onChange("messages", room) });
    this.link = new Link({ ...here, address, ...this.#ears() });
    const { ended } = this.link;
    this.#tokens = new ForeignTokens(getToken, this.clock, ended);
    this.rest = new Rest(address, { ...here, tokens: this.#tokens, ended });
    this.posting = this.#post(address, { storage: options.storage, ...here });
    this.positions = new Positions(this.#mouth());
    this.following = new Following(this.model, this.link);
  }

  /** Connect, and stay connected. Call it once. */
  run() {
    atEnd(
      this.link.ended,
      this.#leave(() => this.positions.sayAll()),
    );
    void this.link.run(this.#tokens);
  }

  /** End for good. Resolves when nothing goes on. */
  async close() {
    this.positions.sayAll();
    await this.link.close();
    await this.#kept;
  }

  /**
   * @param {Address} address
   * @param {{ storage?: string | null | undefined } & import("./net/platform.js").Platform} parts
   */
  #post(address, { storage = "tertulia", ...here }) {
    const { outbox, link } = this;
    const onStored = (
      /** @type {import("./outbox/pending.js").Pending} */ post,
      /** @type {any} */ message,
    ) => this.#stored(post.room, message);
    return new Posting({ ...here, storage, address, outbox, link, onStored });
  }

  /** @param {"online" | "away"} status kept over reconnects */
  setPresence(status) {
    this.#status = status;
    this.link.say("presence", { status });
  }

  /** What the link hears. */
  #ears() {
    return {
      hello: () => this.#hello(),
      onEvent: (/** @type {Frame} */ frame) => this.#take(frame),
      onState: () => this.#stateChanged(),
    };
  }

  /** What positions say. */
  #mouth() {
    return {
      user: () => this.model.user?.id ?? "",
      room: (/** @type {string} */ id) => this.model.rooms.get(id),
      say: (/** @type {string} */ cmd, /** @type {Frame} */ fields) =>
        this.link.command(cmd, fields),
      tell: (/** @type {string} */ cmd, /** @type {Frame} */ fields) => this.link.say(cmd, fields),
      sleep: (/** @type {number} */ seconds) => this.link.sleep(seconds),
    };
  }

  #hello() {
    const hello = { resume: this.model.resume(), read: this.model.positions() };
    return this.model.boot === null ? hello : { ...hello, boot: this.model.boot };
  }

  /** @param {Frame} frame */
  #take(frame) {
    const { events, needs } = this.model.apply(frame);
    this.following.say(needs);
    for (const event of events) this.#notice(event);
    if (frame.ev === "ready") this.#greeted(frame);
    const room = this.model.rooms.get(frame.room);
    if (room && room.cursor !== null) this.positions.received(room);
  }

  /** @param {Frame} ready */
  #greeted({ user, more }) {
    void this.posting.enter(user.id);
    if (this.#status !== "online") void this.#sayStatus();
    if (!more) return;
    void this.following.list((cursor) => this.rest.rooms({ cursor, hidden: true }));
  }

  async #sayStatus() {
    await this.link.command("presence", { status: this.#status }).catch(() => {});
  }

  /**
   * Posts of mine that came by are stored, even if their answer was lost.
   *
   * @param {Frame} event
   */
  #notice({ ev, room, message, snapshot }) {
    const messages = ev === "reload" ? snapshot.messages : [message];
    for (const one of messages) {
      if (one?.sender && one.sender.id === this.model.user?.id) this.posting.seen(room, one);
    }
  }

  /**
   * @param {string} room
   * @param {any} message
   */
  #stored(room, message) {
    this.model.rooms.get(room)?.put(message);
    this.link.notify();
  }

  #stateChanged() {
    const { state, error } = this.link;
    if (state !== "online") {
      this.model.cut();
      this.following.cut();
    }
    this.#onState();
    if (error) this.#kept = this.posting.end(error);
  }
}

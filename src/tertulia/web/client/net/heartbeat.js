import { LONGEST } from "./clock.js";

/** Seconds for the answer when the page asks because the network may have changed. */
export const PROBE_SECONDS = 10;

/**
 * Notices a dead line, which a browser does not: it cannot see the server's pings.
 *
 * Says `ping` when nothing came for `interval`, and gives the line up when nothing at all came for `timeout`. Timers of
 * pages in the background are late, sometimes by minutes: what counts is that a ping stayed without answer.
 */
export class Heartbeat {
  #socket;
  #clock;
  #interval;
  #patience;
  /** @type {unknown} */
  #timer = null;
  #probing = false;

  /**
   * @param {import("./socket.js").Socket} socket
   * @param {import("./types.js").Clock} clock
   * @param {{ interval: number, timeout: number }} rhythm seconds, as `ready` says
   */
  constructor(socket, clock, { interval, timeout }) {
    this.#socket = socket;
    this.#clock = clock;
    this.#interval = Math.min(LONGEST, Math.max(1, interval));
    this.#patience = Math.min(LONGEST, Math.max(1, timeout - interval));
    this.#wait(this.#interval);
  }

  /** The line may be dead: ask now. */
  probe() {
    if (!this.#probing) this.#ping(Math.min(this.#patience, PROBE_SECONDS));
  }

  stop() {
    this.#clock.clearTimeout(this.#timer);
    this.#probing = true;
  }

  /** @param {number} seconds */
  #wait(seconds) {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = this.#clock.setTimeout(() => this.#beat(), seconds * 1000);
  }

  #beat() {
    const silent = (this.#clock.now() - this.#socket.heard) / 1000;
    const left = silent < 0 ? 0 : this.#interval - silent; // a clock that was set back says nothing
    if (left > 0.01) this.#wait(left);
    else this.#ping(this.#patience);
  }

  /** @param {number} patience */
  #ping(patience) {
    this.#probing = true;
    const frames = this.#socket.frames;
    this.#clock.clearTimeout(this.#timer);
    this.#socket.command("ping").catch(() => {}); // any frame is an answer, also a refusal
    this.#timer = this.#clock.setTimeout(() => this.#judge(frames), patience * 1000);
  }

  /** @param {number} frames how many had come before the ping */
  #judge(frames) {
    this.#probing = false;
    if (this.#socket.frames === frames) this.#socket.abort("Nothing was heard from the server.");
    else this.#beat();
  }
}

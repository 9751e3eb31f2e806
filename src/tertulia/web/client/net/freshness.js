import { RENEW_AT } from "./tokens.js";

const LEAST_SECONDS = 5;
const LONGEST_SECONDS = 24 * 60 * 60;

/** Puts a new token on the live connection before the old one ends. */
export class Freshness {
  #socket;
  #tokens;
  #clock;
  /** @type {unknown} */
  #timer = null;
  #stopped = false;
  #failures = 0;

  /**
   * @param {import("./socket.js").Socket} socket
   * @param {import("./types.js").TokenSource} tokens
   * @param {import("./types.js").Clock} clock
   * @param {number} seconds what is left of the token's life
   */
  constructor(socket, tokens, clock, seconds) {
    this.#socket = socket;
    this.#tokens = tokens;
    this.#clock = clock;
    this.#next(RENEW_AT * seconds);
  }

  stop() {
    this.#stopped = true;
    this.#clock.clearTimeout(this.#timer);
  }

  /** @param {number} seconds */
  #next(seconds) {
    if (this.#stopped) return;
    const wait = Math.min(LONGEST_SECONDS, Math.max(LEAST_SECONDS, seconds));
    this.#timer = this.#clock.setTimeout(() => void this.#renew(), wait * 1000 + 1);
  }

  /** If nothing helps, the server ends the connection with 4001, and the next one asks for another token. */
  async #renew() {
    try {
      const token = await this.#tokens.access();
      if (this.#stopped) return;
      const { expires_in: left } = await this.#socket.command("refresh", { token });
      this.#failures = 0;
      this.#tokens.lasts(token, left);
      this.#next(RENEW_AT * left);
    } catch {
      this.#failures += 1;
      this.#next(LEAST_SECONDS * 2 ** Math.min(this.#failures, 4));
    }
  }
}

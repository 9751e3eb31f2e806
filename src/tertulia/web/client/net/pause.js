import { LONGEST } from "./clock.js";

/** A wait that can be cut short. */
export class Pause {
  #clock;
  /** @type {unknown} */
  #timer = null;
  #least = 0;
  /** @type {() => void} */
  #over = () => {};

  /** @param {import("./types.js").Clock} clock */
  constructor(clock) {
    this.#clock = clock;
  }

  /**
   * @param {number} seconds
   * @param {number} least seconds that pass in any case
   * @returns {Promise<void>}
   */
  wait(seconds, least) {
    return new Promise((resolve) => {
      this.#least = this.#clock.now() + least * 1000;
      this.#over = resolve;
      this.#timer = this.#clock.setTimeout(resolve, Math.min(seconds, LONGEST) * 1000);
    });
  }

  /**
   * Go on as soon as one may.
   *
   * @returns {number} in so many milliseconds
   */
  hurry() {
    const left = Math.max(0, this.#least - this.#clock.now());
    this.#clock.clearTimeout(this.#timer);
    this.#timer = this.#clock.setTimeout(this.#over, left);
    return left;
  }

  /** Go on now. */
  end() {
    this.#clock.clearTimeout(this.#timer);
    this.#over();
  }
}

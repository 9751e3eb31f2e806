import { ApiError } from "./errors.js";

/** Commands that wait for their reply; who says one more waits. */
export const MAX_IN_FLIGHT = 64;

/** Commands that wait until they may be said; one more is refused. */
export const MAX_WAITING = 2_000;

/** How many commands are on their way at the same time. First come, first served. */
export class Slots {
  #free = MAX_IN_FLIGHT;
  /** @type {{ resolve: () => void, reject: (error: Error) => void }[]} */
  #queue = [];

  /**
   * @returns {Promise<void>}
   * @throws {ApiError} `busy`
   */
  async take() {
    if (this.#free > 0) {
      this.#free -= 1;
      return;
    }
    if (this.#queue.length >= MAX_WAITING) {
      throw new ApiError("busy", "Too many commands wait already.", { retryAfter: 1 });
    }
    await new Promise((/** @type {(value: void) => void} */ resolve, reject) => {
      this.#queue.push({ resolve, reject });
    });
  }

  /** One is done. */
  give() {
    const next = this.#queue.shift();
    if (next) next.resolve();
    else this.#free += 1;
  }

  /**
   * Nobody gets one any more.
   *
   * @param {Error} error for those who wait
   */
  end(error) {
    for (const { reject } of this.#queue.splice(0)) reject(error);
  }
}

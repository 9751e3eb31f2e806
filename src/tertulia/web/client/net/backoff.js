/** How long to wait before coming back. */

export const FIRST = 0.5;
export const LONGEST = 30;

/**
 * Exponential, with full jitter, so that a thousand clients do not come back at once.
 *
 * One per client. `reset` after a connection that was good.
 */
export class Backoff {
  #random;
  #first;
  #longest;
  #failures = 0;

  /**
   * @param {import("./types.js").Random} random
   * @param {{ first?: number, longest?: number }} [bounds] seconds
   */
  constructor(random, { first = FIRST, longest = LONGEST } = {}) {
    this.#random = random;
    this.#first = first;
    this.#longest = longest;
  }

  /**
   * Seconds to wait.
   *
   * @param {number | null} [hint] what the server asked for (`reconnect_in`, `Retry-After`): never less than it
   */
  next(hint = null) {
    const bound = Math.min(this.#longest, this.#first * 2 ** Math.min(this.#failures, 32));
    this.#failures += 1;
    const jitter = this.#random() * bound;
    return hint === null ? jitter : Math.max(hint, 0) + Math.min(jitter, 1);
  }

  /** The next wait is short again. */
  reset() {
    this.#failures = 0;
  }
}

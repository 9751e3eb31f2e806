/**
 * @typedef {object} Waiting
 * @property {() => boolean} condition
 * @property {() => void} resolve
 * @property {(error: unknown) => void} reject
 */

/** Waiting for something to become true. Who changes state calls `notify`. */
export class Signal {
  /** @type {Waiting[]} */
  #waiting = [];

  /** How many wait. */
  get size() {
    return this.#waiting.length;
  }

  /** Something changed. Conditions are looked at once each; one that throws ends that wait with the error. */
  notify() {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#waiting.push(...waiting.filter((one) => !settled(one)));
  }

  /**
   * Resolves at once when `condition()` holds, else when it does after a `notify`.
   *
   * @param {() => boolean} condition
   * @returns {Promise<void>}
   */
  until(condition) {
    return new Promise((resolve, reject) => {
      const one = { condition, resolve, reject };
      if (!settled(one)) this.#waiting.push(one);
    });
  }
}

/** @param {Waiting} one */
function settled({ condition, resolve, reject }) {
  try {
    if (!condition()) return false;
    resolve();
  } catch (error) {
    reject(error);
  }
  return true;
}

/**
 * A clock that stands still until a test moves it.
 *
 * @implements {Clock}
 * @typedef {import("../../../../src/tertulia/web/client/net/types.js").Clock} Clock
 */
export class FakeClock {
  #now = 1_767_268_800_000;
  #number = 0;
  /** @type {Map<number, { at: number, work: () => void }>} */
  #timers = new Map();

  now = () => this.#now;

  /** @type {Clock["setTimeout"]} */
  setTimeout = (work, milliseconds) => {
    this.#number += 1;
    this.#timers.set(this.#number, { at: this.#now + Math.max(0, milliseconds), work });
    return this.#number;
  };

  /** @type {Clock["clearTimeout"]} */
  clearTimeout = (timer) => void this.#timers.delete(timer);

  /** How many timers wait. */
  get waiting() {
    return this.#timers.size;
  }

  /**
   * Let time pass; what is due happens in order, and what follows from it before time goes on.
   *
   * @param {number} seconds
   */
  async advance(seconds) {
    const until = this.#now + seconds * 1000;
    await settle();
    for (let next = this.#next(until); next; next = this.#next(until)) {
      const [number, { at, work }] = next;
      this.#timers.delete(number);
      this.#now = Math.max(this.#now, at);
      work();
      await settle();
    }
    this.#now = until;
    await settle();
  }

  /**
   * The machine sleeps: timers are late.
   *
   * @param {number} seconds
   */
  async sleep(seconds) {
    this.#now += seconds * 1000;
    await this.advance(0);
  }

  /** @param {number} until */
  #next(until) {
    const due = [...this.#timers].filter(([, { at }]) => at <= until);
    return due.sort(([, one], [, two]) => one.at - two.at)[0];
  }
}

/** Everything that can happen without time passing has happened. */
export async function settle() {
  for (let turn = 0; turn < 6; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

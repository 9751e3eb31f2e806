/** Time, passed in so that tests have their own. */

/** @typedef {import("./types.js").Clock} Clock */

/** @type {Clock} */
export const systemClock = {
  now: () => Date.now(),
  setTimeout: (work, milliseconds) => globalThis.setTimeout(work, milliseconds),
  clearTimeout: (timer) => globalThis.clearTimeout(timer),
};

/**
 * @param {Clock} clock
 * @param {number} seconds
 * @returns {Promise<void>}
 */
export function sleep(clock, seconds) {
  return new Promise((resolve) => clock.setTimeout(resolve, seconds * 1000));
}

/**
 * What `work` gives, or what `late` throws when it takes longer. `work` itself goes on.
 *
 * @template T
 * @param {Clock} clock
 * @param {number} seconds
 * @param {Promise<T>} work
 * @param {() => Error} late
 * @returns {Promise<T>}
 */
export function within(clock, seconds, work, late) {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimeout(() => reject(late()), seconds * 1000);
    const done = () => clock.clearTimeout(timer);
    work.then(resolve, reject).finally(done);
  });
}

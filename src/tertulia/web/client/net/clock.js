/** Time, passed in so that tests have their own. */

/** @typedef {import("./types.js").Clock} Clock */

/** @type {Clock} */
export const systemClock = {
  now: () => Date.now(),
  setTimeout: (work, milliseconds) => globalThis.setTimeout(work, milliseconds),
  clearTimeout: (timer) => globalThis.clearTimeout(timer),
};

/** No wait is longer; browsers take a longer one for none at all. */
export const LONGEST = 86_400;

/**
 * @param {Clock} clock
 * @param {number} seconds
 * @returns {Promise<void>}
 */
export function sleep(clock, seconds) {
  return new Promise((resolve) => clock.setTimeout(resolve, Math.min(seconds, LONGEST) * 1000));
}

/**
 * Seconds as a server gave them.
 *
 * @param {unknown} value
 * @returns {number | null} null when they make no sense
 */
export function secondsOf(value) {
  return typeof value === "number" && value >= 0 ? Math.min(value, LONGEST) : null;
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

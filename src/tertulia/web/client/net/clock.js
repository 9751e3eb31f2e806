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
 * @param {AbortSignal} [ended] throws its reason as soon as it is aborted
 * @returns {Promise<void>}
 */
export function sleep(clock, seconds, ended) {
  return new Promise((resolve, reject) => {
    const over = atEnd(ended, (reason) => (clock.clearTimeout(timer), reject(reason)));
    const awake = () => (over(), resolve());
    const timer = clock.setTimeout(awake, Math.min(seconds, LONGEST) * 1000);
  });
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
 * @param {AbortSignal} [ended] throws its reason as soon as it is aborted
 * @returns {Promise<T>}
 */
export function within(clock, seconds, work, late, ended) {
  return new Promise((resolve, reject) => {
    const over = atEnd(ended, (reason) => (clock.clearTimeout(timer), reject(reason)));
    const timer = clock.setTimeout(() => (over(), reject(late())), seconds * 1000);
    const done = () => (over(), clock.clearTimeout(timer));
    work.then(resolve, reject).finally(done);
  });
}

/**
 * Calls `work` when it has ended, also if it has before.
 *
 * @param {AbortSignal | undefined} ended
 * @param {(reason: any) => void} work
 * @returns {() => void} not any more
 */
export function atEnd(ended, work) {
  const listener = () => work(ended?.reason);
  if (ended?.aborted) queueMicrotask(listener);
  else ended?.addEventListener("abort", listener);
  return () => ended?.removeEventListener("abort", listener);
}

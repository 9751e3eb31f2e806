/** Time, passed in so that tests have their own. */
export type Clock = import("./types.js").Clock;
/** @typedef {import("./types.js").Clock} Clock */
/** @type {Clock} */
export declare const systemClock: Clock;
/**
 * @param {Clock} clock
 * @param {number} seconds
 * @returns {Promise<void>}
 */
export declare function sleep(clock: Clock, seconds: number): Promise<void>;
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
export declare function within<T>(clock: Clock, seconds: number, work: Promise<T>, late: () => Error): Promise<T>;

/** Time, passed in so that tests have their own. */
export type Clock = import("./types.js").Clock;
/** @typedef {import("./types.js").Clock} Clock */
/** @type {Clock} */
export declare const systemClock: Clock;
/** No wait is longer; browsers take a longer one for none at all. */
export declare const LONGEST = 86400;
/**
 * @param {Clock} clock
 * @param {number} seconds
 * @param {AbortSignal} [ended] throws its reason as soon as it is aborted
 * @returns {Promise<void>}
 */
export declare function sleep(clock: Clock, seconds: number, ended?: AbortSignal): Promise<void>;
/**
 * Seconds as a server gave them.
 *
 * @param {unknown} value
 * @returns {number | null} null when they make no sense
 */
export declare function secondsOf(value: unknown): number | null;
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
export declare function within<T>(clock: Clock, seconds: number, work: Promise<T>, late: () => Error, ended?: AbortSignal): Promise<T>;
/**
 * Calls `work` when it has ended, also if it has before.
 *
 * @param {AbortSignal | undefined} ended
 * @param {(reason: any) => void} work
 * @returns {() => void} not any more
 */
export declare function atEnd(ended: AbortSignal | undefined, work: (reason: any) => void): () => void;

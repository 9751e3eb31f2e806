/** Seconds that one exchange may take. */
export declare const TIMEOUT = 15;
export type Exchange = {
    fetch: typeof globalThis.fetch;
    clock: import("./types.js").Clock;
    /**
     * no request outlives it: its reason is thrown
     */
    ended?: AbortSignal | undefined;
};
/**
 * @typedef {object} Exchange
 * @property {typeof globalThis.fetch} fetch
 * @property {import("./types.js").Clock} clock
 * @property {AbortSignal | undefined} [ended] no request outlives it: its reason is thrown
 */
/**
 * One request, and what it is answered.
 *
 * @param {Exchange} parts
 * @param {string} url
 * @param {RequestInit} request
 * @param {number} [seconds]
 * @returns {Promise<any>} the JSON of the answer; null when it has no body
 * @throws {ApiError} the server refused
 * @throws {ConnectionLost} it did not answer in time
 */
export declare function exchange({ fetch, clock, ended }: Exchange, url: string, request: RequestInit, seconds?: number): Promise<any>;
/**
 * The seconds of a `Retry-After` header; null when there is none, or it is a date.
 *
 * @param {string | null} header
 */
export declare function retryAfter(header: string | null): number | null;

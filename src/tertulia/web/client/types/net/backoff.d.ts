/** How long to wait before coming back. */
export declare const FIRST = 0.5;
export declare const LONGEST = 30;
/**
 * Exponential, with full jitter, so that a thousand clients do not come back at once.
 *
 * One per client. `reset` after a connection that was good.
 */
export declare class Backoff {
    #private;
    /**
     * @param {import("./types.js").Random} random
     * @param {{ first?: number, longest?: number }} [bounds] seconds
     */
    constructor(random: import("./types.js").Random, { first, longest }?: {
        first?: number;
        longest?: number;
    });
    /**
     * Seconds to wait.
     *
     * @param {number | null} [hint] what the server asked for (`reconnect_in`, `Retry-After`): never less than it
     */
    next(hint?: number | null): number;
    /** The next wait is short again. */
    reset(): void;
}

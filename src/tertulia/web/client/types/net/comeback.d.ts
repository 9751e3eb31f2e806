/** A connection that lived so many seconds was good: the next back-off begins anew. */
export declare const STABLE_SECONDS = 5;
export declare const FLOOD_PAUSE = 5;
/** Whether, when and with which token to come back after a connection. */
export declare class Comeback {
    #private;
    /** @param {import("./types.js").Random} random */
    constructor(random: import("./types.js").Random);
    /** The server said `ready`: token and address are good. */
    ready(): void;
    /**
     * The token for the next connection: another one than a refused one.
     *
     * @param {import("./types.js").TokenSource} tokens
     */
    token(tokens: import("./types.js").TokenSource): Promise<string>;
    /**
     * What the close code says.
     *
     * @param {{ code: number, reason: string, retryAfter: number | null, lived: number }} end `lived`: seconds after
     *   `ready`
     * @param {string} token
     * @returns {number | null} the least number of seconds to wait, if the server said
     * @throws {Stopped}
     */
    ended({ code, reason, retryAfter, lived }: {
        code: number;
        reason: string;
        retryAfter: number | null;
        lived: number;
    }, token: string): number | null;
    /**
     * There was no connection, or `hello` was refused.
     *
     * @param {unknown} error
     * @param {string} token empty when it was the token that could not be had
     * @returns {number | null} seconds, if the server said
     * @throws {Stopped}
     */
    failed(error: unknown, token: string): number | null;
    /**
     * Seconds to wait now; 0 when a fresh token is all that is missing.
     *
     * @param {number | null} hint
     */
    next(hint: number | null): number;
}

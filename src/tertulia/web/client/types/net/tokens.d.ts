/** Keeps an access token fresh that somebody else makes. */
export type TokenSource = import("./types.js").TokenSource;
/** @typedef {import("./types.js").TokenSource} TokenSource */
/** The part of a token's life after which it is renewed. */
export declare const RENEW_AT = 0.8;
/** Seconds that `getToken` may take. */
export declare const GET_SECONDS = 30;
export declare const UNAUTHORIZED = 4500;
export type GetToken = (why: {
    refused?: string | undefined;
}) => Promise<string | null> | string | null;
/**
 * Gives an access token, or null when nobody is signed in (any more). `refused`: the token that the server did not
 * take; give another.
 *
 * @callback GetToken
 * @param {{ refused?: string | undefined }} why
 * @returns {Promise<string | null> | string | null}
 */
/**
 * Asks `getToken` when there is no token yet, when 80 % of its life is over, and when the server refused it. Who asks
 * meanwhile waits for the same answer.
 *
 * `access` and `renew` throw `Stopped` when there is no token to be had, what `getToken` throws of this package's
 * errors, and `ConnectionLost` for everything else that it throws: then it is asked again later.
 *
 * @implements {TokenSource}
 */
export declare class ForeignTokens implements TokenSource {
    #private;
    /**
     * @param {GetToken} getToken
     * @param {import("./types.js").Clock} clock
     * @param {AbortSignal} [ended] nobody waits for `getToken` any more
     */
    constructor(getToken: GetToken, clock: import("./types.js").Clock, ended?: AbortSignal);
    access(): Promise<string>;
    /** @param {string} refused */
    renew(refused: string): Promise<string>;
    /**
     * @param {string} token
     * @param {number} seconds
     */
    lasts(token: string, seconds: number): void;
}
/**
 * Whom a token is for, as far as one can read it.
 *
 * @param {string} token
 * @returns {string | null}
 */
export declare function subject(token: string): string | null;

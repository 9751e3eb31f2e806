/**
 * What can go wrong for a client.
 *
 *     ApiError         the server refused one command or request
 *     ConnectionLost   the line was cut, or never came up; nothing is known about the answer
 *     Stopped          the client will not come back by itself: signed out, or closed
 *     OutboxFull       too many posts wait for an answer
 */
/** Base of all errors of this package. */
export declare class TertuliaError extends Error {
    name: string;
}
/** The server said no. */
export declare class ApiError extends TertuliaError {
    code: string;
    status: number | null;
    retryAfter: number | null;
    fields: Record<string, string>;
    name: string;
    /**
     * @param {string} code stable, for programs (docs/protocol.md, section 7)
     * @param {string} message for people
     * @param {{ status?: number | null, retryAfter?: number | null, fields?: Record<string, string> }} [more]
     *   `status`: of HTTP, null on the socket; `retryAfter`: seconds; `fields`: name → what is wrong
     */
    constructor(code: string, message: string, { status, retryAfter, fields }?: {
        status?: number | null;
        retryAfter?: number | null;
        fields?: Record<string, string>;
    });
    /**
     * From the `error` of a reply.
     *
     * @param {Record<string, any>} body
     */
    static of(body: Record<string, any>): ApiError;
}
/**
 * Codes after which the same command may be repeated as it is (a post: with the same client_id).
 *
 * @type {ReadonlySet<string>}
 */
export declare const AGAIN: ReadonlySet<string>;
/** The line was cut before the answer came, or could not be opened. */
export declare class ConnectionLost extends TertuliaError {
    retryAfter: number | null;
    name: string;
    /**
     * @param {string} message
     * @param {number | null} [retryAfter] seconds, if the server asked to wait
     */
    constructor(message: string, retryAfter?: number | null);
}
/** The client ended for good. */
export declare class Stopped extends TertuliaError {
    code: number | null;
    name: string;
    /**
     * @param {string} message
     * @param {number | null} [code] the close code (4500 and above), or null when it was closed here
     */
    constructor(message: string, code?: number | null);
}
/** Too many posts wait for an answer: wait for some before you post more. */
export declare class OutboxFull extends TertuliaError {
    name: string;
}

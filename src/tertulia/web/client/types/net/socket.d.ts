export type Frame = import("./types.js").Frame;
/** @typedef {import("./types.js").Frame} Frame */
/** Bytes of a frame to the server. */
export declare const MAX_COMMAND: number;
/** Characters of a frame from the server; more ends the connection. */
export declare const MAX_FRAME: number;
export declare const OPEN_SECONDS = 10;
export declare const CLOSE_SECONDS = 2;
export declare const BROKEN = 1006;
/**
 * One live connection to the server. It lives once; `Link` opens the next.
 *
 * Commands go out and are matched with their replies by `id`; every other frame is given to `onEvent`, a plain
 * function, in the order of the frames. When the line is down, every command that waits throws `ConnectionLost`, and
 * `code`, `reason` and `retryAfter` say why it ended (`bye` and close code).
 */
export declare class Socket {
    #private;
    code: number;
    reason: string;
    /** @type {number | null} */
    retryAfter: number | null;
    /** Resolves when the line is down. @type {Promise<void>} */
    closed: Promise<void>;
    isOpen: boolean;
    /** When something was last heard, in the clock's milliseconds. */
    heard: number;
    /** How many frames came. */
    frames: number;
    /**
     * @param {object} parts
     * @param {string} parts.url
     * @param {string} parts.token goes into the subprotocols: a browser cannot set headers
     * @param {import("./types.js").SocketMaker} parts.WebSocket
     * @param {import("./types.js").Clock} parts.clock
     * @param {(frame: Frame) => void} parts.onEvent
     * @throws {SyntaxError} if the token has characters that no token has
     */
    constructor({ url, token, WebSocket, clock, onEvent }: {
        url: string;
        token: string;
        WebSocket: import("./types.js").SocketMaker;
        clock: import("./types.js").Clock;
        onEvent: (frame: Frame) => void;
    });
    /** Resolves when it is open, or down. One that takes more than 10 seconds is given up. */
    opened(): Promise<any>;
    /**
     * Say it and wait for the reply.
     *
     * @param {string} cmd
     * @param {Frame} [fields]
     * @returns {Promise<Frame>}
     * @throws {ApiError} the refusal
     * @throws {ConnectionLost}
     */
    command(cmd: string, fields?: Frame): Promise<Frame>;
    /**
     * A command whose reply does not matter (`typing`).
     *
     * @param {string} cmd
     * @param {Frame} [fields]
     */
    say(cmd: string, fields?: Frame): void;
    /**
     * Cut the line without waiting for the server.
     *
     * @param {string} reason
     * @param {number} [code]
     */
    abort(reason: string, code?: number): void;
    /** End the connection normally. May be called twice. */
    close(): Promise<void>;
}

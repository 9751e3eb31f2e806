import { Stopped } from "./errors.js";
export type Frame = import("./types.js").Frame;
export type TokenSource = import("./types.js").TokenSource;
export type State = "online" | "connecting" | "offline";
/**
 * @typedef {import("./types.js").Frame} Frame
 * @typedef {import("./types.js").TokenSource} TokenSource
 * @typedef {"online" | "connecting" | "offline"} State
 */
/** How often a command is repeated when the server asks to try again later. */
export declare const ATTEMPTS = 5;
/**
 * One user's line to the server, whatever happens to single connections.
 *
 * `hello` gives the fields of each hello; `onEvent` gets every event in order; `onState` is told each change of
 * `state`, and when the next try is. `run` ends only when there is no coming back; `error` then says why, and whoever
 * waits gets it.
 */
export declare class Link {
    #private;
    /** @type {State} */
    state: State;
    /** When it tries again, in milliseconds since 1970. @type {number | null} */
    retryAt: number | null;
    /** @type {Stopped | null} */
    error: Stopped | null;
    /**
     * @param {object} parts
     * @param {import("./address.js").Address} parts.address
     * @param {import("./types.js").Clock} parts.clock
     * @param {import("./types.js").Random} parts.random
     * @param {import("./types.js").SocketMaker} parts.WebSocket
     * @param {import("./types.js").Wake} [parts.wake]
     * @param {() => Frame} parts.hello
     * @param {(frame: Frame) => void} parts.onEvent
     * @param {(state: State, retryAt: number | null) => void} parts.onState
     */
    constructor(parts: {
        address: import("./address.js").Address;
        clock: import("./types.js").Clock;
        random: import("./types.js").Random;
        WebSocket: import("./types.js").SocketMaker;
        wake?: import("./types.js").Wake;
        hello: () => Frame;
        onEvent: (frame: Frame) => void;
        onState: (state: State, retryAt: number | null) => void;
    });
    /**
     * Connect, come back, until `stop` or until the server says not to. Call it once; it throws nothing.
     *
     * @param {TokenSource} tokens
     */
    run(tokens: TokenSource): Promise<void>;
    /** Whether a command can be said now. */
    get online(): boolean;
    /** Aborted at the end, with the error: for everything that must not outlive the client. */
    get ended(): AbortSignal;
    /**
     * @param {number} seconds
     * @throws {Stopped} as soon as it ends
     */
    sleep(seconds: number): Promise<void>;
    /**
     * No coming back; who waits gets `error`. Only the first counts.
     *
     * @param {Stopped} error
     */
    stop(error: Stopped): void;
    /** The network may be back, or gone: do not wait for the next try, or see whether the line is alive. */
    tryNow(): void;
    /** End for good, at once and normally. */
    close(): Promise<void>;
    /**
     * Resolves when `condition()` holds after an event or a change of state.
     *
     * @param {() => boolean} condition
     * @throws {Stopped}
     */
    until(condition: () => boolean): Promise<void>;
    /** Something changed that somebody may wait for. */
    notify(): void;
    /**
     * Say it once, as soon as the line is up.
     *
     * @param {string} cmd
     * @param {Frame} [fields]
     * @returns {Promise<Frame>}
     * @throws {ApiError | ConnectionLost | Stopped}
     */
    command(cmd: string, fields?: Frame): Promise<Frame>;
    /**
     * Say it if the line is up, without a reply; else it is left out.
     *
     * @param {string} cmd
     * @param {Frame} [fields]
     * @returns {boolean} whether it was said
     */
    say(cmd: string, fields?: Frame): boolean;
    /**
     * As `command`, but again, up to 5 times, while the server asks to try later.
     *
     * @param {string} cmd
     * @param {Frame} [fields]
     */
    patiently(cmd: string, fields?: Frame): Promise<import("./types.js").Frame>;
    /**
     * As `patiently`, and again after a lost connection: for commands that may be done twice. Waits for the line as long
     * as it takes.
     *
     * @param {string} cmd
     * @param {Frame} [fields]
     * @returns {Promise<Frame>}
     * @throws {ApiError | Stopped}
     */
    ask(cmd: string, fields?: Frame): Promise<Frame>;
}

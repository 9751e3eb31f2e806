export type Frame = import("./types.js").Frame;
/** @typedef {import("./types.js").Frame} Frame */
/** A socket that greets, beats and keeps its token fresh. It lives once. */
export declare class Line {
    #private;
    token: string;
    /**
     * @param {object} parts
     * @param {import("./address.js").Address} parts.address
     * @param {import("./types.js").Clock} parts.clock
     * @param {import("./types.js").SocketMaker} parts.WebSocket
     * @param {import("./types.js").TokenSource} tokens
     * @param {string} token
     * @param {(frame: Frame) => void} onEvent
     * @throws {Stopped}
     */
    constructor({ address, clock, WebSocket }: {
        address: import("./address.js").Address;
        clock: import("./types.js").Clock;
        WebSocket: import("./types.js").SocketMaker;
    }, tokens: import("./types.js").TokenSource, token: string, onEvent: (frame: Frame) => void);
    /** Why it ended. */
    get end(): {
        code: number;
        reason: string;
        retryAfter: number | null;
        lived: number;
    };
    get online(): boolean;
    /**
     * Say hello; resolves when the line is down.
     *
     * @param {() => Frame} hello
     */
    live(hello: () => Frame): Promise<void>;
    /**
     * `ready` came.
     *
     * @param {Frame} frame
     */
    ready({ heartbeat, expires_in: left }: Frame): void;
    /** It may be dead: see soon. */
    probe(): void;
    /**
     * @param {string} cmd
     * @param {Frame} fields
     */
    command(cmd: string, fields: Frame): Promise<import("./types.js").Frame>;
    /**
     * @param {string} cmd
     * @param {Frame} fields
     */
    say(cmd: string, fields: Frame): void;
    close(): Promise<void>;
}

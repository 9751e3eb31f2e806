/** Seconds for the answer when the page asks because the network may have changed. */
export declare const PROBE_SECONDS = 10;
/**
 * Notices a dead line, which a browser does not: it cannot see the server's pings.
 *
 * Says `ping` when nothing came for `interval`, and gives the line up when nothing at all came for `timeout`. Timers of
 * pages in the background are late, sometimes by minutes: what counts is that a ping stayed without answer.
 */
export declare class Heartbeat {
    #private;
    /**
     * @param {import("./socket.js").Socket} socket
     * @param {import("./types.js").Clock} clock
     * @param {{ interval: number, timeout: number }} rhythm seconds, as `ready` says
     */
    constructor(socket: import("./socket.js").Socket, clock: import("./types.js").Clock, { interval, timeout }: {
        interval: number;
        timeout: number;
    });
    /** The line may be dead: ask now. */
    probe(): void;
    stop(): void;
}

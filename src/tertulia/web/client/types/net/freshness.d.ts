/** Puts a new token on the live connection before the old one ends. */
export declare class Freshness {
    #private;
    /**
     * @param {import("./socket.js").Socket} socket
     * @param {import("./types.js").TokenSource} tokens
     * @param {import("./types.js").Clock} clock
     * @param {number} seconds what is left of the token's life
     */
    constructor(socket: import("./socket.js").Socket, tokens: import("./types.js").TokenSource, clock: import("./types.js").Clock, seconds: number);
    stop(): void;
}

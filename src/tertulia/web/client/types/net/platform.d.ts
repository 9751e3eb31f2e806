/** What the client needs of its surroundings: a browser's own, or what a test gives instead. */
export type Platform = {
    fetch: typeof globalThis.fetch;
    WebSocket: import("./types.js").SocketMaker;
    clock: import("./types.js").Clock;
    random: import("./types.js").Random;
    indexedDB: IDBFactory | null;
    /**
     * null on pages that are not secure (plain http)
     */
    locks: import("./types.js").Locks | null;
    BroadcastChannel: import("./types.js").ChannelMaker | null;
    wake: import("./types.js").Wake;
    leave: import("./types.js").Leave;
};
/**
 * @typedef {object} Platform
 * @property {typeof globalThis.fetch} fetch
 * @property {import("./types.js").SocketMaker} WebSocket
 * @property {import("./types.js").Clock} clock
 * @property {import("./types.js").Random} random
 * @property {IDBFactory | null} indexedDB
 * @property {import("./types.js").Locks | null} locks null on pages that are not secure (plain http)
 * @property {import("./types.js").ChannelMaker | null} BroadcastChannel
 * @property {import("./types.js").Wake} wake
 * @property {import("./types.js").Leave} leave
 */
/**
 * @param {Partial<Platform>} [options] what is given here wins, null too: not there
 * @returns {Platform}
 */
export declare function platform(options?: Partial<Platform>): Platform;
/**
 * The network is there again, or the page is looked at again.
 *
 * @type {import("./types.js").Wake}
 */
export declare function browserWake(listener: () => void): () => void;
/**
 * The page is hidden, or left: afterwards nothing may run here any more.
 *
 * @type {import("./types.js").Leave}
 */
export declare function browserLeave(listener: () => void): () => void;

export type Pending = import("./pending.js").Pending;
/** @typedef {import("./pending.js").Pending} Pending */
/** Tabs whose end this one waits for. */
export declare const MAX_WATCHED = 100;
/** Seconds after which a tab begins, whatever stands in the shelf. */
export declare const LOOK_SECONDS = 0.5;
/**
 * Keeps the posts of one user on one server in the shelf, and takes over those of tabs that are closed.
 *
 * Each tab holds a lock as long as it lives; whoever gets the lock of another tab knows that it is gone. Without locks
 * everything that is found in the beginning is taken over: then two tabs may send the same post, which the server
 * stores once. What goes wrong with the shelf is passed over: the posts are sent as long as the page lives.
 */
export declare class Keeping {
    #private;
    /**
     * @param {object} parts
     * @param {string} parts.url of the server
     * @param {string | null} parts.storage name of the database; null: nothing is kept
     * @param {IDBFactory | null} parts.indexedDB
     * @param {import("../net/types.js").Locks | null} parts.locks
     * @param {import("../net/types.js").ChannelMaker | null} parts.BroadcastChannel
     * @param {import("../net/types.js").Clock} parts.clock
     * @param {string} parts.tab a random name
     * @param {() => number} parts.space how many posts may be taken over
     * @param {(posts: import("./pending.js").Kept[]) => void} parts.onFound what is taken over
     */
    constructor({ url, storage, indexedDB, clock, locks, BroadcastChannel, tab, space, onFound }: {
        url: string;
        storage: string | null;
        indexedDB: IDBFactory | null;
        locks: import("../net/types.js").Locks | null;
        BroadcastChannel: import("../net/types.js").ChannelMaker | null;
        clock: import("../net/types.js").Clock;
        tab: string;
        space: () => number;
        onFound: (posts: import("./pending.js").Kept[]) => void;
    });
    /**
     * From now on posts are kept for `user`. Resolves when those of closed tabs were found, or after half a second.
     *
     * @param {string} user
     */
    enter(user: string): Promise<void>;
    /**
     * Look again for posts of tabs that are closed.
     */
    look(): Promise<void>;
    /** @param {Pending} post */
    keep(post: Pending): void;
    /** @param {Pending} post */
    change(post: Pending): void;
    /** @param {Pending} post */
    drop(post: Pending): void;
    /**
     * Nothing of this user is kept any more; while nobody knows who that is, nothing of anybody on this server: what must
     * not be read here must not stay. Throws when the storage does not work.
     */
    forget(): Promise<void>;
    /** This tab ends; another one may take over. Resolves when everything is written. */
    close(): Promise<void>;
}

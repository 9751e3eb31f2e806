export type Kept = import("./pending.js").Kept;
/** @typedef {import("./pending.js").Kept} Kept */
/** Posts that are kept, of all users together. */
export declare const MAX_KEPT = 10000;
/**
 * Posts in IndexedDB, where they outlive the page. Every call may throw: storage is full, forbidden, or taken away.
 */
export declare class Shelf {
    #private;
    /**
     * @param {IDBFactory} indexedDB
     * @param {string} name of the database
     * @param {import("../net/types.js").Clock} clock
     */
    constructor(indexedDB: IDBFactory, name: string, clock: import("../net/types.js").Clock);
    /**
     * Keep a post. False when there are too many already.
     *
     * @param {Kept} post
     */
    put(post: Kept): Promise<boolean>;
    /**
     * A kept post changed. One that is not kept any more stays away.
     *
     * @param {Kept} post
     */
    change(post: Kept): Promise<void>;
    /** @param {string} clientId */
    remove(clientId: string): Promise<void>;
    /**
     * Tabs that keep posts of this owner.
     *
     * @param {string} owner
     * @returns {Promise<Set<string>>}
     */
    tabs(owner: string): Promise<Set<string>>;
    /**
     * The posts of one tab become those of another, the first ones first.
     *
     * @param {string} owner
     * @param {string} from
     * @param {string} to
     * @param {number} limit
     * @returns {Promise<Kept[]>}
     */
    adopt(owner: string, from: string, to: string, limit: number): Promise<Kept[]>;
    /**
     * Nothing of these owners is kept any more.
     *
     * @param {(owner: string) => boolean} isTheirs
     */
    forget(isTheirs: (owner: string) => boolean): Promise<void>;
    close(): Promise<void>;
}

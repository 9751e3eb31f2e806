import { OutboxFull } from "../net/errors.js";
export type Pending = import("./pending.js").Pending;
/** @typedef {import("./pending.js").Pending} Pending */
export declare const LIMIT = 1000;
/**
 * Holds posts in order until they are answered, at most `limit` of all rooms together; those that were refused, too,
 * until they are retried or discarded.
 *
 * A room's posts are sent one after the other, so that their order holds even when one has to be repeated.
 */
export declare class Outbox {
    #private;
    /** @param {{ limit?: number, onChange?: (room: string) => void }} [parts] */
    constructor({ limit, onChange }?: {
        limit?: number;
        onChange?: (room: string) => void;
    });
    get size(): number;
    /** How many more it takes; less than 0 when it has some that failed because it takes no more. */
    get space(): number;
    /** Why it takes no more. */
    get full(): OutboxFull;
    /**
     * @param {Pending} post one that failed is taken beyond the limit, within bounds
     * @throws {OutboxFull}
     */
    add(post: Pending): void;
    /**
     * The post of this room that is next, or on its way.
     *
     * @param {string} room
     */
    first(room: string): import("./pending.js").Pending | null;
    /**
     * All posts of a room, in order; failed ones, too.
     *
     * @param {string} room
     * @returns {Pending[]}
     */
    of(room: string): Pending[];
    /** Rooms with posts. */
    rooms(): string[];
    /** @returns {Pending[]} of all rooms */
    all(): Pending[];
    /**
     * @param {string} clientId
     * @returns {Pending | null}
     */
    find(clientId: string): Pending | null;
    /** @param {Pending} post */
    has(post: Pending): boolean;
    /**
     * It is on the server's disk. False if that was known.
     *
     * @param {Pending} post
     * @param {import("./pending.js").Message} message
     */
    stored(post: Pending, message: import("./pending.js").Message): boolean;
    /**
     * It cannot be sent. It stays until somebody decides.
     *
     * @param {Pending} post
     * @param {import("../net/errors.js").TertuliaError} error
     */
    refused(post: Pending, error: import("../net/errors.js").TertuliaError): boolean;
    /**
     * Send a refused one again, behind the others.
     *
     * @param {Pending} post
     * @param {number} order
     */
    again(post: Pending, order: number): void;
    /**
     * A message of mine came by: if it is one of these posts, that one is stored.
     *
     * @param {string} room
     * @param {import("./pending.js").Message} message
     * @returns {Pending | null}
     */
    seen(room: string, message: import("./pending.js").Message): Pending | null;
    /**
     * @param {Pending} post
     * @returns {boolean} whether it was there
     */
    remove(post: Pending): boolean;
}

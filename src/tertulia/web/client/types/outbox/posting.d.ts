import { ApiError } from "../net/errors.js";
import { Pending } from "./pending.js";
export type Message = import("./pending.js").Message;
/** @typedef {import("./pending.js").Message} Message */
/** Seconds between two tries of a post that the server wants to have later. */
export declare const LONGEST_WAIT = 30;
/**
 * Sends what stands in the outbox: one post of a room at a time, the rooms beside each other.
 *
 * A post whose answer did not come, or that the server wants to have later, is sent again with the same `client_id`; it
 * ends with `onStored` or, when the server refuses it for good, with `onRefused`: then it waits for `retry` or
 * `discard`. Nothing is sent before `enter` said whose posts these are; from then on they outlive the page.
 */
export declare class Posting {
    #private;
    /**
     * @param {object} parts
     * @param {import("./outbox.js").Outbox} parts.outbox
     * @param {import("../net/link.js").Link} parts.link
     * @param {import("../net/types.js").Clock} parts.clock
     * @param {import("../net/address.js").Address} parts.address
     * @param {string | null} [parts.storage] name of the IndexedDB database; null: nothing is kept
     * @param {IDBFactory | null} [parts.indexedDB]
     * @param {import("../net/types.js").Locks | null} [parts.locks]
     * @param {import("../net/types.js").ChannelMaker | null} [parts.BroadcastChannel]
     * @param {(post: Pending, message: Message) => void} [parts.onStored]
     * @param {(post: Pending, error: ApiError) => void} [parts.onRefused]
     */
    constructor({ outbox, link, clock, address, onStored, onRefused, ...parts }: {
        outbox: import("./outbox.js").Outbox;
        link: import("../net/link.js").Link;
        clock: import("../net/types.js").Clock;
        address: import("../net/address.js").Address;
        storage?: string | null;
        indexedDB?: IDBFactory | null;
        locks?: import("../net/types.js").Locks | null;
        BroadcastChannel?: import("../net/types.js").ChannelMaker | null;
        onStored?: (post: Pending, message: Message) => void;
        onRefused?: (post: Pending, error: ApiError) => void;
    });
    /**
     * Put a post on its way; or, when nothing more can be sent, where it waits for `retry` or `discard`.
     *
     * @param {string} room
     * @param {string} body
     * @param {number | null} [replyTo] index of a message
     * @returns {Pending}
     * @throws {import("../net/errors.js").OutboxFull} too many wait for `retry` or `discard`, too
     */
    post(room: string, body: string, replyTo?: number | null): Pending;
    /**
     * Send a failed post again, as it is, behind the others of its room; it fails again while nothing can be sent.
     *
     * @param {string} clientId
     * @returns {Pending | null}
     */
    retry(clientId: string): Pending | null;
    /**
     * Give a post up: a refused one, or one that was never sent.
     *
     * @param {string} clientId
     * @returns {boolean} whether it could be
     */
    discard(clientId: string): boolean;
    /**
     * A message of mine came by: if it is one of these posts, it is stored, even if its answer was lost.
     *
     * @param {string} room
     * @param {Message} message
     * @returns {Pending | null}
     */
    seen(room: string, message: Message): Pending | null;
    /**
     * The line is up, for this user: posts go out now, the kept ones of closed tabs before those of this one.
     *
     * @param {string} user
     */
    enter(user: string): Promise<void>;
    /**
     * The client ended: who waits for an answer gets `error`. What is kept is sent by the next client of this user.
     *
     * @param {Error} error
     */
    end(error: Error): Promise<void>;
    /** Take away what is kept of this user, before `enter` of all users here; what is on its way stays on its way. */
    forget(): Promise<void>;
}

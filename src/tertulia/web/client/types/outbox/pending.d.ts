export type TertuliaError = import("../net/errors.js").TertuliaError;
export type Message = Record<string, any>;
export type Row = {
    /**
     * the client_id
     */
    key: string;
    kind: "pending";
    client_id: string;
    body: string;
    reply_to: number | null;
    state: "pending" | "failed";
    /**
     * why it failed
     */
    error: TertuliaError | null;
    created_at: string;
};
export type Kept = {
    client_id: string;
    owner: string;
    tab: string;
    order: number;
    room: string;
    body: string;
    reply_to: number | null;
    created_at: string;
    error: Record<string, any> | null;
};
/** @typedef {import("../net/errors.js").TertuliaError} TertuliaError */
/**
 * @typedef {Record<string, any>} Message
 *
 * @typedef {object} Row what a room's timeline shows of it
 * @property {string} key the client_id
 * @property {"pending"} kind
 * @property {string} client_id
 * @property {string} body
 * @property {number | null} reply_to
 * @property {"pending" | "failed"} state
 * @property {TertuliaError | null} error why it failed
 * @property {string} created_at
 *
 * @typedef {object} Kept as it stands in the shelf
 * @property {string} client_id
 * @property {string} owner
 * @property {string} tab
 * @property {number} order
 * @property {string} room
 * @property {string} body
 * @property {number | null} reply_to
 * @property {string} created_at
 * @property {Record<string, any> | null} error
 */
/** One post on its way. Its `clientId` never changes, so however often it is sent, it is stored once. */
export declare class Pending {
    #private;
    room: string;
    body: string;
    clientId: string;
    replyTo: number | null;
    order: number;
    createdAt: string;
    attempts: number;
    /**
     * @param {object} post
     * @param {string} post.room
     * @param {string} post.body
     * @param {string} post.clientId
     * @param {number | null} [post.replyTo]
     * @param {number} post.order of two posts of a room, the greater one comes later
     * @param {string} post.createdAt
     * @param {TertuliaError | null} [post.error]
     */
    constructor({ room, body, clientId, replyTo, order, createdAt, error }: {
        room: string;
        body: string;
        clientId: string;
        replyTo?: number | null;
        order: number;
        createdAt: string;
        error?: TertuliaError | null;
    });
    /** @param {Kept} kept */
    static of({ room, body, client_id, reply_to, order, created_at, error }: Kept): Pending;
    /** @returns {"pending" | "failed"} */
    get state(): "pending" | "failed";
    get error(): import("../net/errors.js").TertuliaError | null;
    /** The same object until it changes. */
    get row(): Readonly<Row>;
    /** The fields of the post command. */
    get command(): {
        room: string;
        body: string;
        client_id: string;
    } | {
        room: string;
        body: string;
        client_id: string;
        reply_to: number;
    };
    /**
     * @param {string} owner
     * @param {string} tab
     * @returns {Kept}
     */
    kept(owner: string, tab: string): Kept;
    /**
     * The message as it is stored; throws why it is not. Nobody has to ask.
     *
     * @returns {Promise<Message>}
     */
    answer(): Promise<Message>;
    /** @param {Message} message */
    stored(message: Message): void;
    /** @param {TertuliaError} error */
    refused(error: TertuliaError): void;
    /**
     * Nobody knows whether it will be stored.
     *
     * @param {Error} error
     */
    left(error: Error): void;
    /** @param {number} order */
    again(order: number): void;
}

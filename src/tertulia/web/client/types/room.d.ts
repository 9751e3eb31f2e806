/**
 * @typedef {import("./model/types.js").Message} Message
 * @typedef {import("./model/types.js").RoomResource} RoomResource
 */
export type Message = import("./model/types.js").Message;
export type RoomResource = import("./model/types.js").RoomResource;
export type Readable<T> = import("./model/listeners.js").Readable<T>;
/**
 * A room: its stores, and what can be done in it. Always the same object for the same id, whether I am a member or not.
 *
 * What has to be said to the server waits for the line as long as it takes. Throws `ApiError` when the server refuses,
 * `Stopped` when the client has ended.
 */
export declare class Room {
    #private;
    id: string;
    /**
     * @param {string} id
     * @param {import("./core.js").Core} core
     * @param {import("./views.js").Views} views
     */
    constructor(id: string, core: import("./core.js").Core, views: import("./views.js").Views);
    /**
     * Its settings and counts, and how I stand there; null while nothing is known of it.
     *
     * @returns {Readable<import("./model/types.js").RoomSummary | null>}
     */
    get info(): Readable<import("./model/types.js").RoomSummary | null>;
    /**
     * Messages and notices, oldest first, and behind them what is not stored yet.
     *
     * @returns {Readable<import("./model/types.js").MessagesView>}
     */
    get messages(): Readable<import("./model/types.js").MessagesView>;
    /**
     * Who types, without me.
     *
     * @returns {Readable<import("./model/types.js").TypingView>}
     */
    get typing(): Readable<import("./model/types.js").TypingView>;
    /**
     * Who is a member; large rooms do not tell.
     *
     * @returns {Readable<import("./model/types.js").MembersView>}
     */
    get members(): Readable<import("./model/types.js").MembersView>;
    /**
     * How far members have read, by user id.
     *
     * @returns {Readable<Readonly<Record<string, import("./model/types.js").Receipt>>>}
     */
    get receipts(): Readable<Readonly<Record<string, import("./model/types.js").Receipt>>>;
    /**
     * Follow it: resolves when its newest page is here. Open it as often as you like, and close it as often.
     *
     * @returns {Promise<void>}
     * @throws {import("./net/errors.js").ApiError} `not_found`
     */
    open(): Promise<void>;
    /** Not looked at any more: its counts stay up to date. */
    close(): void;
    /**
     * The page before what is here; who asks meanwhile gets the same. Nothing (0) when there is nothing older, or 5,000
     * rows are here.
     *
     * @param {number} [limit] messages, up to 100
     * @returns {Promise<number>} how many rows that gave
     */
    older(limit?: number): Promise<number>;
    /**
     * Put a post on its way. It is a row at once, and outlives cuts and reloads until the server has it or refuses it. When
     * nothing more can be sent (the client has ended, 1,000 posts wait), it is a failed row with the reason.
     *
     * @param {string} body
     * @param {{ reply_to?: number | null }} [more] `reply_to`: the index of a message
     * @returns {{ client_id: string, stored: Promise<Message> }} `stored` rejects when it fails; nobody has to look
     * @throws {TypeError} `body` is no string, `reply_to` no integer
     * @throws {import("./net/errors.js").OutboxFull} 100 failed rows wait beside the 1,000 posts
     */
    send(body: string, { reply_to: replyTo }?: {
        reply_to?: number | null;
    }): {
        client_id: string;
        stored: Promise<Message>;
    };
    /**
     * Send a failed post again.
     *
     * @param {string} clientId
     */
    retry(clientId: string): void;
    /**
     * Take a post away that failed, or was never sent.
     *
     * @param {string} clientId
     * @returns {boolean} whether it could be
     */
    discard(clientId: string): boolean;
    /**
     * @param {number} index
     * @param {string} body
     */
    edit(index: number, body: string): Promise<import("./model/types.js").Message>;
    /**
     * Delete a message: a tombstone stays.
     *
     * @param {number} index
     */
    remove(index: number): Promise<import("./model/types.js").Message>;
    /**
     * @param {number} index
     * @param {string} emoji
     * @param {boolean} [on]
     */
    react(index: number, emoji: string, on?: boolean): Promise<import("./model/types.js").Message>;
    /**
     * @param {number} index
     * @param {boolean} [on]
     */
    pin(index: number, on?: boolean): Promise<import("./model/types.js").Message>;
    /**
     * I have read up to `index`. The stores have it at once, the server a moment later.
     *
     * @param {number} index
     */
    read(index: number): void;
    /**
     * From this message on, until I `read` it again or post; null: not any more.
     *
     * @param {number | null} index
     */
    markUnread(index: number | null): Promise<void>;
    /**
     * What is my own affair; what is absent stays. `hidden`: until a message comes.
     *
     * @param {{ notify?: import("./model/types.js").Notify, hidden?: boolean }} fields
     */
    set({ notify, hidden }: {
        notify?: import("./model/types.js").Notify;
        hidden?: boolean;
    }): Promise<void>;
    /**
     * I type: call it as often as you like. Left out while there is no line.
     *
     * @param {boolean} [on]
     */
    typingNow(on?: boolean): void;
    /** Become a member of a public room. */
    join(): Promise<void>;
    /** Resolves when it is seen here, too. Who is brought back meanwhile has left as well. */
    leave(): Promise<void>;
    /**
     * @param {{ name?: string, title?: string, description?: string, metadata?: Record<string, unknown>,
     *   archived?: boolean, slow_mode?: number, retention_days?: number }} fields what is absent stays
     * @returns {Promise<RoomResource>}
     */
    change(fields: {
        name?: string;
        title?: string;
        description?: string;
        metadata?: Record<string, unknown>;
        archived?: boolean;
        slow_mode?: number;
        retention_days?: number;
    }): Promise<RoomResource>;
}

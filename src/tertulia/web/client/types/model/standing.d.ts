export type Me = import("./types.js").Me;
export type Member = import("./types.js").Member;
export type Message = import("./types.js").Message;
/** How I stand in a room: role, positions, and what is my own affair there. */
/** @typedef {import("./types.js").Me} Me */
/** @typedef {import("./types.js").Member} Member */
/** @typedef {import("./types.js").Message} Message */
/** Unread mentions are counted up to here. */
export declare const MENTIONS_CEILING = 100;
export declare class Standing {
    /** @type {Readonly<Me> | null} null: I am no member. Replaced, never changed. */
    me: Readonly<Me> | null;
    /** How many messages the room had when this was said. */
    toldAt: number;
    /** Up to where I have read, or marked something as unread. */
    get seen(): number;
    /**
     * As it was when the room had so many messages; what I have read only grows.
     *
     * @param {Me} me
     * @param {number} messageCount
     */
    take(me: Me, messageCount: number): void;
    /**
     * `me` without what `member` events say in their order.
     *
     * @param {Me} me
     * @returns {Me}
     */
    aside(me: Me): Me;
    /**
     * A row of mine in the list of members.
     *
     * @param {Member} member
     */
    takeMember({ role, joined_at, muted_until: until }: Member): void;
    /**
     * Positions only grow.
     *
     * @param {number} read
     * @param {number} delivered
     */
    receive(read: number, delivered: number): void;
    /**
     * I read up to `index` again: a mark before it moves behind it, or ends. Whether there was one.
     *
     * @param {number} index
     */
    look(index: number): boolean;
    /**
     * A new message: the room is not hidden any more; by myself: nothing is marked as unread.
     *
     * @param {boolean} mine
     */
    hear(mine: boolean): void;
    /** One more mentions me. */
    countMention(): void;
    forget(): void;
}

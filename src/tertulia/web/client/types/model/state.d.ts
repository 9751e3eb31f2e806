/** What is known of one room: settings, counts, rows, members, and how I stand. Who keeps the cursor: `RoomModel`. */
import { Members } from "./members.js";
import { Standing } from "./standing.js";
import { Timeline } from "./timeline.js";
export type Frame = import("./types.js").Frame;
export type Me = import("./types.js").Me;
export type Member = import("./types.js").Member;
export type Message = import("./types.js").Message;
export type User = import("./types.js").User;
/** @typedef {import("./types.js").Frame} Frame */
/** @typedef {import("./types.js").Me} Me */
/** @typedef {import("./types.js").Member} Member */
/** @typedef {import("./types.js").Message} Message */
/** @typedef {import("./types.js").User} User */
/** @type {import("./types.js").TypingView} */
export declare const NOBODY: import("./types.js").TypingView;
export declare class RoomState {
    #private;
    id: string;
    user: string | null;
    timeline: Timeline;
    members: Members;
    standing: Standing;
    /** @type {Readonly<Partial<import("./settings.js").Settings>>} */
    settings: Readonly<Partial<import("./settings.js").Settings>>;
    /** @type {User | null} */
    partner: User | null;
    /** @type {Message | null} */
    lastMessage: Message | null;
    messageCount: number;
    memberCount: number;
    firstIndex: number;
    /** @type {import("./types.js").TypingView} */
    typing: import("./types.js").TypingView;
    /** Whom I block: their @room is none for me. @type {ReadonlySet<string>} */
    blocked: ReadonlySet<string>;
    /**
     * @param {string} id
     * @param {string | null} user who I am, by id
     */
    constructor(id: string, user: string | null);
    /** What people see: the title, the name, or the other one of a direct room. */
    get title(): string;
    /** How I stand here; null: I am no member. */
    get me(): Readonly<import("./types.js").Me> | null;
    /** A subtraction; 0 for who is no member. */
    get unread(): number;
    /** Unread messages that mention me; 100 means "100 or more". */
    get mentions(): number;
    /**
     * From `ready`, `reload` or REST. `isOld`: `me` is older than what is known of my role.
     *
     * @param {import("./types.js").RoomResource} room
     * @param {boolean} isOld
     */
    list(room: import("./types.js").RoomResource, isOld: boolean): void;
    /**
     * A room afresh.
     *
     * @param {Frame} snapshot
     * @param {number} seq
     */
    start({ room, messages, members }: Frame, seq: number): void;
    /**
     * A change, or what one of several changed. Whether I left by it.
     *
     * @param {Frame} event
     * @param {number} at the seq at which its counts hold
     */
    take(event: Frame, at: number): any;
    /**
     * The same for a room that is only listed: its counts, settings and last message. Whether I left by it.
     *
     * @param {Frame} event
     */
    glance(event: Frame): any;
    /**
     * How I stand, as it was when the room had so many messages.
     *
     * @param {Me} me
     * @param {number} messageCount
     */
    takeMe(me: Me, messageCount: number): void;
    /**
     * A message or notice as it is now, or was.
     *
     * @param {Message} row
     */
    takeRow(row: Message): void;
    /**
     * A page of history; how many rows were gained.
     *
     * @param {import("./timeline.js").Page} page
     */
    takePage(page: import("./timeline.js").Page): number;
    /**
     * Positions only grow.
     *
     * @param {string} user
     * @param {number} read
     * @param {number} delivered
     */
    receive(user: string, read: number, delivered: number): void;
    /** Know nothing. */
    clear(): void;
}

import { Room } from "./room.js";
export type Readable<T> = import("./model/listeners.js").Readable<T>;
export type RoomSummary = import("./model/types.js").RoomSummary;
export type User = import("./model/types.js").User;
export type Unread = {
    rooms: number;
    messages: number;
    mentions: number;
};
export type Connection = {
    state: "online" | "connecting" | "offline";
    /**
     * when it tries again, in milliseconds since 1970
     */
    retryAt: number | null;
    /**
     * it has ended for good
     */
    error: import("./net/errors.js").TertuliaError | null;
};
export type ClientOptions = {
    /**
     * of the server; this page's origin, if it is not given
     */
    url?: string;
    /**
     * gives an access token; it is asked again when 80 % of its
     * life is over, and when the server did not take it (`refused`)
     */
    getToken: import("./net/tokens.js").GetToken;
    /**
     * keep every room of mine in full; otherwise (false) only those that are opened, the
     * others with their counts
     */
    follow?: boolean;
    /**
     * name of the IndexedDB database in which posts wait; null: in memory only
     */
    storage?: string | null;
};
export type Options = ClientOptions & Partial<import("./net/platform.js").Platform>;
/**
 * @template T
 * @typedef {import("./model/listeners.js").Readable<T>} Readable
 */
/**
 * @typedef {import("./model/types.js").RoomSummary} RoomSummary
 * @typedef {import("./model/types.js").User} User
 *
 * @typedef {{ rooms: number, messages: number, mentions: number }} Unread
 *
 * @typedef {object} Connection
 * @property {"online" | "connecting" | "offline"} state
 * @property {number | null} retryAt when it tries again, in milliseconds since 1970
 * @property {import("./net/errors.js").TertuliaError | null} error it has ended for good
 *
 * @typedef {object} ClientOptions
 * @property {string} [url] of the server; this page's origin, if it is not given
 * @property {import("./net/tokens.js").GetToken} getToken gives an access token; it is asked again when 80 % of its
 *   life is over, and when the server did not take it (`refused`)
 * @property {boolean} [follow] keep every room of mine in full; otherwise (false) only those that are opened, the
 *   others with their counts
 * @property {string | null} [storage] name of the IndexedDB database in which posts wait; null: in memory only
 *
 * @typedef {ClientOptions & Partial<import("./net/platform.js").Platform>} Options what is given of the platform is
 *   used instead of the browser's own
 */
/**
 * A user of a Tertulia server, for as long as the page lives. It comes back by itself after every cut; meanwhile posts
 * wait, and rooms are caught up, so that nothing is missed or doubled.
 */
export declare class Client {
    #private;
    /** @param {Options} options */
    constructor(options: Options);
    /** Whether the line is up. @returns {Readable<Connection>} */
    get connection(): Readable<Connection>;
    /** Who I am, once the server has said so. @returns {Readable<User | null>} */
    get user(): Readable<User | null>;
    /** My rooms, last active first; hidden and archived ones are left out. @returns {Readable<readonly RoomSummary[]>} */
    get rooms(): Readable<readonly RoomSummary[]>;
    /** How much is unread in all of them. @returns {Readable<Unread>} */
    get unread(): Readable<Unread>;
    /** Who is there, by user id; who is not named is offline. @returns {Readable<Readonly<Record<string, "online" | "away">>>} */
    get presence(): Readable<Readonly<Record<string, "online" | "away">>>;
    /** Ids of those whom I block: what they write still comes; hide it. @returns {Readable<readonly string[]>} */
    get blocked(): Readable<readonly string[]>;
    /** API v1 by HTTP: `rest.ask(method, path, body)` for everything that has no method here. */
    get rest(): import("./net/rest.js").Rest;
    /** Connect, and stay connected. */
    start(): void;
    /** Do not wait for the next try: for a button beside "connection lost". As soon as the server lets one. */
    tryNow(): void;
    /**
     * Resolves when the rooms are here, and those that are followed up to date.
     *
     * @throws {Stopped}
     */
    ready(): Promise<void>;
    /** End for good. Posts that wait are kept for the next client of this user. */
    close(): Promise<void>;
    /**
     * Take away the posts of this user that are kept in this browser: for who signs out on a foreign machine. Before the
     * server said who this is, those of all users of this server.
     */
    forget(): Promise<void>;
    /**
     * @param {string} id
     * @returns {Room} always the same object
     */
    room(id: string): Room;
    /**
     * Become a member of a public room.
     *
     * @param {string} id
     * @returns {Promise<Room>} followed, as if it had been opened and closed
     */
    join(id: string): Promise<Room>;
    /**
     * @param {{ kind?: "public" | "private", name?: string | null, title?: string, description?: string,
     *   metadata?: Record<string, unknown> }} fields a public room needs a `name`, a private one a `name` or a `title`
     * @returns {Promise<Room>}
     */
    createRoom({ kind, ...fields }: {
        kind?: "public" | "private";
        name?: string | null;
        title?: string;
        description?: string;
        metadata?: Record<string, unknown>;
    }): Promise<Room>;
    /**
     * The direct room with a user: there is one for each two people.
     *
     * @param {string} user an id
     * @returns {Promise<Room>}
     */
    direct(user: string): Promise<Room>;
    /**
     * A page of the public rooms.
     *
     * @param {{ q?: string, cursor?: string | null }} [query]
     * @returns {Promise<{ items: import("./model/types.js").RoomResource[], next: string | null }>}
     */
    directory(query?: {
        q?: string;
        cursor?: string | null;
    }): Promise<{
        items: import("./model/types.js").RoomResource[];
        next: string | null;
    }>;
    /**
     * A page of people whose name looks like `q`.
     *
     * @param {{ q?: string, cursor?: string | null }} [query]
     * @returns {Promise<{ items: User[], next: string | null }>}
     */
    people(query?: {
        q?: string;
        cursor?: string | null;
    }): Promise<{
        items: User[];
        next: string | null;
    }>;
    /**
     * Hear no more of somebody, or again.
     *
     * @param {string} user an id
     * @param {boolean} [on]
     */
    block(user: string, on?: boolean): Promise<void>;
    /**
     * How I am on this device; kept over reconnects.
     *
     * @param {"online" | "away"} status
     */
    setPresence(status: "online" | "away"): void;
}
/**
 * A client of a Tertulia server; `start` it.
 *
 * @param {Options} options
 */
export declare function createClient(options: Options): Client;

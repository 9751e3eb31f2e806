/** Seconds during which positions are gathered. */
export declare const PAUSE = 0.3;
export type Surroundings = {
    /**
     * who I am, by id
     */
    user: () => string;
    room: (id: string) => import("./room.js").RoomModel | undefined;
    say: (cmd: string, fields: import("./types.js").Frame) => Promise<unknown>;
    /**
     * say it now or not at all, without an
     * answer; whether it was said
     */
    tell: (cmd: string, fields: import("./types.js").Frame) => boolean;
    sleep: (seconds: number) => Promise<void>;
};
/**
 * @typedef {object} Surroundings
 * @property {() => string} user who I am, by id
 * @property {(id: string) => import("./room.js").RoomModel | undefined} room
 * @property {(cmd: string, fields: import("./types.js").Frame) => Promise<unknown>} say
 * @property {(cmd: string, fields: import("./types.js").Frame) => boolean} tell say it now or not at all, without an
 *   answer; whether it was said
 * @property {(seconds: number) => Promise<void>} sleep
 */
/**
 * Gathers rooms whose positions moved, and says the newest ones, room after room: now and then, not for every message.
 *
 * What a lost line swallowed is not repeated here: read positions go into the next hello.
 */
export declare class Positions {
    #private;
    /** @param {Surroundings} around */
    constructor(around: Surroundings);
    /**
     * I have read up to `index`; less than before is nothing, unless something is marked as unread.
     *
     * @param {import("./room.js").RoomModel} room
     * @param {number} index
     */
    read(room: import("./room.js").RoomModel, index: number): void;
    /**
     * Everything up to the cursor arrived; worth saying only where somebody may see it.
     *
     * @param {import("./room.js").RoomModel} room
     */
    received(room: import("./room.js").RoomModel): void;
    /**
     * What I have read there is on its way when this is done: before what is said next.
     *
     * @param {string} room
     */
    sayNow(room: string): Promise<void>;
    /** All of it is on its way when this is done, without an answer: the page may be gone in a moment. */
    sayAll(): void;
}

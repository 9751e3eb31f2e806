/** What a client knows: all its rooms, and who is there. Frames in, state out, and what to say next. */
export type Frame = import("./types.js").Frame;
export type Part = import("./types.js").Part;
export type RoomModel = import("./room.js").RoomModel;
export type Need = import("./step.js").Need;
export type Step = import("./step.js").Step;
export type RoomResource = import("./types.js").RoomResource;
export type OnChange = (part: Part | "user" | "presence" | "blocked", room?: string) => void;
/** @typedef {import("./types.js").Frame} Frame */
/** @typedef {import("./types.js").Part} Part */
/** @typedef {import("./room.js").RoomModel} RoomModel */
/** @typedef {import("./step.js").Need} Need */
/** @typedef {import("./step.js").Step} Step */
/** @typedef {import("./types.js").RoomResource} RoomResource */
/**
 * What changed: a part of a room, or, without one, who I am, whom I block, who is there.
 *
 * @typedef {(part: Part | "user" | "presence" | "blocked", room?: string) => void} OnChange
 */
/**
 * All rooms of one user. Feed it every frame of every connection, in order; `cut` between connections.
 */
export declare class Model {
    #private;
    /** @type {import("./types.js").User | null} */
    user: import("./types.js").User | null;
    /** @type {string | null} */
    epoch: string | null;
    /** @type {string | null} */
    boot: string | null;
    /** @type {Map<string, "online" | "away">} */
    presence: Map<string, "online" | "away">;
    /** @type {ReadonlySet<string>} */
    blocked: ReadonlySet<string>;
    /**
     * @param {{ follow?: boolean, onChange?: OnChange }} [options] `follow`: ask for a snapshot of every room of the
     *   list, so that nothing is missed in any of them; otherwise rooms are only listed (counts, last message) until
     *   `open`
     */
    constructor({ follow, onChange }?: {
        follow?: boolean;
        onChange?: OnChange;
    });
    /** By id. */
    get rooms(): Map<string, import("./room.js").RoomModel>;
    /** Rooms that are to be followed, by id. @type {ReadonlySet<string>} */
    get wanted(): ReadonlySet<string>;
    /** Rooms that were here, or wanted, and are not there for me, by id. @type {ReadonlySet<string>} */
    get gone(): ReadonlySet<string>;
    /** Room → cursor. */
    resume(): Record<string, number>;
    /** Room → how far I have read; the server may have forgotten the last second of it. */
    positions(): Record<string, number>;
    /**
     * Any event; unknown ones are left out, so that a newer server does not break an older client.
     *
     * @param {Frame} frame
     * @returns {Step}
     */
    apply(frame: Frame): Step;
    /** The line is down: what is short-lived is forgotten, everything durable stays. */
    cut(): void;
    /**
     * Follow this room from now on: if it does not come by itself (join, create), the next `ready` asks for it.
     *
     * @param {string} id
     */
    want(id: string): void;
    /**
     * What to say so that this room is followed; nothing when it is, or is about to be.
     *
     * @param {string} id
     * @returns {Need[]}
     */
    open(id: string): Need[];
    /**
     * What to say so that this room is not followed any more. One of mine stays in the list.
     *
     * @param {string} id
     * @returns {Need[]}
     */
    close(id: string): Need[];
    /**
     * The server refused to catch this room up; the next event of it tries again.
     *
     * @param {string} id
     */
    giveUp(id: string): void;
    /**
     * The room is not followed any more, and not listed.
     *
     * @param {string} id
     */
    forget(id: string): void;
    /**
     * My rooms as REST has them; moves no cursor.
     *
     * @param {readonly RoomResource[]} rooms
     * @returns {Need[]}
     */
    listed(rooms: readonly RoomResource[]): Need[];
}

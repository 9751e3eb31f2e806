import { RoomModel } from "./room.js";
export type Part = import("./types.js").Part;
/** @typedef {import("./types.js").Part} Part */
/** Of how many rooms something can be said in a hello. */
export declare const MAX_CURSORS = 2000;
/** The rooms that are here, and those that somebody wants or that are gone. */
export declare class Rooms {
    #private;
    /** @type {Map<string, RoomModel>} */
    all: Map<string, RoomModel>;
    /** @type {Set<string>} */
    wanted: Set<string>;
    /** Were here, or wanted, and are not there for me. @type {Set<string>} */
    gone: Set<string>;
    /** @param {(part: Part, room: string) => void} onChange */
    constructor(onChange: (part: Part, room: string) => void);
    /**
     * The room, which is made if it is new.
     *
     * @param {string} id
     */
    known(id: string): RoomModel;
    /** Room → up to where everything is here. @returns {Record<string, number>} */
    cursors(): Record<string, number>;
    /** Room → up to where I have read. @returns {Record<string, number>} */
    positions(): Record<string, number>;
    /** @param {string} id */
    want(id: string): void;
    /**
     * Not followed any more, and not listed.
     *
     * @param {string} id
     */
    forget(id: string): void;
    /**
     * It is not there for me any more.
     *
     * @param {string} id
     */
    lose(id: string): void;
    /**
     * A new connection, of this user. Numbers of another history must not be compared.
     *
     * @param {string} user
     * @param {boolean} another
     */
    begin(user: string, another: boolean): void;
    /**
     * All that are listed; others only if something is known or wanted of them.
     *
     * @param {ReadonlySet<string>} listed
     */
    keep(listed: ReadonlySet<string>): void;
    /** @param {ReadonlySet<string>} users all whom I block: their @room does not count for me */
    block(users: ReadonlySet<string>): void;
}

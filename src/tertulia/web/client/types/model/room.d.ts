/** One room, kept by the rules of docs/protocol.md, section 4. No clock, no line; frames in, state out. */
import { RoomState } from "./state.js";
export type Frame = import("./types.js").Frame;
export type Message = import("./types.js").Message;
export type Part = import("./types.js").Part;
export type Outcome = "applied" | "ignored" | "gap" | "left";
/** @typedef {import("./types.js").Frame} Frame */
/** @typedef {import("./types.js").Message} Message */
/** @typedef {import("./types.js").Part} Part */
/**
 * What became of a frame: `ignored` is older than the cursor; `gap`: something is missing, say `subscribe` with the
 * cursor; `left`: I am no member any more, forget the room.
 *
 * @typedef {"applied" | "ignored" | "gap" | "left"} Outcome
 */
/** @type {readonly Part[]} */
export declare const PARTS: readonly Part[];
/**
 * `cursor` is the seq up to which everything is here; null while the room is only listed: then `state.timeline` and
 * `state.members` are empty and the counts come from the list.
 */
export declare class RoomModel {
    #private;
    id: string;
    state: RoomState;
    /** @type {number | null} */
    cursor: number | null;
    catchingUp: boolean;
    /**
     * @param {string} id
     * @param {string | null} [user] who I am, by id
     * @param {(part: Part) => void} [onChange] told once a frame of each part that changed, or may have
     */
    constructor(id: string, user?: string | null, onChange?: (part: Part) => void);
    /** @param {string | null} user */
    isOf(user: string | null): void;
    /** @param {ReadonlySet<string>} users whom I block */
    block(users: ReadonlySet<string>): void;
    /**
     * From `ready` or REST: settings and counts. Moves no cursor.
     *
     * @param {import("./types.js").RoomResource} room
     */
    listed(room: import("./types.js").RoomResource): void;
    /**
     * A frame about this room. After `gap` nothing was changed.
     *
     * @param {Frame} frame
     * @returns {Outcome}
     */
    apply(frame: Frame): Outcome;
    /** As before the first frame. Pages of history that were asked for before are not good any more. */
    forget(): void;
    /** Only listed from now on: counts stay, everything else has to be asked for again. */
    unfollow(): void;
    /**
     * A message from a reply: of two versions the greater `changed_seq` wins. Moves no cursor.
     *
     * @param {Message} row
     */
    put(row: Message): void;
    /**
     * A page of history that was asked for in this `generation` of the timeline: how many rows the view gained; null
     * when the timeline began anew since: ask again.
     *
     * @param {import("./timeline.js").Page} page
     * @param {number} generation
     */
    putPage(page: import("./timeline.js").Page, generation: number): number | null;
    /**
     * Positions only grow.
     *
     * @param {string} user
     * @param {number} read
     * @param {number} delivered
     */
    receive(user: string, read: number, delivered: number): void;
    /**
     * I read up to `index` again: a mark before it moves behind it, or ends. Whether there was one.
     *
     * @param {number} index
     */
    look(index: number): boolean;
    /** The line is down: nobody types, nothing is on its way. */
    cut(): void;
}

/** @typedef {import("./types.js").RoomSummary} RoomSummary */
export type RoomSummary = import("./types.js").RoomSummary;
/**
 * My rooms in the order of a list: those in which something was said last come first. Rooms that I hid are left out,
 * and archived ones, as the server does.
 */
export declare class Listing {
    #private;
    /**
     * @param {ReadonlyMap<string, RoomSummary>} mine
     * @returns {RoomSummary[]}
     */
    of(mine: ReadonlyMap<string, RoomSummary>): RoomSummary[];
}
/**
 * How much is unread in all rooms of a list together.
 *
 * @param {readonly RoomSummary[]} rooms
 */
export declare function unreadOf(rooms: readonly RoomSummary[]): {
    rooms: number;
    messages: number;
    mentions: number;
};

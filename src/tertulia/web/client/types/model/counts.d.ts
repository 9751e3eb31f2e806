export type Message = import("./types.js").Message;
export type RoomState = import("./state.js").RoomState;
/** @typedef {import("./types.js").Message} Message */
/** @typedef {import("./state.js").RoomState} RoomState */
/**
 * How many unread messages of a room mention me: those that are here are looked at, of others the server has told.
 *
 * @param {RoomState} room
 */
export declare function unreadMentions(room: RoomState): number;
/**
 * By my name or by @room; neither by myself, nor @room by somebody whom I block.
 *
 * @param {RoomState} room
 * @param {Message} row
 */
export declare function mentionsMe({ user, blocked }: RoomState, { sender, mentions, mentions_room: wholeRoom }: Message): boolean;
/**
 * The messages behind an index, newest first.
 *
 * @param {RoomState} room
 * @param {number} index
 */
export declare function above({ timeline }: RoomState, index: number): import("./types.js").MessageRow[];

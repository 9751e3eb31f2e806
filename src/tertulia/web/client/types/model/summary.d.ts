/** @typedef {import("./types.js").RoomSummary} RoomSummary */
export type RoomSummary = import("./types.js").RoomSummary;
/**
 * A room as a list shows it.
 *
 * @param {import("./state.js").RoomState} room
 * @returns {RoomSummary}
 */
export declare function summary(room: import("./state.js").RoomState): RoomSummary;

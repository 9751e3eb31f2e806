/** @typedef {import("./types.js").MessageRow} MessageRow */
/** @typedef {import("./types.js").PendingRow} PendingRow */
/** @typedef {import("./types.js").Row} Row */
export type MessageRow = import("./types.js").MessageRow;
export type PendingRow = import("./types.js").PendingRow;
export type Row = import("./types.js").Row;
/** What is stored, and behind it what is not yet: the same array until one of both changes. */
export declare class Rows {
    #private;
    /**
     * @param {readonly MessageRow[]} stored
     * @param {readonly PendingRow[]} waiting
     */
    of(stored: readonly MessageRow[], waiting: readonly PendingRow[]): readonly import("./types.js").Row[];
}

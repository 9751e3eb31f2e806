/** The rows of a room: messages and notices, by `seq`. */
export type Message = import("./types.js").Message;
export type MessageRow = import("./types.js").MessageRow;
/** @typedef {import("./types.js").Message} Message */
/** @typedef {import("./types.js").MessageRow} MessageRow */
export declare const MAX_ROWS = 5000;
export type Page = {
    rows: readonly Message[];
    /**
     * the index before which they end, if they were asked so
     */
    upto?: number | null;
    /**
     * there is more before them; true unless said
     */
    more?: boolean;
};
/**
 * Rows without a hole between them, in order.
 *
 * @typedef {object} Page
 * @property {readonly Message[]} rows
 * @property {number | null} [upto] the index before which they end, if they were asked so
 * @property {boolean} [more] there is more before them; true unless said
 */
/**
 * Of two versions of a row the greater `changed_seq` wins, in whatever order they come.
 *
 * Complete from `floor` (a seq) upwards. Rows below it (old messages that changed) are kept, but not shown, so that
 * a page that was asked for earlier cannot bring back their old version. At most `limit` rows: beyond, the oldest
 * are dropped, and `generation` rises: a page asked for in an older generation must be asked for again.
 */
export declare class Timeline {
    #private;
    /** @type {number | null} */
    floor: number | null;
    complete: boolean;
    generation: number;
    /** Rises whenever `rows` may have changed. */
    version: number;
    /** @param {number} [limit] */
    constructor(limit?: number);
    /** In order, without a hole, up to the newest. The same array until something changes. */
    get rows(): readonly import("./types.js").MessageRow[];
    /** How many rows are shown. */
    get size(): number;
    /** The rows that are shown, from the last one on. */
    newestFirst(): Generator<import("./types.js").MessageRow, void, unknown>;
    /** Whether there is something older, and room for a page of it. */
    get takesOlder(): boolean;
    /**
     * The message with this index, if it is known.
     *
     * @param {number} index
     */
    at(index: number): import("./types.js").MessageRow | null;
    /** The index to ask `before` for the next older page; null when there is nothing older. */
    oldest(): number | null;
    /** Know nothing. */
    forget(): void;
    /**
     * Forget everything; these are the newest rows.
     *
     * @param {readonly MessageRow[]} rows
     */
    start(rows: readonly MessageRow[]): void;
    /**
     * A row as it is now, or was; says whether it was news.
     *
     * @param {MessageRow} row
     */
    put(row: MessageRow): boolean;
    /**
     * A page of history; how many rows it added to `rows`. A page for which there is no room is left out.
     *
     * @param {Page & { rows: readonly MessageRow[] }} page
     */
    putPage(page: Page & {
        rows: readonly MessageRow[];
    }): number;
    /**
     * The room keeps nothing below this index any more.
     *
     * @param {number} index
     */
    dropBelow(index: number): void;
    /**
     * Show all rows as `change` makes them; they stay what they are otherwise.
     *
     * @param {(row: MessageRow) => MessageRow} change
     */
    update(change: (row: MessageRow) => MessageRow): void;
}
/**
 * The index of a message, or of the one before which a notice stands.
 *
 * @param {Message} row
 */
export declare function placeOf(row: Message): number;

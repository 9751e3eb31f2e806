export type Member = import("./types.js").Member;
export type Receipt = import("./types.js").Receipt;
/** Who is in a room, and how far they have read. */
/** @typedef {import("./types.js").Member} Member */
/** @typedef {import("./types.js").Receipt} Receipt */
export declare const MAX_MEMBERS = 1000;
/** Those who left, too (`left_at`). Complete or empty: large rooms tell no members, and nobody else's receipts. */
export declare class Members {
    complete: boolean;
    /** Each rises when what it counts may have changed. */
    versions: {
        all: number;
        receipts: number;
    };
    /** @type {Map<string, Member>} */
    all: Map<string, Member>;
    /** @type {Map<string, Receipt>} */
    receipts: Map<string, Receipt>;
    /** Who is a member now, as far as it is known. */
    get present(): import("./types.js").Member[];
    /** @param {boolean} complete whether the rows of all who are there come now */
    start(complete: boolean): void;
    /**
     * Rows that are not known and no newer than `after` are of people who left before the reload.
     *
     * @param {Member & Partial<Receipt>} row
     * @param {number} after
     */
    take(row: Member & Partial<Receipt>, after: number): void;
    /**
     * Positions only grow.
     *
     * @param {string} user
     * @param {number} read
     * @param {number} delivered
     */
    receive(user: string, read: number, delivered: number): void;
}

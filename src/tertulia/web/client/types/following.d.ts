export type Need = import("./model/step.js").Need;
export type Page = {
    items: any[];
    next: string | null;
};
/** @typedef {{ items: any[], next: string | null }} Page */
/** Which rooms are followed in full, and what has to be said for that. */
export declare class Following {
    #private;
    /**
     * @param {import("./model/model.js").Model} model
     * @param {import("./net/link.js").Link} link
     */
    constructor(model: import("./model/model.js").Model, link: import("./net/link.js").Link);
    /**
     * Follow a room: one of mine, or a public one to read without joining.
     *
     * @param {string} id
     * @throws {ApiError} `not_found`
     */
    open(id: string): Promise<void>;
    /**
     * One looks at it no more.
     *
     * @param {string} id
     */
    close(id: string): void;
    /**
     * What makes me a member of a room; it is followed when this is done.
     *
     * @param {string} id
     * @param {() => Promise<{ head_seq: number }>} work gives the room with me in it
     * @throws {ApiError} `not_member` when somebody put me out meanwhile
     */
    enter(id: string, work: () => Promise<{
        head_seq: number;
    }>): Promise<void>;
    /**
     * The page before what is here; how many rows that gave.
     *
     * @param {string} id
     * @param {number} limit
     * @returns {Promise<number>}
     */
    older(id: string, limit: number): Promise<number>;
    /**
     * Say what rooms need, a few at a time; what is refused is tried again with the next event.
     *
     * @param {readonly Need[]} needs
     */
    say(needs: readonly Need[]): void;
    /** The line is down: the next `ready` says anew what is needed. */
    cut(): void;
    /**
     * My rooms that `ready` had no room for. What is asked for again, or for ever, is given up.
     *
     * @param {(cursor: string | null) => Promise<Page>} ask
     */
    list(ask: (cursor: string | null) => Promise<Page>): Promise<void>;
}

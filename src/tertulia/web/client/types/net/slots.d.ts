/** Commands that wait for their reply; who says one more waits. */
export declare const MAX_IN_FLIGHT = 64;
/** Commands that wait until they may be said; one more is refused. */
export declare const MAX_WAITING = 2000;
/** How many commands are on their way at the same time. First come, first served. */
export declare class Slots {
    #private;
    /**
     * @returns {Promise<void>}
     * @throws {ApiError} `busy`
     */
    take(): Promise<void>;
    /** One is done. */
    give(): void;
    /**
     * Nobody gets one any more.
     *
     * @param {Error} error for those who wait
     */
    end(error: Error): void;
}

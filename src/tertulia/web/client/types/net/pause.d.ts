/** A wait that can be cut short. */
export declare class Pause {
    #private;
    /** @param {import("./types.js").Clock} clock */
    constructor(clock: import("./types.js").Clock);
    /**
     * @param {number} seconds
     * @param {number} least seconds that pass in any case
     * @returns {Promise<void>}
     */
    wait(seconds: number, least: number): Promise<void>;
    /**
     * Go on as soon as one may.
     *
     * @returns {number} in so many milliseconds
     */
    hurry(): number;
    /** Go on now. */
    end(): void;
}

/**
 * @typedef {object} Waiting
 * @property {() => boolean} condition
 * @property {() => void} resolve
 * @property {(error: unknown) => void} reject
 */
export type Waiting = {
    condition: () => boolean;
    resolve: () => void;
    reject: (error: unknown) => void;
};
/** Waiting for something to become true. Who changes state calls `notify`. */
export declare class Signal {
    #private;
    /** How many wait. */
    get size(): number;
    /** Something changed. Conditions are looked at once each; one that throws ends that wait with the error. */
    notify(): void;
    /**
     * Resolves at once when `condition()` holds, else when it does after a `notify`.
     *
     * @param {() => boolean} condition
     * @returns {Promise<void>}
     */
    until(condition: () => boolean): Promise<void>;
}

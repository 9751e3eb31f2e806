export type Readable<T> = import("./listeners.js").Readable<T>;
/**
 * @template T
 * @typedef {import("./listeners.js").Readable<T>} Readable
 */
/**
 * A value that is set; whoever listens is told when it is another one.
 *
 * @template T
 * @implements {Readable<T>}
 */
export declare class Store<T> implements Readable<T> {
    #private;
    /** @param {T} initial */
    constructor(initial: T);
    /** @param {T} value from now on nobody changes it */
    set(value: T): void;
    /** @type {(listener: () => void) => () => void} */
    subscribe: (listener: () => void) => () => void;
    /** @type {() => T} */
    getSnapshot: () => T;
}

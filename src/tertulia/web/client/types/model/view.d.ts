export type Readable<T> = import("./listeners.js").Readable<T>;
/**
 * @template T
 * @typedef {import("./listeners.js").Readable<T>} Readable
 */
/**
 * A value that is made from others when somebody asks, not whenever one of them changes: so a thousand
 * changes that nobody looks at cost nothing.
 *
 * @template T
 * @implements {Readable<T>}
 */
export declare class View<T> implements Readable<T> {
    #private;
    /** @param {() => T} make a new object each time; one that says the same as before is not shown */
    constructor(make: () => T);
    /** What it is made from changed, or may have. */
    changed(): void;
    /** @type {(listener: () => void) => () => void} */
    subscribe: (listener: () => void) => () => void;
    /** @type {() => T} */
    getSnapshot: () => T;
}
/**
 * Whether two objects or arrays hold the very same things under the same names.
 *
 * @param {any} one
 * @param {any} other
 */
export declare function same(one: any, other: any): boolean;

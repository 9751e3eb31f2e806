/**
 * @template T
 * @typedef {object} Readable what a view reads: React's `useSyncExternalStore` takes it as it is
 * @property {(listener: () => void) => () => void} subscribe gives back what ends it
 * @property {() => T} getSnapshot the same object until it changes; nobody may change it
 */
export type Readable<T> = {
    /**
     * gives back what ends it
     */
    subscribe: (listener: () => void) => () => void;
    /**
     * the same object until it changes; nobody may change it
     */
    getSnapshot: () => T;
};
/**
 * Tells its listeners in a microtask, once, however often it changed before: so after a whole frame.
 * A listener that throws stops no other one.
 */
export declare class Listeners {
    #private;
    /** @type {(listener: () => void) => () => void} */
    subscribe: (listener: () => void) => () => void;
    tell(): void;
}

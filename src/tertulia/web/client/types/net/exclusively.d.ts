/** Seconds after which one does not wait for another tab any more. */
export declare const LOCK_SECONDS = 20;
/**
 * Does `work` while no other tab of this browser does work of the same name; without locks, at once. A tab that holds
 * the lock for too long is not waited for: so `work` must bear to be done by two.
 *
 * @template T
 * @param {{ locks: import("./types.js").Locks | null, clock: import("./types.js").Clock }} parts
 * @param {string} name
 * @param {() => Promise<T>} work
 * @param {() => Promise<void>} [linger] the lock is held until this is done, too; the answer is there before
 * @returns {Promise<T>}
 */
export declare function exclusively<T>({ locks, clock }: {
    locks: import("./types.js").Locks | null;
    clock: import("./types.js").Clock;
}, name: string, work: () => Promise<T>, linger?: () => Promise<void>): Promise<T>;

/** @typedef {import("./types.js").User} User */
export type User = import("./types.js").User;
/** People whose accounts are deleted: whatever they wrote is shown as by somebody who is gone. */
export declare class Departed {
    #private;
    /** @param {User} user */
    add(user: User): void;
    /**
     * A row as it is to be shown: the same one, if its sender is there.
     *
     * @template {import("./types.js").Message} T
     * @param {T} row
     * @returns {T}
     */
    asNow<T extends import("./types.js").Message>(row: T): T;
    forget(): void;
}

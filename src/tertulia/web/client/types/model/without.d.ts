/**
 * The same object without some of its fields.
 *
 * @template {object} T
 * @template {string} N
 * @param {T} object
 * @param {N[]} names
 * @returns {Omit<T, N>}
 */
export declare function without<T extends object, N extends string>(object: T, ...names: N[]): Omit<T, N>;

export type Settings = {
    kind: "public" | "private" | "direct";
    name: string | null;
    title: string;
    description: string;
    /**
     * a user id, as far as it is known
     */
    owner?: string;
    changed_seq: number;
    number: number;
    created_at: string;
    archived: boolean;
    slow_mode: number;
    retention_days?: number;
    external_id?: string;
    metadata?: Record<string, any>;
};
/**
 * The newer one of both, as far as each says something; a new object when anything was taken over.
 *
 * @param {Readonly<Partial<Settings>>} known
 * @param {Readonly<Record<string, any>>} said
 * @returns {Readonly<Partial<Settings>>}
 */
export declare function newer(known: Readonly<Partial<Settings>>, said: Readonly<Record<string, any>>): Readonly<Partial<Settings>>;
/**
 * A row of the list of members tells who owns the room; an owner who leaves without an heir leaves it without one.
 *
 * @param {Readonly<Partial<Settings>>} known
 * @param {import("./types.js").Member} member
 * @returns {Readonly<Partial<Settings>>}
 */
export declare function owned(known: Readonly<Partial<Settings>>, { user, role, left_at: left }: import("./types.js").Member): Readonly<Partial<Settings>>;

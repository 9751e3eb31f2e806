import { without } from "./without.js";

/** The settings of a room, the same for everybody. */

/**
 * @typedef {object} Settings
 * @property {"public" | "private" | "direct"} kind
 * @property {string | null} name
 * @property {string} title
 * @property {string} description
 * @property {string} [owner] a user id, as far as it is known
 * @property {number} changed_seq
 * @property {number} number
 * @property {string} created_at
 * @property {boolean} archived
 * @property {number} slow_mode
 * @property {number} [retention_days]
 * @property {string} [external_id]
 * @property {Record<string, any>} [metadata]
 */

const ALWAYS = [
  ...["kind", "name", "title", "description", "owner", "changed_seq", "number", "created_at"],
  ...["archived", "slow_mode"],
];

/** None when they are absent. */
const OPTIONAL = ["retention_days", "external_id", "metadata"];

/**
 * The newer one of both, as far as each says something; a new object when anything was taken over.
 *
 * @param {Readonly<Partial<Settings>>} known
 * @param {Readonly<Record<string, any>>} said
 * @returns {Readonly<Partial<Settings>>}
 */
export function newer(known, said) {
  if (said.changed_seq < (known.changed_seq ?? 0)) return known;
  const kept = Object.entries(known).filter(([name]) => !OPTIONAL.includes(name));
  const taken = [...ALWAYS, ...OPTIONAL].filter((name) => name in said);
  return Object.fromEntries([...kept, ...taken.map((name) => [name, said[name]])]);
}

/**
 * A row of the list of members tells who owns the room; an owner who leaves without an heir leaves it without one.
 *
 * @param {Readonly<Partial<Settings>>} known
 * @param {import("./types.js").Member} member
 * @returns {Readonly<Partial<Settings>>}
 */
export function owned(known, { user, role, left_at: left }) {
  if (role === "owner" && left === undefined) {
    return known.owner === user.id ? known : { ...known, owner: user.id };
  }
  if (known.owner !== user.id) return known;
  return without(known, "owner");
}

/** @typedef {import("./types.js").MessageRow} MessageRow */
/** @typedef {import("./types.js").PendingRow} PendingRow */
/** @typedef {import("./types.js").Row} Row */

/** How many of the newest rows may be one of those that wait. */
const NEWEST = 200;

/** @type {readonly Row[]} */
const NONE = Object.freeze([]);

/** What is stored, and behind it what is not yet: the same array until one of both changes. */
export class Rows {
  /** @type {readonly Row[]} */
  #stored = NONE;
  /** @type {readonly PendingRow[]} */
  #waiting = [];
  /** @type {readonly Row[]} */
  #rows = NONE;

  /**
   * @param {readonly MessageRow[]} stored
   * @param {readonly PendingRow[]} waiting
   */
  of(stored, waiting) {
    if (stored === this.#stored && isSame(waiting, this.#waiting)) return this.#rows;
    this.#stored = stored;
    this.#waiting = waiting;
    this.#rows = waiting.length ? joined(stored, waiting) : stored;
    return this.#rows;
  }
}

/**
 * A post may be here already while its answer is on its way.
 *
 * @param {readonly MessageRow[]} stored
 * @param {readonly PendingRow[]} waiting
 * @returns {readonly Row[]}
 */
function joined(stored, waiting) {
  const here = new Set(stored.slice(-NEWEST).map((row) => row.key));
  return Object.freeze([...stored, ...waiting.filter((row) => !here.has(row.key))]);
}

/**
 * @param {readonly unknown[]} one
 * @param {readonly unknown[]} other
 */
function isSame(one, other) {
  return one.length === other.length && one.every((item, place) => item === other[place]);
}

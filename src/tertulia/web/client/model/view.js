import { Listeners } from "./listeners.js";

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
export class View {
  #listeners = new Listeners();
  #make;
  #stale = true;
  /** @type {any} */
  #value = undefined;

  /** @param {() => T} make a new object each time; one that says the same as before is not shown */
  constructor(make) {
    this.#make = make;
  }

  /** What it is made from changed, or may have. */
  changed() {
    this.#stale = true;
    this.#listeners.tell();
  }

  /** @type {(listener: () => void) => () => void} */
  subscribe = (listener) => this.#listeners.subscribe(listener);

  /** @type {() => T} */
  getSnapshot = () => {
    if (this.#stale) {
      this.#stale = false;
      const made = this.#make();
      if (!same(made, this.#value)) this.#value = Object.freeze(made);
    }
    return this.#value;
  };
}

/**
 * Whether two objects or arrays hold the very same things under the same names.
 *
 * @param {any} one
 * @param {any} other
 */
export function same(one, other) {
  if (Object.is(one, other)) return true;
  if (!isObject(one) || !isObject(other) || Array.isArray(one) !== Array.isArray(other))
    return false;
  const names = Object.keys(one);
  if (names.length !== Object.keys(other).length) return false;
  return names.every((name) => Object.hasOwn(other, name) && Object.is(one[name], other[name]));
}

/** @param {any} value */
function isObject(value) {
  return typeof value === "object" && value !== null;
}

import { Listeners } from "./listeners.js";

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
export class Store {
  #listeners = new Listeners();
  #value;

  /** @param {T} initial */
  constructor(initial) {
    this.#value = initial;
  }

  /** @param {T} value from now on nobody changes it */
  set(value) {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    this.#listeners.tell();
  }

  /** @type {(listener: () => void) => () => void} */
  subscribe = (listener) => this.#listeners.subscribe(listener);

  /** @type {() => T} */
  getSnapshot = () => this.#value;
}

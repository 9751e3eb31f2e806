/**
 * @template T
 * @typedef {object} Readable what a view reads: React's `useSyncExternalStore` takes it as it is
 * @property {(listener: () => void) => () => void} subscribe gives back what ends it
 * @property {() => T} getSnapshot the same object until it changes; nobody may change it
 */

/**
 * Tells its listeners in a microtask, once, however often it changed before: so after a whole frame.
 * A listener that throws stops no other one.
 */
export class Listeners {
  /** @type {Set<{ listener: () => void }>} */
  #all = new Set();
  #told = true;

  /** @type {(listener: () => void) => () => void} */
  subscribe = (listener) => {
    const entry = { listener }; // twice the same function are two
    this.#all.add(entry);
    return () => void this.#all.delete(entry);
  };

  tell() {
    if (!this.#told || !this.#all.size) return;
    this.#told = false;
    queueMicrotask(() => this.#tellAll());
  }

  #tellAll() {
    this.#told = true;
    for (const entry of [...this.#all]) {
      if (this.#all.has(entry)) call(entry.listener);
    }
  }
}

/** @param {() => void} listener */
function call(listener) {
  try {
    listener();
  } catch (error) {
    queueMicrotask(() => {
      throw error; // for the console; it is not ours
    });
  }
}

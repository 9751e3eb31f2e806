/**
 * @template T
 * @typedef {{ subscribe(listener: () => void): () => void, getSnapshot(): T }} Store
 */

/** What has to be undone when a part of the page goes. */
export class Bonds {
  /** @type {(() => void)[]} */
  #undo = [];

  /**
   * Calls `draw` with the store's value now and whenever it changed.
   *
   * @template T
   * @param {Store<T>} store
   * @param {(value: T) => void} draw
   */
  watch(store, draw) {
    this.#undo.push(store.subscribe(() => draw(store.getSnapshot())));
    draw(store.getSnapshot());
  }

  /**
   * @param {EventTarget} target
   * @param {string} type
   * @param {(event: any) => void} listener
   * @param {AddEventListenerOptions} [options]
   */
  listen(target, type, listener, options) {
    target.addEventListener(type, listener, options);
    this.#undo.push(() => target.removeEventListener(type, listener, options));
  }

  /** @param {() => void} undo */
  add(undo) {
    this.#undo.push(undo);
  }

  /** Whether it has not ended. */
  get bound() {
    return this.#undo.length > 0;
  }

  end() {
    for (const undo of this.#undo.splice(0).reverse()) undo();
  }
}

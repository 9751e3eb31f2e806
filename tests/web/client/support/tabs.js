/** What the tabs of one browser share: locks and channels. */
export class FakeBrowser {
  /** @type {Map<string, Promise<unknown>>} */
  #held = new Map();
  /** @type {Set<any>} */
  #channels = new Set();

  /** Names of locks that were ever asked for. @type {string[]} */
  asked = [];

  /** One tab's view. `close` is what the browser does when the tab goes: locks are free, channels silent. */
  tab() {
    const gone = new AbortController();
    return {
      locks: { request: this.#request.bind(this, gone.signal) },
      BroadcastChannel: this.#maker(gone.signal),
      close: () => gone.abort(),
    };
  }

  /**
   * @param {AbortSignal} gone
   * @param {string} name
   * @param {{ signal?: AbortSignal }} options
   * @param {(lock: any) => any} work
   */
  async #request(gone, name, { signal }, work) {
    this.asked.push(name);
    const before = this.#held.get(name) ?? Promise.resolve();
    /** @type {() => void} */
    let release = () => {};
    const held = new Promise((/** @type {(value: void) => void} */ resolve) => (release = resolve));
    this.#held.set(
      name,
      before.then(() => held),
    );
    const left = () => release();
    gone.addEventListener("abort", left);
    try {
      await Promise.race([before, aborted(signal), aborted(gone)]);
      return await Promise.race([work({ name }), aborted(gone)]);
    } finally {
      release();
    }
  }

  /** @param {AbortSignal} gone */
  #maker(gone) {
    const channels = this.#channels;
    return class {
      /** @type {((event: any) => void) | null} */
      onmessage = null;

      /** @param {string} name */
      constructor(name) {
        this.name = name;
        channels.add(this);
        gone.addEventListener("abort", () => this.close());
      }

      /** @param {any} message */
      postMessage(message) {
        const data = structuredClone(message);
        for (const other of channels) {
          if (other !== this && other.name === this.name) {
            setImmediate(() => channels.has(other) && other.onmessage?.({ data }));
          }
        }
      }

      close() {
        channels.delete(this);
      }
    };
  }
}

/**
 * @param {AbortSignal | undefined} signal
 * @returns {Promise<never>}
 */
function aborted(signal) {
  return new Promise((_, reject) => {
    const abort = () => reject(new DOMException("aborted", "AbortError"));
    if (signal?.aborted) abort();
    signal?.addEventListener("abort", abort);
  });
}

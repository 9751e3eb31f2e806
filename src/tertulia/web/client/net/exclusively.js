/** Seconds after which one does not wait for another tab any more. */
export const LOCK_SECONDS = 20;

/**
 * Does `work` while no other tab of this browser does work of the same name; without locks, at once. A tab that holds
 * the lock for too long is not waited for: so `work` must bear to be done by two.
 *
 * @template T
 * @param {{ locks: import("./types.js").Locks | null, clock: import("./types.js").Clock }} parts
 * @param {string} name
 * @param {() => Promise<T>} work
 * @param {() => Promise<void>} [linger] the lock is held until this is done, too; the answer is there before
 * @returns {Promise<T>}
 */
export function exclusively({ locks, clock }, name, work, linger = async () => {}) {
  if (locks === null) return work();
  const abort = new AbortController();
  const timer = clock.setTimeout(() => abort.abort(), LOCK_SECONDS * 1000);
  return new Promise((resolve, reject) => {
    let begun = false;
    const locked = async () => {
      begun = true;
      clock.clearTimeout(timer);
      await work().then(resolve, reject);
      await linger();
    };
    const failed = () => {
      clock.clearTimeout(timer);
      if (!begun) work().then(resolve, reject);
    };
    locks.request(name, { signal: abort.signal }, locked).catch(failed);
  });
}

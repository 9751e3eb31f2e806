import { within } from "../net/clock.js";

/** @typedef {import("./pending.js").Kept} Kept */

/** Posts that are kept, of all users together. */
export const MAX_KEPT = 10_000;

const OPEN_SECONDS = 3;
const POSTS = "posts";
const BY_OWNER = "owner";

/**
 * Posts in IndexedDB, where they outlive the page. Every call may throw: storage is full, forbidden, or taken away.
 */
export class Shelf {
  #indexedDB;
  #name;
  #clock;
  /** @type {Promise<IDBDatabase> | null} */
  #database = null;

  /**
   * @param {IDBFactory} indexedDB
   * @param {string} name of the database
   * @param {import("../net/types.js").Clock} clock
   */
  constructor(indexedDB, name, clock) {
    this.#indexedDB = indexedDB;
    this.#name = name;
    this.#clock = clock;
  }

  /**
   * Keep a post. False when there are too many already.
   *
   * @param {Kept} post
   */
  async put(post) {
    return this.#write(async (posts) => {
      if ((await asked(posts.count())) >= MAX_KEPT) return false;
      posts.put(post);
      return true;
    });
  }

  /**
   * A kept post changed. One that is not kept any more stays away.
   *
   * @param {Kept} post
   */
  async change(post) {
    await this.#write(async (posts) => {
      if ((await asked(posts.getKey(post.client_id))) !== undefined) posts.put(post);
    });
  }

  /** @param {string} clientId */
  async remove(clientId) {
    await this.#write(async (posts) => void posts.delete(clientId));
  }

  /**
   * Tabs that keep posts of this owner.
   *
   * @param {string} owner
   * @returns {Promise<Set<string>>}
   */
  async tabs(owner) {
    const posts = (await this.#open()).transaction(POSTS).objectStore(POSTS);
    const kept = await asked(posts.index(BY_OWNER).getAll(owner));
    return new Set(kept.map((/** @type {Kept} */ post) => post.tab));
  }

  /**
   * The posts of one tab become those of another, the first ones first.
   *
   * @param {string} owner
   * @param {string} from
   * @param {string} to
   * @param {number} limit
   * @returns {Promise<Kept[]>}
   */
  async adopt(owner, from, to, limit) {
    return this.#write(async (posts) => {
      /** @type {Kept[]} */
      const kept = await asked(posts.index(BY_OWNER).getAll(owner));
      const left = kept
        .filter((post) => post.tab === from)
        .sort((one, two) => one.order - two.order);
      const adopted = left.slice(0, limit).map((post) => ({ ...post, tab: to }));
      for (const post of adopted) posts.put(post);
      return adopted;
    });
  }

  /**
   * Nothing of these owners is kept any more.
   *
   * @param {(owner: string) => boolean} isTheirs
   */
  async forget(isTheirs) {
    await this.#write(async (posts) => {
      const request = posts.index(BY_OWNER).openKeyCursor();
      for (let at = await asked(request); at; at = await asked(request)) {
        if (isTheirs(String(at.key))) posts.delete(at.primaryKey);
        at.continue();
      }
    });
  }

  async close() {
    const database = await this.#database?.catch(() => null);
    this.#database = null;
    database?.close();
  }

  /**
   * @template T
   * @param {(posts: IDBObjectStore) => Promise<T>} work awaits nothing but requests of this store
   * @returns {Promise<T>} when it is on the disk
   */
  async #write(work) {
    const transaction = (await this.#open()).transaction(POSTS, "readwrite");
    const [result] = await Promise.all([work(transaction.objectStore(POSTS)), done(transaction)]);
    return result;
  }

  #open() {
    this.#database ??= this.#opened().catch((error) => {
      this.#database = null;
      throw error;
    });
    return this.#database;
  }

  /** @returns {Promise<IDBDatabase>} */
  async #opened() {
    const request = this.#indexedDB.open(this.#name, 1);
    request.onupgradeneeded = () => {
      const posts = request.result.createObjectStore(POSTS, { keyPath: "client_id" });
      posts.createIndex(BY_OWNER, "owner");
    };
    const late = () => new Error("The storage does not open.");
    const database = await within(this.#clock, OPEN_SECONDS, asked(request), late);
    database.onclose = () => (this.#database = null);
    database.onversionchange = () => void this.close();
    return database;
  }
}

/**
 * @template T
 * @param {IDBRequest<T>} request
 * @returns {Promise<T>}
 */
function asked(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/**
 * @param {IDBTransaction} transaction
 * @returns {Promise<void>}
 */
function done(transaction) {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
  });
}

import { Tabs } from "../net/tabs.js";
import { within } from "../net/clock.js";
import { Shelf } from "./shelf.js";

/** @typedef {import("./pending.js").Pending} Pending */

/** Tabs whose end this one waits for. */
export const MAX_WATCHED = 100;

/** Seconds after which a tab begins, whatever stands in the shelf. */
export const LOOK_SECONDS = 0.5;

/**
 * Keeps the posts of one user on one server in the shelf, and takes over those of tabs that are closed.
 *
 * Each tab holds a lock as long as it lives; whoever gets the lock of another tab knows that it is gone. Without locks
 * everything that is found in the beginning is taken over: then two tabs may send the same post, which the server
 * stores once. What goes wrong with the shelf is passed over: the posts are sent as long as the page lives.
 */
export class Keeping {
  #shelf;
  #url;
  #clock;
  #locks;
  #channels;
  #space;
  #onFound;
  #tab;
  #owner = "";
  /** Which tabs are waited for. */
  #watched = new Set();
  #closed = new AbortController();
  /** @type {Tabs | null} */
  #tabs = null;
  /** What is written goes one after the other. @type {Promise<unknown>} */
  #written = Promise.resolve();

  /**
   * @param {object} parts
   * @param {string} parts.url of the server
   * @param {string | null} parts.storage name of the database; null: nothing is kept
   * @param {IDBFactory | null} parts.indexedDB
   * @param {import("../net/types.js").Locks | null} parts.locks
   * @param {import("../net/types.js").ChannelMaker | null} parts.BroadcastChannel
   * @param {import("../net/types.js").Clock} parts.clock
   * @param {string} parts.tab a random name
   * @param {() => number} parts.space how many posts may be taken over
   * @param {(posts: import("./pending.js").Kept[]) => void} parts.onFound what is taken over
   */
  constructor({ url, storage, indexedDB, clock, locks, BroadcastChannel, tab, space, onFound }) {
    this.#url = url;
    this.#shelf = storage === null || !indexedDB ? null : new Shelf(indexedDB, storage, clock);
    this.#clock = clock;
    this.#locks = locks;
    this.#channels = BroadcastChannel;
    this.#tab = tab;
    this.#space = space;
    this.#onFound = onFound;
  }

  /**
   * From now on posts are kept for `user`. Resolves when those of closed tabs were found, or after half a second.
   *
   * @param {string} user
   */
  async enter(user) {
    this.#owner = `${this.#url} ${user}`;
    if (this.#shelf === null) return;
    const late = () => new Error("The storage takes its time.");
    await within(this.#clock, LOOK_SECONDS, this.#begin(), late, this.#closed.signal).catch(
      () => {},
    );
  }

  /**
   * Look again for posts of tabs that are closed.
   */
  async look() {
    if (this.#shelf === null || this.#closed.signal.aborted) return;
    const tabs = await this.#shelf.tabs(this.#owner);
    tabs.delete(this.#tab);
    await Promise.all([...tabs].map((tab) => this.#watch(tab)));
  }

  /** @param {Pending} post */
  keep(post) {
    const kept = post.kept(this.#owner, this.#tab);
    this.#write((shelf) => shelf.put(kept));
    this.#tabs?.tell({ owner: this.#owner, tab: this.#tab });
  }

  /** @param {Pending} post */
  change(post) {
    const kept = post.kept(this.#owner, this.#tab);
    this.#write((shelf) => shelf.change(kept));
  }

  /** @param {Pending} post */
  drop(post) {
    this.#write((shelf) => shelf.remove(post.clientId));
  }

  /**
   * Nothing of this user is kept any more; while nobody knows who that is, nothing of anybody on this server: what must
   * not be read here must not stay. Throws when the storage does not work.
   */
  async forget() {
    await this.#written;
    const owner = this.#owner;
    const anybody = `${this.#url} `;
    await this.#shelf?.forget((one) => (owner ? one === owner : one.startsWith(anybody)));
    if (this.#closed.signal.aborted) await this.#shelf?.close();
  }

  /** This tab ends; another one may take over. Resolves when everything is written. */
  async close() {
    this.#tabs?.close();
    await this.#written;
    this.#closed.abort();
    await this.#shelf?.close();
  }

  async #begin() {
    const live = this.#live();
    this.#written = live; // nothing is kept in the name of a tab that does not seem to live
    await live;
    const heard = (/** @type {any} */ message) => this.#heard(message);
    if (this.#locks) this.#tabs = new Tabs(this.#channels, "tertulia-outbox", heard);
    await this.look();
  }

  /** Hold this tab's lock until the end. Resolves when it is held. */
  async #live() {
    const locks = this.#locks;
    if (locks === null) return;
    /** @type {Promise<void>} */
    const held = new Promise((resolve, reject) => {
      const closed = new Promise((end) => this.#closed.signal.addEventListener("abort", end));
      const holding = () => (resolve(), closed);
      locks.request(lockOf(this.#tab), {}, holding).catch(reject);
    });
    await held.catch(() => (this.#locks = null));
  }

  /**
   * Another tab keeps something.
   *
   * @param {{ owner?: string, tab?: string }} message
   */
  #heard({ owner, tab }) {
    if (owner === this.#owner && tab && tab !== this.#tab) void this.#watch(tab).catch(() => {});
  }

  /**
   * Take over what a tab leaves behind, once it does.
   *
   * @param {string} tab
   */
  async #watch(tab) {
    if (this.#locks === null) return this.#adopt(tab);
    if (this.#watched.has(tab) || this.#watched.size >= MAX_WATCHED) return;
    this.#watched.add(tab);
    try {
      const { signal } = this.#closed;
      await this.#locks.request(lockOf(tab), { signal }, () => this.#adopt(tab));
    } finally {
      this.#watched.delete(tab);
    }
  }

  /** @param {string} tab */
  async #adopt(tab) {
    const space = this.#space();
    if (this.#shelf === null || space <= 0 || this.#closed.signal.aborted) return;
    this.#onFound(await this.#shelf.adopt(this.#owner, tab, this.#tab, space));
  }

  /** @param {(shelf: Shelf) => Promise<unknown>} work */
  #write(work) {
    const shelf = this.#shelf;
    if (shelf === null) return;
    this.#written = this.#written.then(() => work(shelf)).catch(() => {});
    if (this.#closed.signal.aborted) void this.#written.then(() => shelf.close());
  }
}

/** @param {string} tab */
function lockOf(tab) {
  return `tertulia-tab ${tab}`;
}

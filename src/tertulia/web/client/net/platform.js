/** What the client needs of its surroundings: a browser's own, or what a test gives instead. */

import { systemClock } from "./clock.js";

/**
 * @typedef {object} Platform
 * @property {typeof globalThis.fetch} fetch
 * @property {import("./types.js").SocketMaker} WebSocket
 * @property {import("./types.js").Clock} clock
 * @property {import("./types.js").Random} random
 * @property {IDBFactory | null} indexedDB
 * @property {import("./types.js").Locks | null} locks null on pages that are not secure (plain http)
 * @property {import("./types.js").ChannelMaker | null} BroadcastChannel
 * @property {import("./types.js").Wake} wake
 * @property {import("./types.js").Leave} leave
 */

/**
 * @param {Partial<Platform>} [options] what is given here wins, null too: not there
 * @returns {Platform}
 */
export function platform(options = {}) {
  return { ...surroundings(), ...given(options) };
}

/** @returns {Platform} */
function surroundings() {
  const here = globalThis;
  return {
    fetch: (...request) => here.fetch(...request),
    WebSocket: /** @type {import("./types.js").SocketMaker} */ (here.WebSocket),
    clock: systemClock,
    random: Math.random,
    indexedDB: reachable(() => here.indexedDB),
    locks: reachable(() => /** @type {any} */ (here.navigator?.locks)),
    BroadcastChannel: reachable(() => here.document && here.BroadcastChannel),
    wake: browserWake,
    leave: browserLeave,
  };
}

/**
 * Null for what is not there; some browsers throw at the mere name where storage is forbidden.
 *
 * @template T
 * @param {() => T} get
 * @returns {NonNullable<T> | null}
 */
function reachable(get) {
  try {
    return get() ?? null;
  } catch {
    return null;
  }
}

/**
 * @param {Partial<Platform>} options
 * @returns {Partial<Platform>}
 */
function given({ fetch, WebSocket, clock, random, indexedDB, locks, BroadcastChannel, ...page }) {
  const { wake, leave } = page;
  const all = { fetch, WebSocket, clock, random, indexedDB, locks, BroadcastChannel, wake, leave };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/**
 * The network is there again, or the page is looked at again.
 *
 * @type {import("./types.js").Wake}
 */
export function browserWake(listener) {
  const { document, addEventListener, removeEventListener } = globalThis;
  if (!document || !addEventListener) return () => {};
  const shown = () => document.visibilityState === "visible" && listener();
  addEventListener("online", listener);
  addEventListener("pageshow", listener);
  document.addEventListener("visibilitychange", shown);
  return () => {
    removeEventListener("online", listener);
    removeEventListener("pageshow", listener);
    document.removeEventListener("visibilitychange", shown);
  };
}

/**
 * The page is hidden, or left: afterwards nothing may run here any more.
 *
 * @type {import("./types.js").Leave}
 */
export function browserLeave(listener) {
  const { document, addEventListener, removeEventListener } = globalThis;
  if (!document || !addEventListener) return () => {};
  const hidden = () => document.visibilityState === "hidden" && listener();
  addEventListener("pagehide", listener);
  document.addEventListener("visibilitychange", hidden);
  return () => {
    removeEventListener("pagehide", listener);
    document.removeEventListener("visibilitychange", hidden);
  };
}

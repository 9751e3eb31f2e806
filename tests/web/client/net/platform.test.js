import assert from "node:assert/strict";
import { test } from "node:test";

import {
  browserLeave,
  browserWake,
  platform,
} from "../../../../src/tertulia/web/client/net/platform.js";

test("what is given wins, null too; the rest is there", () => {
  const random = () => 0;
  const found = platform({ random, locks: null, fetch: undefined });
  assert.equal(found.random, random);
  assert.equal(found.locks, null);
  assert.equal(typeof found.fetch, "function");
  assert(Math.abs(found.clock.now() - Date.now()) < 1_000);
});

test("storage that a browser forbids by throwing is not there", (context) => {
  Object.defineProperty(globalThis, "indexedDB", {
    configurable: true,
    get() {
      throw new DOMException("", "SecurityError");
    },
  });
  context.after(() => Reflect.deleteProperty(globalThis, "indexedDB"));
  assert.equal(platform().indexedDB, null);
});

/**
 * A page, for one test.
 *
 * @param {import("node:test").TestContext} context
 */
function faking(context) {
  const page = new EventTarget();
  const document = Object.assign(new EventTarget(), { visibilityState: "hidden" });
  const faked = /** @type {any} */ (globalThis);
  faked.document = document;
  faked.addEventListener = page.addEventListener.bind(page);
  faked.removeEventListener = page.removeEventListener.bind(page);
  context.after(() => {
    for (const name of ["document", "addEventListener", "removeEventListener"]) delete faked[name];
  });
  return { page, document };
}

test("a page that is hidden or left is told, until it is over", (context) => {
  const { page, document } = faking(context);
  let left = 0;
  const over = browserLeave(() => (left += 1));
  document.dispatchEvent(new Event("visibilitychange"));
  page.dispatchEvent(new Event("pagehide"));
  assert.equal(left, 2);
  document.visibilityState = "visible";
  document.dispatchEvent(new Event("visibilitychange"));
  over();
  page.dispatchEvent(new Event("pagehide"));
  assert.equal(left, 2);
});

test("the network, the page in front and the page from the cache wake it, until it is over", (context) => {
  const { page, document } = faking(context);
  let woken = 0;
  const over = browserWake(() => (woken += 1));
  page.dispatchEvent(new Event("online"));
  document.dispatchEvent(new Event("visibilitychange"));
  assert.equal(woken, 1);
  document.visibilityState = "visible";
  document.dispatchEvent(new Event("visibilitychange"));
  page.dispatchEvent(new Event("pageshow"));
  assert.equal(woken, 3);
  over();
  page.dispatchEvent(new Event("online"));
  document.dispatchEvent(new Event("visibilitychange"));
  assert.equal(woken, 3);
});

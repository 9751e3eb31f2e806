import assert from "node:assert/strict";
import { test } from "node:test";

import { exclusively } from "../../../../src/tertulia/web/client/net/exclusively.js";
import { FakeClock, settle } from "../support/clock.js";
import { FakeBrowser } from "../support/tabs.js";

function gate() {
  /** @type {() => void} */
  let open = () => {};
  const opened = new Promise((/** @type {(value: void) => void} */ resolve) => (open = resolve));
  return { open, opened };
}

test("one after the other; the answer is there before the lock is free", async () => {
  const clock = new FakeClock();
  const browser = new FakeBrowser();
  const [one, two] = [browser.tab(), browser.tab()];
  const lingering = gate();
  /** @type {string[]} */
  const done = [];
  const work = (/** @type {string} */ name) => async () => void done.push(name);
  await exclusively({ locks: one.locks, clock }, "x", work("one"), () => lingering.opened);
  const second = exclusively({ locks: two.locks, clock }, "x", work("two"));
  await settle();
  assert.deepEqual(done, ["one"]);
  lingering.open();
  await second;
  assert.deepEqual(done, ["one", "two"]);
  assert.equal(clock.waiting, 0);
});

test("what the work throws is thrown, and the lock is free again", async () => {
  const parts = { locks: new FakeBrowser().tab().locks, clock: new FakeClock() };
  const fails = async () => {
    throw new Error("no");
  };
  await assert.rejects(exclusively(parts, "x", fails), /no/);
  assert.equal(await exclusively(parts, "x", async () => 7), 7);
});

test("locks that are forbidden are as good as none", async () => {
  const locks = { request: () => Promise.reject(new DOMException("", "SecurityError")) };
  assert.equal(await exclusively({ locks, clock: new FakeClock() }, "x", async () => 7), 7);
});

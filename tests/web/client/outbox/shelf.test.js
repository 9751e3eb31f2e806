import assert from "node:assert/strict";
import { test } from "node:test";

import { IDBFactory } from "fake-indexeddb";

import { Shelf } from "../../../../src/tertulia/web/client/outbox/shelf.js";
import { FakeClock } from "../support/clock.js";

/** @typedef {import("../../../../src/tertulia/web/client/outbox/pending.js").Kept} Kept */

/**
 * @param {string} key
 * @param {Partial<Kept>} [fields]
 * @returns {Kept}
 */
function kept(key, fields = {}) {
  const rest = { room: "r", body: "b", reply_to: null, created_at: "", error: null };
  return { client_id: key, owner: "ana", tab: "one", order: 1, ...rest, ...fields };
}

function open(indexedDB = new IDBFactory()) {
  return new Shelf(indexedDB, "tertulia", new FakeClock());
}

test("posts outlive the page, in order, and only their owner's are found", async () => {
  const indexedDB = new IDBFactory();
  const before = open(indexedDB);
  for (const order of [3, 1, 2]) await before.put(kept(`key-${order}`, { order }));
  await before.put(kept("of ben", { owner: "ben" }));
  await before.put(kept("of another tab", { tab: "two" }));
  await before.close();

  const shelf = open(indexedDB);
  assert.deepEqual(await shelf.tabs("ana"), new Set(["one", "two"]));
  const adopted = await shelf.adopt("ana", "one", "new", 2);
  assert.deepEqual(
    adopted.map((post) => [post.client_id, post.tab]),
    [
      ["key-1", "new"],
      ["key-2", "new"],
    ],
  );
  assert.deepEqual(await shelf.adopt("ana", "one", "newer", 9), [
    kept("key-3", { order: 3, tab: "newer" }),
  ]);
  assert.deepEqual(await shelf.adopt("ana", "one", "newest", 9), []);
});

test("what was removed does not come back by a change", async () => {
  const shelf = open();
  await shelf.put(kept("a"));
  await shelf.change(kept("a", { body: "changed" }));
  await shelf.remove("a");
  await shelf.change(kept("a"));
  assert.deepEqual(await shelf.tabs("ana"), new Set());
});

test("everything of one owner is forgotten", async () => {
  const shelf = open();
  await shelf.put(kept("a"));
  await shelf.put(kept("b", { owner: "ben" }));
  await shelf.forget((owner) => owner === "ana");
  assert.deepEqual([(await shelf.tabs("ana")).size, (await shelf.tabs("ben")).size], [0, 1]);
});

test("a storage that does not open is told, and tried again", async () => {
  const indexedDB = new IDBFactory();
  const clock = new FakeClock();
  /** @type {(name: string) => any} */
  let open = () => ({});
  const factory = /** @type {any} */ ({ open: (/** @type {string} */ name) => open(name) });
  const shelf = new Shelf(factory, "tertulia", clock);
  const late = assert.rejects(shelf.put(kept("a")), /does not open/);
  await clock.advance(4);
  await late;
  open = () => {
    throw new DOMException("", "SecurityError");
  };
  await assert.rejects(shelf.put(kept("a")), { name: "SecurityError" });
  open = (name) => indexedDB.open(name, 1);
  assert.equal(await shelf.put(kept("a")), true);
});

test("a newer version of the page may change the database", async () => {
  const indexedDB = new IDBFactory();
  const shelf = open(indexedDB);
  await shelf.put(kept("a"));
  const request = indexedDB.open("tertulia", 2);
  await new Promise((resolve) => (request.onsuccess = resolve));
  await assert.rejects(shelf.put(kept("b")), { name: "VersionError" });
});

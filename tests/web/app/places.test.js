import assert from "node:assert/strict";
import { test } from "node:test";

import { Drafts } from "../../../src/tertulia/web/app/model/drafts.js";
import { rightsOf } from "../../../src/tertulia/web/app/model/rights.js";
import {
  badgeOf,
  documentTitle,
  sectionsOf,
  statusOf,
  titleOf,
} from "../../../src/tertulia/web/app/model/rooms.js";
import { pathOf, routeOf } from "../../../src/tertulia/web/app/model/routes.js";
import { atEnd, nearTop } from "../../../src/tertulia/web/app/model/scrolling.js";

/** @param {Record<string, unknown>} [more] @returns {any} */
function room(more = {}) {
  const id = "r";
  return {
    id,
    kind: "public",
    name: "general",
    title: "",
    unread: 0,
    mentions: 0,
    role: "member",
    ...more,
  };
}

test("an address is a room and back", () => {
  for (const id of ["0197a1b0-0000-7000-8000-00000000000a", "a/b", "ü %"]) {
    assert.deepEqual(routeOf(pathOf(id)), { room: id, invite: null });
  }
  assert.equal(routeOf("/app/").room, null);
  assert.equal(routeOf("/app/rooms/a/b").room, null);
  assert.equal(routeOf("/app/rooms/%E0%A4%A").room, null);
  assert.equal(routeOf("/app/", "?invite=abc").invite, "abc");
  assert.equal(pathOf(null), "/app/");
});

test("titles of rooms", () => {
  assert.equal(titleOf(room()), "general");
  assert.equal(titleOf(room({ title: "The square" })), "The square");
  assert.equal(titleOf(room({ kind: "direct", partner: { id: "b", username: "ben" } })), "ben");
  assert.equal(titleOf(null), "Room");
});

test("rooms and people, found by their titles", () => {
  const rooms = [room(), room({ id: "d", kind: "direct", partner: { id: "b", username: "Ben" } })];
  assert.deepEqual(
    sectionsOf(rooms).map((section) => section.rooms.length),
    [1, 1],
  );
  assert.deepEqual(
    sectionsOf(rooms, " ben").map((section) => section.rooms.length),
    [0, 1],
  );
});

test("badges, what is said of them, and the title", () => {
  assert.equal(badgeOf(99), "99");
  assert.equal(badgeOf(100), "99+");
  assert.equal(statusOf(room(), "offline"), "");
  assert.equal(
    statusOf(room({ unread: 3, mentions: 1 }), "offline"),
    "3 unread, you are mentioned",
  );
  assert.equal(documentTitle({ messages: 0, mentions: 0 }, ""), "Tertulia");
  assert.equal(documentTitle({ messages: 3, mentions: 0 }, "general"), "(3) general · Tertulia");
});

test("what one may do", () => {
  /** @type {any} */
  const mine = { kind: "message", sender: { id: "ana" } };
  /** @type {any} */
  const other = { kind: "message", sender: { id: "ben" } };
  assert.deepEqual(rightsOf(mine, room(), "ana"), {
    react: true,
    reply: true,
    edit: true,
    remove: true,
  });
  assert.ok(!rightsOf(other, room(), "ana").remove);
  assert.ok(rightsOf(other, room({ role: "moderator" }), "ana").remove);
  assert.ok(!rightsOf(other, room({ role: null }), "ana").react);
  assert.ok(!rightsOf({ ...mine, deleted_at: "x" }, room(), "ana").edit);
  assert.ok(!rightsOf(mine, room({ archived: true }), "ana").edit);
});

function memory() {
  /** @type {Map<string, string>} */
  const kept = new Map();
  return {
    getItem: (/** @type {string} */ key) => kept.get(key) ?? null,
    setItem: (/** @type {string} */ key, /** @type {string} */ text) => void kept.set(key, text),
    removeItem: (/** @type {string} */ key) => void kept.delete(key),
  };
}

test("drafts outlive a reload, each for its user and room", () => {
  const storage = memory();
  new Drafts("ana", storage).set("r", "half a sen");
  assert.equal(new Drafts("ana", storage).get("r"), "half a sen");
  assert.equal(new Drafts("ben", storage).get("r"), "");
  new Drafts("ana", storage).set("r", " ");
  assert.equal(storage.getItem("tertulia-drafts-ana"), null);
});

test("at most 50 drafts are kept, and no storage is no harm", () => {
  const storage = memory();
  const drafts = new Drafts("ana", storage);
  for (let number = 0; number < 60; number++) drafts.set(`r${number}`, "x");
  assert.equal(new Drafts("ana", storage).get("r9"), "");
  assert.equal(new Drafts("ana", storage).get("r10"), "x");
  storage.setItem("tertulia-drafts-ana", "{broken");
  assert.equal(new Drafts("ana", storage).get("r10"), "");
  new Drafts("ana", null).set("r", "x");
});

test("the ends of what scrolls", () => {
  assert.ok(atEnd({ scrollTop: 441, scrollHeight: 1000, clientHeight: 500 }));
  assert.ok(!atEnd({ scrollTop: 400, scrollHeight: 1000, clientHeight: 500 }));
  assert.ok(nearTop({ scrollTop: 0, scrollHeight: 1000, clientHeight: 500 }));
});

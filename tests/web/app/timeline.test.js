import assert from "node:assert/strict";
import { test } from "node:test";

import {
  itemsOf,
  lastRow,
  newestIndex,
  sameItem,
} from "../../../src/tertulia/web/app/model/timeline.js";
import { newsText, UnreadLine } from "../../../src/tertulia/web/app/model/unread.js";

const ANA = { id: "ana", username: "ana" };
const BEN = { id: "ben", username: "ben" };
const START = new Date(2026, 0, 5, 12, 0).getTime();

/** @typedef {import("../../../src/tertulia/web/app/model/types.js").Row} Row */

/**
 * @param {number} index
 * @param {Partial<Row>} [more]
 * @param {number} [minutes]
 * @returns {Row}
 */
function message(index, more = {}, minutes = index) {
  const created_at = new Date(START + minutes * 60_000).toISOString();
  return {
    key: `m${index}`,
    kind: "message",
    index,
    sender: BEN,
    body: `${index}`,
    created_at,
    ...more,
  };
}

/** @param {string} key @returns {Row} */
function pending(key) {
  return { key, kind: "pending", body: key, created_at: new Date(START).toISOString() };
}

/** @param {readonly Row[]} rows @param {number | null} [unreadFrom] */
function types(rows, unreadFrom = null) {
  return itemsOf(rows, { me: "ana", unreadFrom }).map((item) => item.type);
}

/** @param {readonly Row[]} rows */
function leads(rows) {
  const items = itemsOf(rows, { me: "ana" });
  return items.flatMap((item) => (item.type === "message" ? [item.lead] : []));
}

test("messages of one person within five minutes are a group", () => {
  assert.deepEqual(leads([message(1), message(2), message(3, {}, 8)]), [true, false, true]);
  assert.deepEqual(leads([message(1), message(2, { sender: ANA })]), [true, true]);
  assert.deepEqual(leads([message(1), message(2, { reply_to: 1 })]), [true, true]);
});

test("my stored and waiting messages are one group", () => {
  assert.deepEqual(leads([message(1, { sender: ANA }, 0), pending("p")]), [true, false]);
});

test("a notice ends a group", () => {
  const notice = {
    ...message(1, {}, 1),
    key: "n",
    kind: /** @type {const} */ ("notice"),
    index: null,
  };
  assert.deepEqual(leads([message(1), notice, message(2)]), [true, true]);
});

test("a day stands before its first row, once, with keys that differ", () => {
  const rows = [
    message(1),
    message(2, {}, 24 * 60),
    message(3, {}, 24 * 60 + 1),
    message(4, {}, 2),
  ];
  assert.deepEqual(types(rows), ["day", "message", "day", "message", "message", "day", "message"]);
  const keys = itemsOf(rows, { me: "ana" }).map((item) => item.key);
  assert.equal(new Set(keys).size, keys.length);
});

test("the line stands before the first unread message", () => {
  assert.deepEqual(types([message(1), message(2), message(3)], 2).slice(1), [
    "message",
    "unread",
    "message",
    "message",
  ]);
});

test("the line says how many are new", () => {
  const options = { me: "ana", unreadFrom: 2, unreadCount: 1_234 };
  const line = itemsOf([message(1), message(2)], options).find((item) => item.type === "unread");
  assert.ok(line?.type === "unread" && line.count === 1_234);
  assert.equal(newsText(1), "1 new message");
  assert.equal(newsText(1_234), "1,234 new messages");
});

test("whether the first unread message is still to come", () => {
  const line = new UnreadLine();
  line.enter(room(100, 80));
  assert.ok(line.isBefore([message(51), message(52)]));
  assert.ok(line.isBefore([]));
  assert.ok(!line.isBefore([{ ...message(1), key: "n", index: null }, message(21)]));
  line.wrote();
  assert.ok(!line.isBefore([message(51)]));
});

test("no line on a page that begins among the unread", () => {
  assert.ok(!types([message(5), message(6)], 2).includes("unread"));
  assert.ok(types([message(5), message(6)], 5).includes("unread"));
});

test("an answer has what it answers, if it is here", () => {
  const [, first, second] = itemsOf([message(1), message(2, { reply_to: 1 })], { me: "ana" });
  assert.ok(first?.type === "message" && first.quote === null);
  assert.ok(second?.type === "message" && second.quote?.index === 1);
});

test("an item is the same as long as its rows are", () => {
  const rows = [message(1), message(2, { reply_to: 1 })];
  const before = itemsOf(rows, { me: "ana" });
  const after = itemsOf([...rows, message(3)], { me: "ana" });
  assert.ok(before.every((item, place) => after[place] && sameItem(item, after[place])));
  const changed = itemsOf([{ ...rows[0], body: "else" }, rows[1]], { me: "ana" });
  assert.ok(!sameItem(before[1], changed[1]));
  assert.ok(!sameItem(before[2], changed[2]));
});

test("the newest index is that of the last message", () => {
  assert.equal(newestIndex([]), 0);
  assert.equal(newestIndex([message(1), message(2), pending("p")]), 2);
  assert.equal(lastRow([message(1), message(2)], (row) => row.index === 1)?.key, "m1");
});

/** @param {number} message_count @param {number} unread @returns {any} */
function room(message_count, unread) {
  return { message_count, unread };
}

test("the line is set on entering, and stays while one reads", () => {
  const line = new UnreadLine();
  line.enter(room(10, 3));
  assert.equal(line.from, 8);
  line.update(room(10, 0), true);
  assert.equal(line.from, 8);
  assert.equal(line.count, 3);
  line.wrote();
  assert.equal(line.from, null);
});

test("nothing unread, no line; what comes while one looks makes none", () => {
  const line = new UnreadLine();
  line.enter(room(10, 0));
  line.update(room(11, 1), true);
  assert.equal(line.from, null);
});

test("what comes while nobody looks has a line, which stays at the first", () => {
  const line = new UnreadLine();
  line.enter(room(10, 0));
  line.update(room(11, 1), false);
  line.update(room(12, 2), false);
  assert.deepEqual([line.from, line.count], [11, 2]);
  line.update(room(13, 0), true);
  assert.deepEqual([line.from, line.count], [11, 2], "what comes while one looks is not new");
  line.update(room(14, 1), false);
  assert.deepEqual([line.from, line.count], [14, 1]);
});

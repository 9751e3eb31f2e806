import assert from "node:assert/strict";
import { test } from "node:test";

import { ApiError, OutboxFull } from "../../../../src/tertulia/web/client/net/errors.js";
import { Outbox } from "../../../../src/tertulia/web/client/outbox/outbox.js";
import { Pending } from "../../../../src/tertulia/web/client/outbox/pending.js";

/**
 * @param {number} order
 * @param {string} [room]
 */
function post(order, room = "room") {
  const createdAt = "2026-01-01T12:00:00.000Z";
  return new Pending({ room, body: `${order}`, clientId: `key-${order}`, order, createdAt });
}

/** @param {Error | null} error */
function codeOf(error) {
  return error instanceof ApiError && error.code;
}

test("posts of a room stand in order, also those that come late", () => {
  const outbox = new Outbox();
  for (const order of [3, 1, 2]) outbox.add(post(order));
  assert.deepEqual(
    outbox.of("room").map((one) => one.order),
    [1, 2, 3],
  );
  assert.equal(outbox.first("room")?.order, 1);
  assert.equal(outbox.size, 3);
});

test("a full outbox says so and takes more when there is room", () => {
  const outbox = new Outbox({ limit: 2 });
  const first = post(1);
  outbox.add(first);
  outbox.add(post(2, "b"));
  assert.throws(() => outbox.add(post(3)), OutboxFull);
  outbox.refused(first, new ApiError("too_long", "No."));
  assert.throws(() => outbox.add(post(3)), OutboxFull, "a refused one waits, too");
  outbox.remove(first);
  outbox.add(post(3));
});

test("a refused post says why, lets the others pass, and can be tried again behind them", async () => {
  const outbox = new Outbox();
  const [one, two] = [post(1), post(2)];
  outbox.add(one);
  outbox.add(two);
  const row = one.row;
  outbox.refused(one, new ApiError("muted", "You are muted."));
  await assert.rejects(one.answer(), { code: "muted" });
  assert.notEqual(one.row, row);
  assert.deepEqual([one.row.state, codeOf(one.row.error)], ["failed", "muted"]);
  assert.equal(outbox.first("room"), two);
  outbox.again(one, 3);
  assert.deepEqual(outbox.of("room"), [two, one]);
  assert.equal(one.row.state, "pending");
  outbox.stored(one, { index: 9 });
  assert.deepEqual(await one.answer(), { index: 9 });
});

test("a post of mine that comes by is stored, once", async () => {
  const outbox = new Outbox();
  const one = post(1);
  outbox.add(one);
  assert.equal(outbox.seen("room", { client_id: "another" }), null);
  assert.equal(outbox.seen("elsewhere", { client_id: "key-1" }), null);
  assert.equal(outbox.seen("room", { client_id: "key-1", index: 4 }), one);
  assert.equal(outbox.stored(one, { index: 5 }), false);
  assert.deepEqual(await one.answer(), { client_id: "key-1", index: 4 });
  assert.deepEqual([outbox.size, outbox.rooms()], [0, []]);
});

test("each change is told with its room", () => {
  /** @type {string[]} */
  const told = [];
  const outbox = new Outbox({ onChange: (room) => void told.push(room) });
  const one = post(1, "a");
  outbox.add(one);
  outbox.refused(one, new ApiError("muted", ""));
  outbox.again(one, 2);
  outbox.remove(one);
  outbox.remove(one);
  assert.deepEqual(told, ["a", "a", "a", "a"]);
});

test("rows are what a timeline shows, and frozen", () => {
  const one = post(1);
  assert.deepEqual(one.row, {
    key: "key-1",
    kind: "pending",
    client_id: "key-1",
    body: "1",
    reply_to: null,
    state: "pending",
    error: null,
    created_at: "2026-01-01T12:00:00.000Z",
  });
  assert(Object.isFrozen(one.row));
  assert.equal(one.row, one.row);
  assert.deepEqual(one.command, { room: "room", body: "1", client_id: "key-1" });
});

test("what is kept comes back as it was", async () => {
  const one = new Pending({
    room: "r",
    body: "b",
    clientId: "k",
    replyTo: 7,
    order: 5,
    createdAt: "2026-01-01T12:00:00.000Z",
  });
  one.refused(new ApiError("muted", "No.", { fields: { body: "x" } }));
  const again = Pending.of(structuredClone(one.kept("owner", "tab")));
  assert.deepEqual({ ...again.row, error: null }, { ...one.row, error: null });
  assert.deepEqual([codeOf(again.error), again.error?.message], ["muted", "No."]);
  assert.equal(again.command.client_id, "k");
  await assert.rejects(again.answer(), { code: "muted" });
});

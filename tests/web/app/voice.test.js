import assert from "node:assert/strict";
import { test } from "node:test";

import { everyText, leftText, untilText } from "../../../src/tertulia/web/app/model/times.js";
import { Pace, silenceOf } from "../../../src/tertulia/web/app/model/voice.js";

const NOW = new Date(2026, 0, 5, 12, 0).getTime();

/** @param {Record<string, unknown>} [more] @returns {any} */
function room(more = {}) {
  return { role: "member", archived: false, slow_mode: 0, changed_seq: 1, ...more };
}

/** @param {number} ago seconds @param {Record<string, unknown>} [more] @returns {any} */
function mine(ago, more = {}) {
  const created_at = new Date(NOW - ago * 1000).toISOString();
  return {
    key: "k",
    kind: "message",
    index: 1,
    seq: 5,
    sender: { id: "ana" },
    created_at,
    ...more,
  };
}

test("why one cannot write, and until when", () => {
  assert.equal(silenceOf(null, NOW), null);
  assert.equal(silenceOf(room(), NOW), null);
  assert.deepEqual(silenceOf(room({ archived: true }), NOW), { kind: "archived", until: null });
  assert.deepEqual(silenceOf(room({ role: null }), NOW), { kind: "outsider", until: null });
  const muted = room({ muted_until: new Date(NOW + 5_000).toISOString() });
  assert.deepEqual(silenceOf(muted, NOW), { kind: "muted", until: NOW + 5_000 });
  assert.equal(silenceOf(muted, NOW + 5_000), null);
  assert.equal(silenceOf({ ...muted, archived: true }, NOW)?.kind, "archived");
});

test("slow mode: the next post may be made so many seconds after my last one", () => {
  const me = { id: "ana" };
  const pace = new Pace();
  const slow = room({ slow_mode: 30 });
  assert.equal(pace.wait(room(), [mine(1)], me, NOW), null);
  assert.equal(pace.wait(slow, [], me, NOW), null);
  assert.deepEqual(pace.wait(slow, [mine(10)], me, NOW), { until: NOW + 20_000 });
  assert.equal(pace.wait(slow, [mine(10)], me, NOW + 20_000), null);
  assert.equal(pace.wait(slow, [mine(10, { sender: { id: "ben" } })], me, NOW), null);
  for (const role of ["owner", "admin", "moderator"]) {
    assert.equal(pace.wait(room({ slow_mode: 30, role }), [mine(10)], me, NOW), null);
  }
  assert.equal(pace.wait(slow, [mine(10)], { ...me, is_staff: true }, NOW), null);
});

test("a post from before slow mode does not count; one on its way does", () => {
  const pace = new Pace();
  const slow = room({ slow_mode: 30, changed_seq: 9 });
  assert.equal(pace.wait(slow, [mine(10)], { id: "ana" }, NOW), null);
  const waiting = mine(0, { kind: "pending", state: "pending", seq: undefined, sender: undefined });
  assert.deepEqual(pace.wait(slow, [waiting], { id: "ana" }, NOW), { until: null });
  assert.equal(pace.wait(slow, [{ ...waiting, state: "failed" }], { id: "ana" }, NOW), null);
});

test("clocks differ: what the server said counts, and nobody waits longer than the room says", () => {
  const me = { id: "ana" };
  const slow = room({ slow_mode: 30 });
  assert.deepEqual(new Pace().wait(slow, [mine(-500)], me, NOW), { until: NOW + 30_000 });
  const pace = new Pace();
  pace.stored(mine(500), NOW - 100, NOW);
  assert.deepEqual(pace.wait(slow, [mine(500)], me, NOW), { until: NOW + 30_000 });
  const late = new Pace();
  late.stored(mine(500), NOW - 60_000, NOW); // it waited for the line: this says nothing about clocks
  assert.equal(late.wait(slow, [mine(500)], me, NOW), null);
  const refused = new Pace();
  const error = { code: "slow_mode", retryAfter: 7 };
  const failed = [mine(0, { kind: "pending", state: "failed", error, sender: undefined })];
  assert.deepEqual(refused.wait(slow, failed, me, NOW), { until: NOW + 7_000 });
  assert.deepEqual(refused.wait(slow, failed, me, NOW + 3_000), { until: NOW + 7_000 });
  assert.equal(refused.wait(slow, failed, me, NOW + 7_000), null);
});

test("spans of time as people say them", () => {
  assert.equal(everyText(1), "every second");
  assert.equal(everyText(90), "every 90 seconds");
  assert.equal(everyText(120), "every 2 minutes");
  assert.equal(everyText(3600), "every hour");
  assert.equal(leftText(400), "1 s");
  assert.equal(leftText(119_500), "120 s");
  assert.equal(leftText(600_000), "10 min");
  assert.equal(leftText(7_200_001), "3 h");
  assert.equal(untilText(new Date(NOW + 60_000), new Date(NOW)).includes("2026"), false);
  assert.match(untilText(new Date(NOW + 3 * 86_400_000), new Date(NOW)), /January 8/);
});

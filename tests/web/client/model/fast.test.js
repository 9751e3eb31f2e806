import assert from "node:assert/strict";
import { test } from "node:test";

import { Model } from "../../../../src/tertulia/web/client/model/model.js";
import { Rows } from "../../../../src/tertulia/web/client/model/rows.js";
import { summary } from "../../../../src/tertulia/web/client/model/summary.js";
import { ready, ReferenceRoom } from "../support/reference.js";

/** Frames a second that a busy client bears with ease; it is ten times as fast where nobody else works. */
const ENOUGH = 10_000;

/**
 * @param {number} seq
 * @param {number} index
 */
function message(seq, index) {
  const numbers = { index, seq, changed_seq: seq };
  const sender = { id: "user-2", number: 2, username: "user2" };
  const row = {
    id: String(seq),
    kind: "message",
    ...numbers,
    sender,
    body: "hi",
    created_at: "now",
  };
  return { ev: "message", room: "room-1", seq, message: row };
}

test("many frames are cheap, also when somebody looks after each of them", () => {
  const server = new ReferenceRoom("room-1");
  const model = new Model({ follow: true });
  model.apply(ready([server]));
  model.apply(server.reload());
  const room = model.rooms.get("room-1");
  assert(room);
  const rows = new Rows();
  const frames = [...Array(ENOUGH).keys()].map((number) =>
    message(server.head + 1 + number, number + 1),
  );
  const start = performance.now();
  for (const frame of frames) {
    model.apply(frame);
    rows.of(room.state.timeline.rows, []);
    summary(room.state);
  }
  const seconds = (performance.now() - start) / 1000;
  assert.equal(room.cursor, server.head + ENOUGH);
  assert(seconds < 5, `${ENOUGH} frames took ${seconds.toFixed(1)} s`);
});

import assert from "node:assert/strict";
import { test } from "node:test";

import { settle } from "../support/clock.js";
import { linked } from "../support/linked.js";

test("a quiet line is asked, and lives as long as something comes", async () => {
  const made = await linked();
  for (let turn = 1; turn <= 10; turn += 1) {
    await made.clock.advance(25);
    assert.equal(made.line.all("ping").length, turn);
    made.line.answer("ping");
  }
  await settle();
  assert(made.link.online);
});

test("a busy line is not asked", async () => {
  const made = await linked();
  for (let turn = 0; turn < 30; turn += 1) {
    await made.clock.advance(10);
    made.line.tell({ ev: "presence", users: [] });
  }
  assert.deepEqual(made.line.all("ping"), []);
});

test("a line from which nothing comes is left after 50 seconds", async () => {
  const made = await linked();
  made.line.stuck = true;
  await made.clock.advance(49.9);
  assert.equal(made.line.closed, null);
  await made.clock.advance(0.2);
  assert.equal(made.line.closed, 1000);
  await made.clock.advance(1);
  assert.equal(made.sockets.all.length, 2);
});

test("timers that are late prove nothing", async () => {
  const made = await linked();
  for (let turn = 1; turn <= 5; turn += 1) {
    await made.clock.sleep(3_600);
    assert.equal(made.line.closed, null);
    assert.equal(made.line.all("ping").length, turn);
    made.line.answer("ping");
    await made.clock.advance(26);
    if (made.line.all("ping").length > turn) break;
  }
  assert(made.link.online);
});

test("when the network changed the line is asked at once, and left if it is dead", async () => {
  const made = await linked();
  made.wake();
  made.wake();
  await settle();
  assert.equal(made.line.all("ping").length, 1);
  made.line.answer("ping");
  await made.clock.advance(10);
  assert(made.link.online);
  made.wake();
  await made.clock.advance(10.1);
  assert.equal(made.line.closed, 1000);
});

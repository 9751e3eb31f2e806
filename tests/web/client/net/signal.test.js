import assert from "node:assert/strict";
import { test } from "node:test";

import { Signal } from "../../../../src/tertulia/web/client/net/signal.js";

test("who waits is woken when it holds, and not before", async () => {
  const signal = new Signal();
  let count = 0;
  const waiting = signal.until(() => count === 2);
  for (count = 1; count < 3; count += 1) {
    assert.equal(signal.size, 1);
    signal.notify();
  }
  await waiting;
  assert.equal(signal.size, 0);
  await signal.until(() => true);
});

test("a condition that throws ends its own wait only", async () => {
  const signal = new Signal();
  let over = false;
  const fails = signal.until(() => {
    if (over) throw new Error("over");
    return false;
  });
  const holds = signal.until(() => over);
  over = true;
  signal.notify();
  await assert.rejects(fails, /over/);
  await holds;
});

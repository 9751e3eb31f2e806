import assert from "node:assert/strict";
import { test } from "node:test";

import { Backoff, LONGEST } from "../../../../src/tertulia/web/client/net/backoff.js";
import { seeded } from "../support/random.js";

test("waits grow, are spread, and have a bound", () => {
  const longest = new Backoff(() => 0.999999);
  const waits = Array.from({ length: 50 }, () => longest.next());
  assert.deepEqual(waits.slice(0, 4).map(Math.round), [0, 1, 2, 4]);
  assert(waits.every((wait) => wait <= LONGEST));
  assert(Math.abs(waits[49] - LONGEST) < 0.01);

  const backoff = new Backoff(seeded(1));
  assert.equal(new Set(Array.from({ length: 50 }, () => backoff.next())).size, 50);
});

test("never less than what the server asked for, and not much more", () => {
  const backoff = new Backoff(seeded(2));
  for (let failure = 0; failure < 50; failure += 1) {
    const wait = backoff.next(3.2);
    assert(wait >= 3.2 && wait <= 4.2);
  }
  assert(backoff.next(-5) >= 0);
});

test("after a good connection waits are short again", () => {
  const backoff = new Backoff(() => 0.999999);
  for (let failure = 0; failure < 9; failure += 1) backoff.next();
  backoff.reset();
  assert(backoff.next() <= 0.5);
});

import assert from "node:assert/strict";
import { test } from "node:test";

import { ConnectionLost, Stopped } from "../../../../src/tertulia/web/client/net/errors.js";
import { ForeignTokens } from "../../../../src/tertulia/web/client/net/tokens.js";
import { FakeClock, settle } from "../support/clock.js";

/** A backend: each call makes the next token. */
class Backend {
  /** @type {(string | undefined)[]} */
  asked = [];

  get = async (/** @type {{ refused?: string | undefined }} */ { refused }) => {
    this.asked.push(refused);
    return `token-${this.asked.length}`;
  };
}

test("a token is used for most of its life and then another one is asked for", async () => {
  const clock = new FakeClock();
  const backend = new Backend();
  const tokens = new ForeignTokens(backend.get, clock);
  assert.equal(await tokens.access(), "token-1");
  await clock.advance(1_000_000);
  assert.equal(await tokens.access(), "token-1", "nobody said yet how long it lasts");
  tokens.lasts("token-1", 100);
  await clock.advance(79);
  assert.equal(await tokens.access(), "token-1");
  await clock.advance(2);
  assert.equal(await tokens.access(), "token-2");
  assert.deepEqual(backend.asked, [undefined, undefined]);
});

test("a refused token is named, and one that is new already is not asked for again", async () => {
  const backend = new Backend();
  const tokens = new ForeignTokens(backend.get, new FakeClock());
  await tokens.access();
  assert.equal(await tokens.renew("token-1"), "token-2");
  assert.equal(await tokens.renew("token-1"), "token-2");
  assert.deepEqual(backend.asked, [undefined, "token-1"]);
});

test("many who ask at once get the same answer", async () => {
  const backend = new Backend();
  const tokens = new ForeignTokens(backend.get, new FakeClock());
  const all = await Promise.all(Array.from({ length: 20 }, () => tokens.access()));
  assert.deepEqual(new Set(all), new Set(["token-1"]));
  assert.equal(backend.asked.length, 1);
});

test("what was asked before the refusal was known is no answer to it", async () => {
  const given = ["old", "old", "new"];
  const tokens = new ForeignTokens(() => given.shift() ?? null, new FakeClock());
  await tokens.access();
  tokens.lasts("old", 0);
  const asked = [tokens.access(), tokens.renew("old")];
  assert.equal(await asked[0], "old");
  assert.equal(await asked[1], "new");
});

test("what getToken may do wrong", async () => {
  const clock = new FakeClock();
  /** @type {any[]} */
  const nobody = [null, undefined, "", 7];
  for (const answer of nobody) {
    await assert.rejects(new ForeignTokens(() => answer, clock).access(), Stopped);
  }
  const fails = () => {
    throw new TypeError("failed to fetch");
  };
  await assert.rejects(new ForeignTokens(fails, clock).access(), ConnectionLost);

  for (const answer of ["<!doctype html>", '"a.b.c"', "a b", "é"]) {
    const asked = new ForeignTokens(() => answer, clock).access();
    await assert.rejects(asked, /gave something that is no token/);
    await assert.rejects(asked, ConnectionLost); // asked for again: a backend may be down for a moment
  }
  assert.equal(await new ForeignTokens(() => "a.b.c\n", clock).access(), "a.b.c");

  const hangs = new ForeignTokens(() => new Promise(() => {}), clock);
  const asked = assert.rejects(hangs.access(), ConnectionLost);
  await settle();
  await clock.advance(31);
  await asked;
});

test("a token of somebody else is not taken", async () => {
  const token = (/** @type {string} */ sub) => `h.${btoa(JSON.stringify({ sub }))}.s`;
  const given = [token("ana"), token("ana"), token("ben")];
  const tokens = new ForeignTokens(() => given.shift() ?? null, new FakeClock());
  await tokens.renew(await tokens.access());
  await assert.rejects(tokens.renew(token("ana")), /Somebody else/);
});

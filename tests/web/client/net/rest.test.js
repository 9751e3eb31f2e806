import assert from "node:assert/strict";
import { test } from "node:test";

import { Address } from "../../../../src/tertulia/web/client/net/address.js";
import { ConnectionLost } from "../../../../src/tertulia/web/client/net/errors.js";
import { retryAfter } from "../../../../src/tertulia/web/client/net/exchange.js";
import { Rest } from "../../../../src/tertulia/web/client/net/rest.js";
import { FakeClock } from "../support/clock.js";
import { FakeTokens } from "../support/tokens.js";
import { FakeWeb, json, problem } from "../support/web.js";

function made() {
  const web = new FakeWeb();
  const clock = new FakeClock();
  const tokens = new FakeTokens();
  const rest = new Rest(new Address("http://x"), { fetch: web.fetch, clock, tokens });
  return { web, clock, tokens, rest };
}

test("a call is signed, goes without cookies and gives the JSON", async () => {
  const { web, rest } = made();
  web.routes["GET rooms/directory"] = () => json({ items: [], next: null });
  assert.deepEqual(await rest.directory({ q: "über & co", cursor: null }), {
    items: [],
    next: null,
  });
  const [asked] = web.asked;
  assert.equal(asked.path, "rooms/directory?q=%C3%BCber+%26+co");
  assert.equal(asked.headers.Authorization, "Bearer token-1");
  assert.equal(asked.credentials, "omit");
});

test("ids never lead elsewhere", async () => {
  const { web, rest } = made();
  web.routes["POST rooms/..%2F..%2Fx%3Fy/join"] = () => json(null, 204);
  assert.equal(await rest.join("../../x?y"), null);
});

test("a token that is refused is renewed, once", async () => {
  const { web, rest } = made();
  web.routes["GET me"] = ({ headers }) =>
    headers.Authorization === "Bearer token-2" ? json({ id: "ana" }) : problem("unauthorized", 401);
  assert.deepEqual(await rest.me(), { id: "ana" });
  web.routes["GET me"] = () => problem("unauthorized", 401);
  await assert.rejects(rest.me(), { code: "unauthorized", status: 401 });
  assert.equal(web.asked.length, 4);
});

test("refusals have their code, status, wait and fields", async () => {
  const { web, rest } = made();
  web.routes["POST rooms"] = () => problem("rate_limited", 429, { "Retry-After": "3" });
  const refusal = { code: "rate_limited", status: 429, retryAfter: 3, fields: { x: "y" } };
  await assert.rejects(rest.create({ name: "a" }), refusal);
  web.routes["POST rooms"] = () => new Response("<html>", { status: 502 });
  await assert.rejects(rest.create({}), { code: "unavailable", status: 502 });
  web.routes["POST rooms"] = () => new Response("<html>", { status: 500 });
  await assert.rejects(rest.create({}), { code: "internal" });
  web.routes["POST rooms"] = () => new Response("<html>");
  await assert.rejects(rest.create({}), /no Tertulia server/);
});

test("no answer is a lost connection", async () => {
  const { web, clock, rest } = made();
  web.routes["GET me"] = () => Promise.reject(new TypeError("failed"));
  await assert.rejects(rest.me(), ConnectionLost);
  web.routes["GET me"] = () => new Promise(() => {});
  const late = assert.rejects(rest.me(), ConnectionLost);
  await clock.advance(16);
  await late;
  assert.equal(clock.waiting, 0);
});

test("Retry-After in seconds, or not at all", () => {
  assert.equal(retryAfter("2.5"), 2.5);
  assert.equal(retryAfter("-1"), 0);
  for (const header of [null, "", " ", "Wed, 21 Oct 2026 07:28:00 GMT", "Infinity"]) {
    assert.equal(retryAfter(header), null);
  }
});

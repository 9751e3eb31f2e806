import assert from "node:assert/strict";
import { test } from "node:test";

import { ApiError, ConnectionLost } from "../../../../src/tertulia/web/client/net/errors.js";
import { MAX_IN_FLIGHT, MAX_WAITING } from "../../../../src/tertulia/web/client/net/slots.js";
import { MAX_COMMAND, MAX_FRAME, Socket } from "../../../../src/tertulia/web/client/net/socket.js";
import { FakeClock, settle } from "../support/clock.js";
import { FakeSockets } from "../support/sockets.js";

/** @typedef {import("../support/sockets.js").Frame} Frame */

function connected() {
  const clock = new FakeClock();
  const sockets = new FakeSockets();
  /** @type {Frame[]} */
  const events = [];
  const onEvent = (/** @type {Frame} */ frame) => void events.push(frame);
  const { WebSocket } = sockets;
  const socket = new Socket({ url: "ws://x/ws", token: "abc", WebSocket, clock, onEvent });
  sockets.last.open();
  return { clock, socket, events, line: sockets.last };
}

test("the token goes into the subprotocols", () => {
  const { line } = connected();
  assert.deepEqual(line.protocols, ["tertulia.v1", "bearer.abc"]);
  assert.equal(line.url, "ws://x/ws");
});

test("replies are matched with their commands, events come in order", async () => {
  const { socket, events, line } = connected();
  const first = socket.command("one");
  const second = socket.command("two", { a: 1 });
  await settle();
  line.answer("two", { b: 2 });
  line.tell({ ev: "x", n: 1 });
  line.tell({ ev: "y", n: 2 });
  line.answer("one");
  assert.equal((await second).b, 2);
  await first;
  assert.deepEqual(
    events.map((frame) => frame.n),
    [1, 2],
  );
  assert.deepEqual(line.last("two"), { cmd: "two", id: 2, a: 1 });
});

test("a refusal has its code, and the connection lives", async () => {
  const { socket, line } = connected();
  const asked = socket.command("post");
  await settle();
  line.answer("post", { error: { code: "rate_limited", message: "Wait.", retry_after: 0.4 } });
  await assert.rejects(asked, { name: "ApiError", code: "rate_limited", retryAfter: 0.4 });
  assert(socket.isOpen);
});

test("who waits learns that the line was cut, and why", async () => {
  const { socket, line } = connected();
  const asked = Array.from({ length: MAX_IN_FLIGHT + 3 }, () => socket.command("x"));
  await settle();
  assert.equal(line.all("x").length, MAX_IN_FLIGHT);
  line.tell({ ev: "bye", code: 1012, reason: "The server restarts.", reconnect_in: 3.2 });
  line.end(1012, "The server restarts.");
  for (const one of asked) await assert.rejects(one, ConnectionLost);
  await socket.closed;
  assert.deepEqual([socket.code, socket.retryAfter], [1012, 3.2]);
  await assert.rejects(socket.command("x"), ConnectionLost);
});

test("more than 64 commands wait for their turn, more than 2,000 are refused", async () => {
  const { socket, line } = connected();
  const asked = Array.from({ length: MAX_IN_FLIGHT + MAX_WAITING }, () => socket.command("x"));
  for (const one of asked) one.catch(() => {});
  await assert.rejects(socket.command("x"), { code: "busy" });
  await settle();
  line.tell({ re: 1 });
  await settle();
  assert.equal(line.all("x").length, MAX_IN_FLIGHT + 1);
});

for (const [name, data] of /** @type {[string, any][]} */ ([
  ["not JSON", "{"],
  ["no object", "7"],
  ["null", "null"],
  ["a list", "[]"],
  ["binary", new ArrayBuffer(3)],
  ["too large", `{"ev":"x","a":"${"a".repeat(MAX_FRAME)}"}`],
])) {
  test(`what is not the protocol ends the connection: ${name}`, async () => {
    const { socket, line, events } = connected();
    const asked = assert.rejects(socket.command("x"), ConnectionLost);
    await settle();
    line.onmessage?.({ data });
    await asked;
    await socket.closed;
    assert.match(socket.reason, /not the protocol/);
    assert.equal(line.closed, 4000);
    assert.deepEqual(events, []);
  });
}

test("a reply that nobody waits for is left out", () => {
  const { socket, line } = connected();
  line.tell({ re: 99 });
  line.tell({ re: null, error: { code: "invalid_json" } });
  assert(socket.isOpen);
});

test("what the server would end the connection for is refused here", async () => {
  const { socket, line } = connected();
  const large = { body: "é".repeat(MAX_COMMAND / 2) };
  await assert.rejects(socket.command("post", large), { code: "too_large" });
  await assert.rejects(socket.command("post", { body: "a\ud800b" }), { code: "invalid_text" });
  assert.throws(() => socket.say("x", { body: ["\udfff"] }), ApiError);
  assert.deepEqual(line.said, []);
  const sent = socket.command("post", { body: "🙂 \\ud800" });
  await settle();
  line.answer("post");
  await sent;
});

test("a server that does not answer is given up", async () => {
  const clock = new FakeClock();
  const { WebSocket } = new FakeSockets();
  const socket = new Socket({ url: "ws://x", token: "", WebSocket, clock, onEvent: () => {} });
  const opened = socket.opened();
  await clock.advance(11);
  await opened;
  assert(!socket.isOpen);
  await assert.rejects(socket.command("hello"), ConnectionLost);
});

test("closing does not wait for a network that swallows everything", async () => {
  const { clock, socket, line } = connected();
  line.stuck = true;
  const closed = socket.close();
  await clock.advance(3);
  await closed;
  assert.equal(line.closed, 1000);
  assert.equal(clock.waiting, 0);
});

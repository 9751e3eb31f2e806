import assert from "node:assert/strict";
import { test } from "node:test";

import {
  ApiError,
  ConnectionLost,
  Stopped,
} from "../../../../src/tertulia/web/client/net/errors.js";
import { settle } from "../support/clock.js";
import { Linked, linked } from "../support/linked.js";
import { ready } from "../support/sockets.js";

test("it says hello and is online when the server is ready", async () => {
  const made = new Linked();
  made.hello = { resume: { room: 7 }, boot: "b" };
  await made.start();
  assert.equal(made.link.state, "connecting");
  assert.equal(made.line.url, "ws://chat.example.org/ws");
  assert.equal(made.line.token, "token-1");
  await made.accept();
  assert.deepEqual(made.line.last("hello"), {
    cmd: "hello",
    id: 1,
    resume: { room: 7 },
    boot: "b",
  });
  assert(made.link.online);
  assert.deepEqual(made.states, ["connecting", "online"]);
  assert.deepEqual(made.tokens.told, [["token-1", 900]]);
});

test("it comes back after every cut, with waits that grow", async () => {
  const made = await new Linked().start();
  /** @type {number[]} */
  const waits = [];
  for (let turn = 0; turn < 9; turn += 1) {
    made.line.end(1006);
    await settle();
    assert.equal(made.link.state, "offline");
    const wait = ((made.link.retryAt ?? 0) - made.clock.now()) / 1000;
    waits.push(wait);
    await made.clock.advance(wait);
    assert.equal(made.sockets.all.length, turn + 2);
  }
  assert.deepEqual(waits, [0.25, 0.5, 1, 2, 4, 8, 15, 15, 15]);
  await made.accept();
  await made.clock.advance(6);
  made.line.end(1006);
  await settle();
  assert.equal((made.link.retryAt ?? 0) - made.clock.now(), 250, "it was good");
});

test("the server is obeyed when it asks to wait", async () => {
  const made = await linked();
  made.line.tell({ ev: "bye", code: 1012, reason: "The server restarts.", reconnect_in: 7 });
  made.line.end(1012);
  await made.clock.advance(6.9);
  assert.equal(made.sockets.all.length, 1);
  made.wake(); // also when the network comes back
  await made.clock.advance(0.05);
  assert.equal(made.sockets.all.length, 1);
  await made.clock.advance(0.3);
  assert.equal(made.sockets.all.length, 2);
});

for (const code of [1000, 1001, 1006, 1009, 1011, 1012, 1013, 4000, 4002, 4004, 4499]) {
  test(`it comes back after ${code}`, async () => {
    const made = await linked();
    await made.cut(code);
    assert.equal(made.sockets.all.length, 2);
    await made.accept();
    assert(made.link.online);
  });
}

for (const code of [4501, 4502, 4999]) {
  test(`it stops after ${code}`, async () => {
    const made = await linked();
    const asked = assert.rejects(made.link.command("x"), ConnectionLost);
    await settle();
    made.line.end(code, "Somebody said so.");
    await made.ended;
    await asked;
    await made.clock.advance(1_000);
    assert.equal(made.sockets.all.length, 1);
    assert.equal(made.link.error?.code, code);
    assert.equal(made.link.error?.message, "Somebody said so.");
    assert.deepEqual([made.link.state, made.link.retryAt], ["offline", null]);
    await assert.rejects(made.link.command("x"), Stopped);
    assert.equal(made.clock.waiting, 0);
  });
}

test("a flood is followed by a pause", async () => {
  const made = await linked();
  made.line.end(4003);
  await made.clock.advance(4.9);
  assert.equal(made.sockets.all.length, 1);
  await made.clock.advance(2);
  assert.equal(made.sockets.all.length, 2);
});

for (const code of [4001, 4500]) {
  test(`after ${code} it comes back at once with another token, but not for ever`, async () => {
    const made = await linked();
    made.line.end(code);
    await settle();
    assert.equal(made.line.token, "token-2");
    made.line.open();
    await settle();
    made.line.end(4500, "The access token is not good.");
    await made.ended;
    assert.equal(made.link.error?.code, 4500);
    assert.deepEqual(made.tokens.refused, ["token-1"]);
  });
}

test("a token that always expired ends it in the end", async () => {
  const made = await linked();
  for (let turn = 0; turn < 9 && made.link.error === null; turn += 1) await made.cut(4001);
  assert.equal(made.link.error?.code, 4500);
});

test("a token that cannot be had now is asked for again, one that never can ends it", async () => {
  const made = new Linked();
  made.tokens.fails = [new ConnectionLost("no network"), new ApiError("busy", "", { status: 503 })];
  await made.start();
  await made.clock.advance(1);
  assert.equal(made.sockets.all.length, 1);
  await made.accept();
  made.tokens.fails = [new ApiError("unauthorized", "Sign in.", { status: 401 })];
  made.line.end(1006);
  await made.clock.advance(1);
  await made.ended;
  assert.equal(made.link.error?.code, 4500);
});

test("the token is renewed on the live connection at 80 % of its life", async () => {
  const made = await linked();
  made.tokens.number = 2;
  for (let turn = 0; turn < 30; turn += 1) {
    await made.clock.advance(24);
    made.line.tell({ ev: "anything" });
  }
  await made.clock.advance(1);
  assert.equal(made.line.last("refresh").token, "token-2");
  made.line.answer("refresh", { expires_in: 900 });
  await settle();
  assert.deepEqual(made.tokens.told.at(-1), ["token-2", 900]);
  assert.equal(made.sockets.all.length, 1);
});

test("a hello that is refused for good ends it", async () => {
  const made = await new Linked().start();
  made.line.open();
  await settle();
  made.line.answer("hello", { error: { code: "invalid", message: "No such field." } });
  await made.ended;
  assert.equal(made.link.error?.message, "No such field.");
});

test("a server that says nothing after hello is left", async () => {
  const made = await new Linked().start();
  made.line.open();
  await settle();
  made.line.answer("hello");
  await made.clock.advance(11);
  assert.equal(made.sockets.all[0].closed, 1000);
  assert.equal(made.sockets.all.length, 2);
});

test("frames that are not the protocol end the connection, and it comes back", async () => {
  const made = await linked();
  made.line.tell("{");
  await made.clock.advance(1);
  assert.equal(made.sockets.all.length, 2);
  await made.accept();
  assert(made.link.online);
});

test("when the network may be back it is tried at once", async () => {
  const made = await new Linked().start();
  for (let turn = 0; turn < 8; turn += 1) await made.cut();
  made.line.end(1006);
  await settle();
  const before = made.sockets.all.length;
  made.wake();
  await made.clock.advance(0);
  assert.equal(made.sockets.all.length, before + 1);
});

test("commands wait for the line; what is only said is left out", async () => {
  const made = await new Linked().start();
  const asked = made.link.command("history", { room: "r" });
  made.link.say("typing", { room: "r" });
  await settle();
  assert.deepEqual(made.line.said, []);
  await made.accept();
  made.line.answer("history", { messages: [] });
  assert.deepEqual((await asked).messages, []);
  made.link.say("typing", { room: "r" });
  assert.deepEqual(made.line.last("typing"), { cmd: "typing", room: "r" });
});

test("it asks again as long as it makes sense", async () => {
  const made = await linked();
  const asked = made.link.ask("edit", { room: "r" });
  await settle();
  await made.cut();
  await made.accept();
  made.line.answer("edit", { error: { code: "busy", message: "", retry_after: 2 } });
  await made.clock.advance(2);
  made.line.answer("edit", { message: 1 });
  assert.equal((await asked).message, 1);

  const refused = made.link.patiently("edit");
  await settle();
  made.line.answer("edit", { error: { code: "deleted", message: "It is deleted." } });
  await assert.rejects(refused, { code: "deleted" });
});

test("another user ends it before anybody hears of them", async () => {
  const made = await linked();
  const heard = made.events.length;
  await made.cut();
  made.line.open();
  await settle();
  made.line.answer("hello");
  made.line.tell(ready({ user: { id: "ben", number: 2, username: "ben" } }));
  await made.ended;
  assert.equal(made.events.length, heard);
  assert.match(made.link.error?.message ?? "", /Somebody else/);
});

test("closing is at once and for good, wherever it stands", async () => {
  const waiting = await new Linked().start();
  waiting.line.end(1006);
  await settle();
  const online = await linked();
  for (const made of [await new Linked().start(), waiting, online]) {
    await made.link.close();
    await made.ended;
    assert.equal(made.link.error?.code, null);
    await made.clock.advance(100);
    assert.equal(made.sockets.all.length, 1);
    assert.equal(made.clock.waiting, 0);
  }
  assert.equal(online.line.closed, 1000);
});

test("who does not want to wait tries now, as soon as the server lets one", async () => {
  const made = await linked();
  made.line.tell({ ev: "bye", reconnect_in: 5 });
  made.line.end(1012);
  await settle();
  assert((made.link.retryAt ?? 0) - made.clock.now() > 5_000);
  made.link.tryNow();
  assert.equal(made.link.retryAt, made.clock.now() + 5_000, "never sooner than the server said");
  await made.clock.advance(5);
  made.line.end(1006);
  await settle();
  made.link.tryNow();
  assert.equal(made.link.retryAt, made.clock.now());
  await made.clock.advance(0);
  assert.equal(made.sockets.all.length, 3);
  await made.link.close();
  made.link.tryNow();
  assert.equal(made.clock.waiting, 0);
  assert.equal(made.link.retryAt, null);
});

test("before it runs there is nothing to try", () => {
  const made = new Linked();
  made.link.tryNow();
  assert.deepEqual([made.clock.waiting, made.states], [0, []]);
});

import assert from "node:assert/strict";
import { test } from "node:test";

import { Positions } from "../../../../src/tertulia/web/client/model/positions.js";
import { RoomModel } from "../../../../src/tertulia/web/client/model/room.js";
import {
  ApiError,
  ConnectionLost,
  Stopped,
} from "../../../../src/tertulia/web/client/net/errors.js";
import { ME, ReferenceRoom } from "../support/reference.js";

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A room with three messages of another, and what is said of it. */
function reading() {
  const server = new ReferenceRoom("room-1");
  server.join(2);
  for (let number = 0; number < 3; number += 1) server.post(2, "hi");
  server.read.set(ME, 0);
  const room = new RoomModel("room-1", ME);
  room.apply(server.reload());
  /** @type {any[]} */
  const said = [];
  /** @type {(() => Promise<void>)[]} */
  const answers = [];
  /** @type {(() => void)[]} */
  const sleeps = [];
  const line = { up: true };
  const positions = new Positions({
    user: () => ME,
    room: (id) => (id === room.id ? room : undefined),
    say: async (cmd, fields) => {
      said.push([cmd, fields]);
      await answers.shift()?.();
    },
    tell: (cmd, fields) => line.up && Boolean(said.push([cmd, fields])),
    sleep: () => new Promise((resolve) => sleeps.push(resolve)),
  });
  const pass = async () => {
    await turn();
    sleeps.shift()?.();
    await turn();
  };
  return { server, room, positions, said, answers, line, pass };
}

test("many positions are said once, the newest one", async () => {
  const { room, positions, said, pass } = reading();
  for (const index of [1, 3, 2]) positions.read(room, index);
  assert.equal(room.state.unread, 0);
  await pass();
  assert.deepEqual(said, [["read", { room: "room-1", delivered: 3, index: 3 }]]);
  positions.read(room, 2);
  await pass();
  assert.equal(said.length, 1, "less than before is nothing");
});

test("what merely arrived is no reading", async () => {
  const { room, positions, said, pass } = reading();
  positions.received(room);
  positions.received(room);
  await pass();
  assert.deepEqual(said, [["read", { room: "room-1", delivered: 3 }]]);
  assert.equal(room.state.unread, 3);
});

test("nobody reads beyond the end", async () => {
  const { room, positions, said, pass } = reading();
  positions.read(room, 99);
  await pass();
  assert.equal(said[0][1].index, 3);
});

test("reading again what is marked as unread is said, too", async () => {
  const { server, room, positions, said, pass } = reading();
  positions.read(room, 3);
  await positions.sayNow("room-1");
  assert.equal(said.length, 1);
  room.apply(server.standing({ unread_from: 2, read_index: 3 }));
  positions.read(room, 3);
  await pass();
  await pass();
  assert.equal(said.length, 2);
  assert.equal(room.state.me?.unread_from, undefined);
});

test("too fast: it is said later; a lost line is nothing; the end is the end", async () => {
  const { server, room, positions, said, answers, pass } = reading();
  answers.push(async () => {
    throw new ApiError("rate_limited", "", { retryAfter: 1 });
  });
  positions.read(room, 1);
  await pass();
  assert.equal(said.length, 1);
  await pass();
  await pass();
  assert.equal(said.length, 2);
  answers.push(async () => {
    throw new ConnectionLost("");
  });
  positions.read(room, 2);
  await pass();
  assert.equal(said.length, 3);
  answers.push(async () => {
    throw new Stopped("");
  });
  room.apply(server.post(2, "more"));
  positions.read(room, 4);
  await pass();
  assert.equal(said.length, 4);
});

test("what moved is said at once when the page goes, and not again; without a line it waits", async () => {
  const { room, positions, said, line, pass } = reading();
  positions.read(room, 2);
  positions.sayAll();
  assert.deepEqual(said, [["read", { room: "room-1", delivered: 2, index: 2 }]]);
  positions.sayAll();
  await pass();
  assert.equal(said.length, 1);
  line.up = false;
  positions.read(room, 3);
  positions.sayAll();
  assert.equal(said.length, 1);
  await pass();
  assert.equal(said.length, 2);
});

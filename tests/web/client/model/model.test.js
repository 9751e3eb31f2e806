import assert from "node:assert/strict";
import { test } from "node:test";

import { Model } from "../../../../src/tertulia/web/client/model/model.js";
import { ready, ReferenceRoom } from "../support/reference.js";

/** @typedef {import("../../../../src/tertulia/web/client/model/step.js").Need} Need */

/**
 * @param {string} cmd
 * @param {number | null} [seq]
 */
function need(cmd, seq = null) {
  return { cmd, room: "room-1", seq };
}

/** @param {{ follow?: boolean }} [options] */
function listing({ follow = true } = {}) {
  const server = new ReferenceRoom("room-1");
  server.post(1, "first");
  const model = new Model({ follow });
  model.apply(ready([server]));
  return { server, model };
}

test("with follow every listed room is asked for once", () => {
  const server = new ReferenceRoom("room-1");
  const model = new Model({ follow: true });
  assert.deepEqual(model.apply(ready([server])).needs, [need("subscribe")]);
  assert.deepEqual(model.apply(server.post(1, "live")).needs, []); // its snapshot is on the way
  assert(model.rooms.get("room-1")?.catchingUp);
});

test("without following rooms are only listed until they are opened", () => {
  const { server, model } = listing({ follow: false });
  const event = server.post(2, "live");
  assert.deepEqual(model.apply(event), { events: [event], needs: [] });
  assert.equal(model.rooms.get("room-1")?.state.messageCount, 2);
  assert.deepEqual(model.open("room-1"), [need("subscribe")]);
  assert.deepEqual(model.open("room-1"), []);
});

test("a room that no list has told of is followed when something happens in it", () => {
  const server = new ReferenceRoom("room-1");
  const model = new Model();
  model.apply(ready([], { more: true }));
  assert.deepEqual(model.apply(server.post(2, "live")).needs, [need("subscribe")]);
});

test("a gap is asked for from the cursor", () => {
  const { server, model } = listing();
  model.apply(server.reload());
  const cursor = server.head;
  server.post(2, "lost");
  assert.deepEqual(model.apply(server.post(2, "later")).needs, [need("subscribe", cursor)]);
  assert.deepEqual(model.apply(server.post(2, "more")).needs, []);
  const { events } = model.apply(server.changes(cursor));
  assert.deepEqual(
    events.map((event) => event.message.body),
    ["lost", "later", "more"],
  );
});

test("hello says cursors and positions", () => {
  const { server, model } = listing();
  assert.deepEqual([model.resume(), model.positions()], [{}, { "room-1": 1 }]);
  model.apply(server.reload());
  assert.deepEqual(model.resume(), { "room-1": server.head });
});

test("another epoch forgets all numbers", () => {
  const { server, model } = listing();
  model.apply(server.reload());
  model.cut();
  const { needs } = model.apply(ready([new ReferenceRoom("room-1")], { epoch: "epoch-2" }));
  assert.deepEqual([needs, model.resume()], [[], {}]); // the reload comes unasked
  assert.equal(model.rooms.get("room-1")?.state.messageCount, 0);
});

test("rooms that are not listed any more go", () => {
  const { model } = listing({ follow: false });
  model.cut();
  model.apply(ready([], { more: true }));
  assert.deepEqual([...model.rooms.keys()], ["room-1"]);
  model.apply(ready([]));
  assert.equal(model.rooms.size, 0);
});

test("a wanted room is asked for on every connection until it comes", () => {
  const model = new Model();
  model.apply(ready([]));
  assert.deepEqual(model.open("room-1"), [need("subscribe")]);
  model.cut();
  assert.deepEqual(model.apply(ready([])).needs, [need("subscribe")]);
  model.apply({ ev: "gone", room: "room-1" });
  assert.deepEqual([model.rooms.size, model.wanted.size, model.gone.has("room-1")], [0, 0, true]);
  model.open("room-1");
  assert(!model.gone.has("room-1"));
});

test("a room that i left while away is not followed on", () => {
  const { server, model } = listing();
  model.apply(server.reload());
  const cursor = server.head;
  model.cut();
  server.leave(1);
  model.apply(ready([server]));
  assert.deepEqual(model.apply(server.changes(cursor)).needs, [need("unsubscribe")]);
  assert.deepEqual(model.apply(server.post(2, "on its way")).events, []);
  assert.equal(model.rooms.size, 0);
  server.join(1);
  model.apply(server.reload());
  assert.equal(model.rooms.get("room-1")?.cursor, server.head);
});

test("a room of mine that is closed stays in the list; another one goes", () => {
  const { server, model } = listing({ follow: false });
  model.open("room-1");
  model.apply(server.reload());
  assert.deepEqual(model.close("room-1"), []);
  assert.deepEqual(model.resume(), {});
  assert.deepEqual(model.apply(server.post(2, "counts")).needs, []);
  assert.equal(model.rooms.get("room-1")?.state.unread, 1);
  server.leave(1);
  model.apply(server.reload());
  assert.deepEqual(model.close("room-1"), [need("unsubscribe")]);
  assert.deepEqual(model.apply(server.post(2, "late")).events, []);
  assert.deepEqual(model.close("room-1"), []);
});

test("presence is forgotten with the line", () => {
  const model = new Model();
  model.apply(ready([], { presence: [{ user: "user-2", status: "online" }] }));
  const users = [
    { user: "user-3", status: "away" },
    { user: "user-2", status: "offline" },
  ];
  model.apply({ ev: "presence", users });
  assert.deepEqual([...model.presence], [["user-3", "away"]]);
  model.cut();
  assert.equal(model.presence.size, 0);
});

test("whom i block comes with ready and as news", () => {
  const { server, model } = listing();
  model.apply(server.reload());
  const room = model.rooms.get("room-1");
  model.apply({ ev: "blocked", users: ["user-2"] });
  model.apply(server.post(2, "@room", { mentions_room: true }));
  assert.equal(room?.state.mentions, 0);
  model.apply({ ev: "blocked", users: [] });
  assert.equal(room?.state.mentions, 1);
});

test("what is not known, or of a strange room and short-lived, is nothing", () => {
  const model = new Model();
  const nothing = { events: [], needs: [] };
  assert.deepEqual(model.apply({ ev: "from-the-future", room: "x" }), nothing);
  for (const ev of ["typing", "receipt", "me"])
    assert.deepEqual(model.apply({ ev, room: "x" }), nothing);
  assert.equal(model.rooms.size, 0);
});

test("it tells what changed, by room", () => {
  /** @type {string[]} */
  const told = [];
  const model = new Model({
    onChange: (part, room) => told.push(room ? `${part} of ${room}` : part),
  });
  const server = new ReferenceRoom("room-1");
  model.apply(ready([server]));
  assert(told.includes("user") && told.includes("presence") && told.includes("info of room-1"));
  told.length = 0;
  model.apply(server.post(2, "hi"));
  assert.deepEqual(told, ["info of room-1"]);
  told.length = 0;
  model.apply({ ev: "gone", room: "room-1" });
  assert(told.includes("messages of room-1"));
});

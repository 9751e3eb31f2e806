/** The client against a server that the test plays; against the real one: property.test.js. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { ApiError, Stopped } from "../../../src/tertulia/web/client/tertulia.js";
import { settle } from "./support/clock.js";
import { ME, person, ReferenceRoom } from "./support/reference.js";
import { Staged } from "./support/staged.js";
import { json } from "./support/web.js";

/** A room in which another one has said something. */
function talk(posts = 1) {
  const room = new ReferenceRoom("room-1");
  room.join(2);
  for (let number = 0; number < posts; number += 1) room.post(2, `post ${number}`);
  return room;
}

/** A client that looks at a room. */
async function looking(room = talk()) {
  const staged = await new Staged().greet([room]);
  const handle = staged.client.room(room.id);
  const opened = handle.open();
  await staged.follow(room);
  await opened;
  return { staged, room, handle, client: staged.client };
}

/** @param {import("../../../src/tertulia/web/client/room.js").Room} handle */
function shown(handle) {
  const { rows } = handle.messages.getSnapshot();
  return rows.filter((row) => row.kind !== "notice").map((row) => row.body);
}

test("it starts with a list of rooms, and what is unread in them", async () => {
  const { client } = await new Staged().greet([talk(3)]);
  await client.ready();
  assert.equal(client.connection.getSnapshot().state, "online");
  assert.equal(client.user.getSnapshot()?.id, ME);
  const [room] = client.rooms.getSnapshot();
  assert.deepEqual([room.title, room.unread, room.last_message?.body], ["first", 3, "post 2"]);
  assert.deepEqual(client.unread.getSnapshot(), { rooms: 1, messages: 3, mentions: 0 });
  assert.deepEqual(client.room("room-1").messages.getSnapshot().rows, []);
});

test("counts of rooms that nobody looks at stay right, and snapshots the same until they change", async () => {
  const room = talk();
  const staged = await new Staged().greet([room, new ReferenceRoom("room-2")]);
  const { client } = staged;
  const before = client.rooms.getSnapshot();
  assert.equal(client.rooms.getSnapshot(), before);
  await staged.tell(room.post(2, "more"));
  const after = client.rooms.getSnapshot();
  assert.equal(after.find(({ id }) => id === "room-1")?.unread, 2);
  assert.equal(
    after.find(({ id }) => id === "room-2"),
    before.find(({ id }) => id === "room-2"),
  );
  assert.equal(staged.line.all("subscribe").length, 0);
});

test("an open room shows its messages, members, receipts and who types", async () => {
  const { staged, room, handle } = await looking();
  assert.deepEqual(shown(handle), ["post 0"]);
  const { ready, more, loading, gone } = handle.messages.getSnapshot();
  assert.deepEqual(
    { ready, more, loading, gone },
    { ready: true, more: false, loading: false, gone: false },
  );
  assert.deepEqual(
    handle.members.getSnapshot().items.map((member) => member.user.id),
    [ME, "user-2"],
  );
  assert.equal(handle.receipts.getSnapshot()["user-2"].read_index, 1);
  const users = [person(1), person(2)];
  await staged.tell({ ev: "typing", room: room.id, users, count: 2 });
  assert.deepEqual(handle.typing.getSnapshot(), { users: [person(2)], count: 1 });
});

test("while it opens it loads", async () => {
  const room = talk();
  const staged = await new Staged().greet([room]);
  const handle = staged.client.room(room.id);
  const opened = handle.open();
  assert.equal(handle.messages.getSnapshot().loading, true);
  await staged.follow(room);
  await opened;
  assert.equal(handle.messages.getSnapshot().loading, false);
});

test("listeners are told once after a whole frame", async () => {
  const { staged, room, handle } = await looking();
  let told = 0;
  handle.messages.subscribe(() => (told += 1));
  const { head } = room;
  for (let number = 0; number < 5; number += 1) room.post(2, "more");
  await staged.tell(room.changes(head));
  assert.equal(told, 1);
  assert.equal(shown(handle).length, 6);
  await staged.tell({ ev: "typing", room: room.id, users: [person(2)], count: 1 });
  assert.equal(told, 1);
});

test("a post is a row at once, and keeps its key when it is stored", async () => {
  const { staged, room, handle } = await looking();
  const { client_id: key, stored } = handle.send("Hello", { reply_to: 1 });
  const pending = handle.messages.getSnapshot().rows.at(-1);
  assert(pending?.kind === "pending");
  assert.deepEqual(
    [pending.key, pending.body, pending.state, pending.reply_to],
    [key, "Hello", "pending", 1],
  );
  await settle();
  const command = staged.line.last("post");
  assert.deepEqual([command.client_id, command.reply_to], [key, 1]);
  const event = room.post(1, "Hello", { client_id: key });
  await staged.tell(event);
  const rows = handle.messages.getSnapshot().rows;
  assert.deepEqual([rows.at(-1)?.kind, rows.at(-1)?.key], ["message", key]);
  assert.equal((await stored).index, 2);
  staged.line.answer("post", { message: event.message });
  await settle();
  assert.deepEqual(shown(handle), ["post 0", "Hello"]);
});

test("pending posts stand at the end, in order, over a cut, and are sent again with the same key", async () => {
  const { staged, room, handle } = await looking();
  const first = handle.send("one");
  handle.send("two");
  await settle();
  const event = room.post(1, "one", { client_id: first.client_id }); // stored, and nobody hears of it
  await staged.cut();
  room.post(2, "meanwhile");
  assert.deepEqual(shown(handle), ["post 0", "one", "two"]);
  const { line } = staged;
  await staged.greet([room]);
  assert.equal(line.last("hello").resume["room-1"], room.head - 2);
  await staged.tell(room.changes(room.head - 2));
  assert.deepEqual(shown(handle), ["post 0", "one", "meanwhile", "two"]);
  assert.equal((await first.stored).id, event.message.id);
});

test("what is no text, or answers no message, is a mistake of the program", async () => {
  const { handle } = await looking();
  for (const body of [undefined, null, 5, {}]) {
    assert.throws(() => handle.send(/** @type {any} */ (body)), TypeError);
  }
  for (const index of ["1", 1.5, {}]) {
    assert.throws(() => handle.send("x", { reply_to: /** @type {any} */ (index) }), TypeError);
  }
  assert.deepEqual(shown(handle), ["post 0"]);
});

test("a refused post fails, and can be sent again or taken away", async () => {
  const { staged, room, handle } = await looking();
  const { client_id: key, stored } = handle.send("bad");
  await settle();
  const error = { code: "muted", message: "You are muted." };
  staged.line.answer("post", { error });
  await assert.rejects(stored, (thrown) => thrown instanceof ApiError && thrown.code === "muted");
  const [failed] = handle.messages.getSnapshot().rows.slice(-1);
  assert(failed.kind === "pending" && failed.state === "failed");
  assert.equal(failed.error?.message, "You are muted.");
  handle.retry(key);
  await settle();
  assert.equal(staged.line.all("post").length, 2);
  staged.line.answer("post", { error });
  await settle();
  assert(handle.discard(key));
  assert.deepEqual(shown(handle), ["post 0"]);
  assert.equal(room.count, 1);
});

test("older pages come before, asked for once, and say how much they gave", async () => {
  const room = talk(10);
  const staged = await new Staged().greet([room]);
  const handle = staged.client.room(room.id);
  const opened = handle.open();
  await staged.follow(room, 4);
  await opened;
  assert(handle.messages.getSnapshot().more);
  const asked = [handle.older(3), handle.older(3)];
  await settle();
  assert(handle.messages.getSnapshot().loading);
  assert.equal(staged.line.all("history").length, 1);
  const { before } = staged.line.last("history");
  const page = room.history(before, 3);
  staged.line.answer("history", { messages: page.rows, more: page.more });
  assert.deepEqual(await Promise.all(asked), [3, 3]);
  assert.equal(shown(handle)[0], `post ${before - 4}`);
  assert(!handle.messages.getSnapshot().loading);
  const last = handle.older();
  await settle();
  const rest = room.history(before - 3, 50);
  staged.line.answer("history", { messages: rest.rows, more: false });
  await last;
  assert.equal(await handle.older(), 0);
  assert.equal(handle.messages.getSnapshot().more, false);
});

test("a room that is not there is gone, and says so", async () => {
  const staged = await new Staged().greet([]);
  const handle = staged.client.room("room-9");
  const opened = assert.rejects(
    handle.open(),
    (error) => error instanceof ApiError && error.code === "not_found",
  );
  await settle();
  staged.line.answer("subscribe");
  await staged.tell({ ev: "gone", room: "room-9" });
  await opened;
  assert.deepEqual(handle.messages.getSnapshot(), {
    ...{ rows: [], more: false, loading: false, ready: false, gone: true },
  });
  assert.equal(handle.info.getSnapshot(), null);
});

test("leaving a room takes it from the list", async () => {
  const { staged, room, handle, client } = await looking();
  const left = handle.leave();
  await settle();
  staged.line.answer("leave");
  await staged.tell(room.leave(1));
  await left;
  assert.deepEqual(client.rooms.getSnapshot(), []);
  assert(handle.messages.getSnapshot().gone);
});

test("joining a public room ends with it up to date", async () => {
  const staged = await new Staged().greet([]);
  const room = talk();
  const joined = staged.client.join(room.id);
  await settle();
  staged.line.answer("join", { room: room.listed() });
  await settle();
  await staged.tell(room.reload());
  const handle = await joined;
  assert.equal(handle, staged.client.room(room.id));
  assert.deepEqual(shown(handle), ["post 0"]);
});

test("what is refused is thrown", async () => {
  const staged = await new Staged().greet([]);
  const joined = staged.client.join("room-9");
  await settle();
  staged.line.answer("join", { error: { code: "banned", message: "No." } });
  await assert.rejects(joined, (error) => error instanceof ApiError && error.code === "banned");
  const again = staged.cut();
  await again;
  await staged.greet([]);
  assert.equal(staged.line.all("subscribe").length, 0, "nobody waits for it any more");
});

test("who is put out before it is seen here does not wait for ever", async () => {
  const room = talk();
  room.leave(1);
  const { staged, handle } = await looking(room);
  const joined = assert.rejects(
    handle.join(),
    (error) => error instanceof ApiError && error.code === "not_member",
  );
  await settle();
  room.join(1);
  staged.line.answer("join", { room: room.listed() });
  room.leave(1);
  await staged.tell(room.reload());
  await joined;
});

test("who is brought back while leaving has left as well", async () => {
  const { staged, room, handle } = await looking();
  const left = handle.leave();
  await settle();
  staged.line.answer("leave");
  room.leave(1);
  room.join(1);
  const again = room.reload();
  const rows = again.snapshot.members.filter((/** @type {any} */ row) => row.user.id === ME);
  for (const row of [again.snapshot.room.me, ...rows]) row.joined_at = "later";
  await staged.tell(again);
  await left;
});

test("a room that comes back before the server hears unsubscribe is followed on", async () => {
  const { staged, room, handle } = await looking();
  const cursor = room.head;
  await staged.cut();
  room.leave(1);
  await staged.greet([room]);
  await staged.tell(room.changes(cursor));
  room.join(1);
  await staged.tell(room.reload());
  room.post(2, "not heard");
  staged.line.answer("unsubscribe");
  await settle();
  const { seq } = staged.line.last("subscribe");
  assert.equal(seq, room.head - 1);
  staged.line.answer("subscribe");
  await staged.tell(room.changes(seq));
  assert.equal(shown(handle).at(-1), "not heard");
});

test("making a room and a direct one", async () => {
  const staged = await new Staged().greet([]);
  const { client, web } = staged;
  const room = talk();
  web.routes["POST rooms"] = () => json(room.listed(), 201);
  const made = client.createRoom({ name: "talk" });
  await settle();
  await settle();
  assert.deepEqual(web.asked[0].body, { kind: "public", name: "talk" });
  await staged.tell(room.reload());
  assert.equal((await made).id, room.id);
  const other = new ReferenceRoom("room-2", { kind: "direct" });
  web.routes["PUT users/user-2/direct"] = () => json(other.listed());
  const direct = client.direct("user-2");
  await settle();
  await staged.tell(other.reload());
  assert.equal((await direct).id, "room-2");
});

test("edits, deletions, reactions and pins answer with the message, which is shown", async () => {
  const { staged, room, handle } = await looking();
  const edited = handle.edit(1, "changed");
  await settle();
  assert.equal(staged.line.last("edit").body, "changed");
  staged.line.answer("edit", { message: room.change(1, { body: "changed" }).message });
  assert.equal((await edited).body, "changed");
  assert.deepEqual(shown(handle), ["changed"]);
  for (const [act, cmd] of /** @type {const} */ ([
    [() => handle.react(1, "👍"), "react"],
    [() => handle.pin(1), "pin"],
    [() => handle.remove(1), "delete"],
  ])) {
    const done = act();
    await settle();
    staged.line.answer(cmd, { message: room.change(1, { body: cmd }).message });
    await done;
    assert.deepEqual(shown(handle), [cmd]);
  }
});

test("reading is seen at once, and said a moment later", async () => {
  const { staged, room, handle, client } = await looking(talk(3));
  room.read.set(ME, 0);
  handle.read(2);
  assert.equal(client.rooms.getSnapshot()[0].unread, 1);
  await staged.clock.advance(0.5);
  assert.equal(staged.line.last("read").index, 2);
});

test("reading is said at once when the page goes, and before the end", async () => {
  /** @type {Set<() => void>} */
  const leaving = new Set();
  const staged = new Staged({
    leave: (listener) => (leaving.add(listener), () => void leaving.delete(listener)),
  });
  const room = talk(3);
  room.read.set(ME, 0);
  await staged.greet([room]);
  const handle = staged.client.room(room.id);
  handle.read(2);
  for (const listener of leaving) listener();
  assert.equal(staged.line.last("read").index, 2);
  handle.read(3);
  const closed = staged.client.close();
  assert.equal(staged.line.last("read").index, 3);
  await closed;
  assert.equal(leaving.size, 0);
});

test("my own affair", async () => {
  const { staged, handle } = await looking();
  handle.read(1);
  const marked = handle.markUnread(1);
  await settle();
  assert.deepEqual(staged.line.all("me"), [], "what was read before is said before");
  staged.line.answer("read");
  await settle();
  assert.equal(staged.line.last("me").unread_from, 1);
  staged.line.answer("me");
  await marked;
  const set = handle.set({ notify: "mentions" });
  await settle();
  const { id, ...fields } = staged.line.last("me");
  assert.equal(typeof id, "number");
  assert.deepEqual(fields, { cmd: "me", room: "room-1", notify: "mentions" });
  staged.line.answer("me");
  await set;
});

test("typing is said every three seconds at most", async () => {
  const { staged, handle } = await looking();
  const said = () => staged.line.all("typing").map((command) => command.on);
  handle.typingNow(false);
  handle.typingNow();
  handle.typingNow();
  assert.deepEqual(said(), [true]);
  await staged.clock.advance(2);
  handle.typingNow();
  handle.typingNow(false);
  handle.typingNow(false);
  assert.deepEqual(said(), [true, false]);
  handle.typingNow();
  await staged.clock.advance(5);
  handle.typingNow(false);
  assert.deepEqual(said(), [true, false, true, false]);
});

test("opening is counted, and a room that is closed stays warm for a while", async () => {
  const { staged, room, handle } = await looking();
  await handle.open();
  handle.close();
  handle.close();
  await staged.tell(room.post(2, "more"));
  assert.deepEqual(shown(handle), ["post 0", "more"]);
  await handle.open();
  assert.equal(staged.line.all("subscribe").length, 1);
});

test("of rooms that were closed long ago only the counts stay", async () => {
  const rooms = [...Array(22).keys()].map((number) => new ReferenceRoom(`room-${number}`));
  const staged = await new Staged().greet(rooms);
  for (const room of rooms) {
    const handle = staged.client.room(room.id);
    const opened = handle.open();
    await staged.follow(room);
    await opened;
    handle.close();
  }
  assert.equal(staged.client.room("room-0").messages.getSnapshot().ready, false);
  assert.equal(staged.client.room("room-5").messages.getSnapshot().ready, true);
  await staged.tell(rooms[0].post(2, "more"));
  assert.equal(staged.client.room("room-0").info.getSnapshot()?.unread, 1);
});

test("presence comes with the line and goes with it; mine is kept", async () => {
  const staged = await new Staged().greet([], { presence: [{ user: "user-2", status: "away" }] });
  const { client } = staged;
  assert.deepEqual(client.presence.getSnapshot(), { "user-2": "away" });
  client.setPresence("away");
  assert.equal(staged.line.last("presence").status, "away");
  await staged.cut();
  assert.deepEqual(client.presence.getSnapshot(), {});
  await staged.greet([]);
  assert.equal(staged.line.last("presence").status, "away");
});

test("rooms that ready has no room for are asked for by REST", async () => {
  const staged = new Staged();
  const [shownFirst, later] = [talk(), new ReferenceRoom("room-2")];
  staged.web.routes["GET rooms"] = ({ path }) =>
    json(
      path.includes("cursor") ? { items: [later.listed()], next: null } : { items: [], next: "x" },
    );
  await staged.greet([shownFirst], { more: true });
  await settle();
  assert.deepEqual(
    staged.client.rooms
      .getSnapshot()
      .map((room) => room.id)
      .sort(),
    ["room-1", "room-2"],
  );
});

test("a room that i lose while the list is on its way does not come back with it", async () => {
  const staged = new Staged();
  const room = talk();
  /** @type {(value: unknown) => void} */
  let answer = () => {};
  staged.web.routes["GET rooms"] = () => new Promise((resolve) => (answer = resolve));
  await staged.greet([room], { more: true });
  const items = [room.listed()];
  await staged.tell({ ev: "gone", room: room.id });
  answer(json({ items, next: null }));
  await settle();
  await settle();
  assert.deepEqual(staged.client.rooms.getSnapshot(), []);
});

test("the end: everybody who waits hears of it", async () => {
  const { client, handle, staged } = await looking();
  const edited = handle.edit(1, "never answered");
  const { stored } = handle.send("waits");
  await settle();
  await client.close();
  await assert.rejects(edited, Stopped);
  await assert.rejects(stored, Stopped);
  const { state, error } = client.connection.getSnapshot();
  assert.equal(state, "offline");
  assert(error instanceof Stopped);
  await assert.rejects(handle.send("more").stored, Stopped);
  const row = handle.messages.getSnapshot().rows.at(-1);
  assert(row?.kind === "pending" && row.state === "failed" && row.error instanceof Stopped);
  assert(handle.discard(row.client_id));
  assert.equal(staged.line.closed, 1000);
});

test("a lost line is told, with when it comes back", async () => {
  const { client, staged } = await looking();
  staged.line.end(1006);
  await settle();
  const { state, retryAt, error } = client.connection.getSnapshot();
  assert.equal(error, null);
  assert.equal(state, "offline");
  assert(retryAt !== null && retryAt > staged.clock.now());
});

test("people and rooms are found, and people blocked", async () => {
  const staged = await new Staged().greet([]);
  const { client, web } = staged;
  web.routes["GET users"] = () => json({ items: [person(2)], next: null });
  web.routes["GET rooms/directory"] = () => json({ items: [talk().listed()], next: null });
  web.routes["PUT me/blocks/user-2"] = () => json(null, 204);
  assert.equal((await client.people({ q: "us" })).items[0].username, "user2");
  assert.equal((await client.directory()).items[0].id, "room-1");
  await client.block("user-2");
  await staged.tell({ ev: "blocked", users: ["user-2"] });
  assert.deepEqual(client.blocked.getSnapshot(), ["user-2"]);
});

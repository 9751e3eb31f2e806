import assert from "node:assert/strict";
import { test } from "node:test";

import { RoomModel } from "../../../../src/tertulia/web/client/model/room.js";
import { MENTIONS_CEILING } from "../../../../src/tertulia/web/client/model/standing.js";
import { seen } from "../support/compare.js";
import { ME, person, ReferenceRoom } from "../support/reference.js";

/**
 * A server's room with me and another, and a view that is up to date.
 *
 * @param {number} [posts]
 * @param {{ large?: boolean }} [options]
 */
function both(posts = 3, options = {}) {
  const server = new ReferenceRoom("room-1", options);
  server.join(2);
  for (let number = 0; number < posts; number += 1) server.post(2, `post ${number}`);
  const view = new RoomModel(server.id, ME);
  assert.equal(view.apply(server.reload(100)), "applied");
  return { server, view, state: view.state };
}

/** @param {RoomModel} view */
function bodies(view) {
  return view.state.timeline.rows.filter((row) => row.index !== null).map((row) => row.body);
}

/** @param {RoomModel} view */
function indexes(view) {
  return view.state.timeline.rows.map((row) => row.index).filter((index) => index !== null);
}

test("the next event is applied and moves the cursor", () => {
  const { server, view } = both();
  assert.equal(view.apply(server.post(2, "next")), "applied");
  assert.equal(view.cursor, server.head);
  assert.equal(bodies(view).at(-1), "next");
});

test("an older event is ignored", () => {
  const { server, view } = both();
  const event = server.post(2, "once");
  view.apply(event);
  assert.equal(view.apply(event), "ignored");
  assert.equal(view.cursor, server.head);
});

test("a later event is a gap and changes nothing", () => {
  const { server, view, state } = both();
  const before = view.cursor;
  server.post(2, "lost");
  assert.equal(view.apply(server.post(2, "later")), "gap");
  assert.deepEqual([view.cursor, state.messageCount], [before, 3]);
});

test("changes from the cursor or before it are applied", () => {
  const { server, view } = both();
  const start = view.cursor ?? 0;
  server.post(2, "one");
  server.change(1, { body: "edited" });
  assert.equal(view.apply(server.changes(start - 1)), "applied");
  assert.equal(view.cursor, server.head);
  assert.deepEqual(bodies(view), ["edited", "post 1", "post 2", "one"]);
});

test("changes from after the cursor are a gap", () => {
  const { server, view } = both();
  view.catchingUp = true;
  server.post(2, "one");
  server.post(2, "two");
  assert.equal(view.apply(server.changes(server.head - 1)), "gap");
  assert(!view.catchingUp);
});

test("older changes do not move the cursor back", () => {
  const { server, view } = both();
  const start = view.cursor ?? 0;
  const event = server.post(2, "one");
  const old = server.changes(start);
  view.apply(event);
  view.apply(server.post(2, "two"));
  view.apply(old);
  assert.equal(view.cursor, server.head);
});

test("changes in parts are one catch-up, and having left is told with the last part", () => {
  const { server, view } = both();
  const start = view.cursor ?? 0;
  server.leave(1);
  server.post(2, "after");
  const all = server.changes(start);
  const [first, ...rest] = all.items;
  view.catchingUp = true;
  assert.equal(view.apply({ ...all, to: first.seq, items: [first], more: true }), "applied");
  assert(view.catchingUp);
  assert.equal(view.apply({ ...all, from: first.seq, items: rest }), "left");
  assert(!view.catchingUp);
});

test("a reply moves no cursor and the event still counts", () => {
  const { server, view, state } = both();
  const [missing, mine] = [server.post(2, "first"), server.post(1, "second")];
  view.put(mine.message);
  assert.equal(view.cursor, server.head - 2);
  view.apply(missing);
  view.apply(mine);
  assert.deepEqual(bodies(view).slice(-2), ["first", "second"]);
  assert.equal(state.unread, 0);
});

test("a reload forgets everything", () => {
  const { view, state } = both();
  const other = new ReferenceRoom("room-1");
  other.post(1, "another history");
  const { generation } = state.timeline;
  view.apply(other.reload());
  assert.deepEqual(bodies(view), ["another history"]);
  assert.equal(view.putPage({ rows: [] }, generation), null);
});

test("leaving means forget", () => {
  const { server, view } = both();
  assert.equal(view.apply(server.leave(1)), "left");
});

test("unread is arithmetic", () => {
  const { server, view, state } = both();
  view.receive(ME, 1, 1);
  assert.equal(state.unread, 2);
  view.apply(server.leave(2)); // a notice is never unread
  assert.equal(state.unread, 2);
  view.apply(server.post(1, "mine")); // posting reads up to the post
  assert.equal(state.unread, 0);
  view.receive(ME, 2, 2); // positions only grow
  assert.equal(state.unread, 0);
});

test("mentions count what is unread and mentions me", () => {
  const { server, view, state } = both(0);
  for (let number = 0; number < 4; number += 1) {
    view.apply(server.post(2, "hey", number % 2 ? { mentions: [ME] } : {}));
  }
  assert.equal(state.mentions, 2);
  view.receive(ME, 3, 3);
  assert.equal(state.mentions, 1);
  view.apply(server.change(4, { mentions: [] }));
  assert.equal(state.mentions, 0);
});

test("mentions have a ceiling", () => {
  const { server, view, state } = both(0);
  for (let number = 0; number < MENTIONS_CEILING + 20; number += 1) {
    view.apply(server.post(2, "hey", { mentions: [ME] }));
  }
  assert.equal(state.mentions, MENTIONS_CEILING);
});

test("a room that is only listed counts along, and hears of its settings", () => {
  const server = new ReferenceRoom("room-1");
  const view = new RoomModel(server.id, ME);
  view.listed(server.listed());
  assert.equal(view.apply(server.post(2, "new", { mentions: [ME] })), "gap");
  const { state } = view;
  assert.deepEqual(
    [state.messageCount, state.unread, state.mentions, view.cursor],
    [1, 1, 1, null],
  );
  view.apply(server.rename("renamed"));
  view.apply(server.stand(1, { role: "moderator" }));
  assert.deepEqual([state.title, state.me?.role], ["renamed", "moderator"]);
  view.apply(server.trim(2));
  assert.deepEqual([state.unread, state.lastMessage], [0, null]);
});

test("a large room keeps no members", () => {
  const { server, view, state } = both(3, { large: true });
  view.apply(server.join(3));
  assert(!state.members.complete);
  assert.deepEqual([state.members.present, state.memberCount], [[], 3]);
});

test("members are bounded", () => {
  const { server, view, state } = both();
  for (let number = 3; number < 1_010; number += 1) view.apply(server.join(number));
  assert(!state.members.complete);
  assert.deepEqual([state.members.present, state.memberCount], [[], 1_009]);
});

test("a list that is ahead does not lose the member count", () => {
  const { server, view, state } = both();
  const events = [server.join(3), server.join(4)];
  view.listed(server.listed());
  for (const event of events) view.apply(event);
  assert.equal(state.memberCount, 4);
});

test("roles and mutes of members are kept and my own, too", () => {
  const { server, view, state } = both();
  const until = "2026-01-01T13:00:00Z";
  view.apply(server.stand(2, { role: "moderator", muted_until: until }));
  view.apply(server.stand(1, { role: "admin", muted_until: until }));
  assert.equal(state.members.all.get("user-2")?.muted_until, until);
  assert.deepEqual([state.me?.role, state.me?.muted_until], ["admin", until]);
  view.apply(server.stand(1, { muted_until: undefined }));
  assert(!("muted_until" in (state.me ?? {})));
});

test("the owner follows the member rows; one who went without an heir leaves none", () => {
  const { server, view, state } = both();
  view.apply(server.stand(2, { role: "owner" }));
  assert.equal(state.settings.owner, "user-2");
  view.apply(server.leave(2));
  assert(!("owner" in state.settings));
});

test("settings that are absent are none", () => {
  const { server, view, state } = both();
  view.apply(server.set({ slow_mode: 5, retention_days: 9, metadata: { a: 1 }, external_id: "x" }));
  const values = () => {
    const { slow_mode: slow, retention_days: days, metadata, external_id: id } = state.settings;
    return [slow, days, metadata, id];
  };
  assert.deepEqual(values(), [5, 9, { a: 1 }, "x"]);
  view.apply(server.set({}));
  assert.deepEqual(values(), [0, undefined, undefined, undefined]);
});

test("what is too old goes and does not come back", () => {
  const { server, view, state } = both(5);
  const [old] = state.timeline.rows.filter((row) => row.index === 1);
  const page = {
    rows: state.timeline.rows.filter((row) => (row.index ?? 0) < 3),
    upto: 3,
    more: false,
  };
  const { generation } = state.timeline;
  view.apply(server.trim(3));
  assert.deepEqual(indexes(view), [3, 4, 5]);
  assert.equal(view.putPage(page, generation), null);
  view.putPage(page, state.timeline.generation);
  view.put({ ...old, changed_seq: 99 });
  assert.deepEqual(indexes(view), [3, 4, 5]);
  assert.deepEqual([state.unread, state.messageCount], [3, 5]);
  view.apply(server.trim(6));
  assert.deepEqual([state.unread, state.lastMessage, state.mentions], [0, null, 0]);
  view.apply(server.post(2, "new"));
  assert.equal(state.lastMessage?.index, 6);
});

test("messages that came and became too old while I was away count", () => {
  const { server, view, state } = both(3);
  const from = server.head;
  for (let number = 0; number < 3; number += 1) server.post(2, "soon too old");
  const items = [server.trim(7)];
  view.apply({ ev: "changes", room: server.id, from, to: server.head, items, more: false });
  assert.deepEqual([state.messageCount, state.unread, state.firstIndex], [6, 0, 7]);
});

test("everybody sees the messages of a deleted user as such, whatever was on its way", () => {
  const { server, view, state } = both();
  const user = { ...person(2), username: "deleted-2", deleted: true };
  const old = state.timeline.rows.at(-1);
  view.apply(server.stand(2, { user, left_at: "now" }));
  const senders = state.timeline.rows.filter((row) => row.sender).map((row) => row.sender);
  assert.deepEqual(senders, [user, user, user]);
  assert.deepEqual(state.lastMessage?.sender, user);
  assert(old);
  view.put({ ...old, changed_seq: 50 });
  assert.deepEqual(state.timeline.rows.at(-1)?.sender, user);
});

test("the partner of a direct room is shown as deleted", () => {
  const { server, view, state } = both();
  view.listed({ ...server.listed(), title: "", name: null, partner: person(2) });
  assert.equal(state.title, "user2");
  const user = { ...person(2), username: "deleted-2", deleted: true };
  view.apply(server.stand(2, { user, left_at: "now" }));
  assert.equal(state.title, "deleted-2");
});

test("@room counts, but not mine, and not of people whom I block", () => {
  const { server, view, state } = both(0);
  view.apply(server.post(1, "@room @user1", { mentions_room: true, mentions: [ME] }));
  view.apply(server.post(2, "@room", { mentions_room: true }));
  view.apply(server.post(2, "@user1", { mentions: [ME] }));
  view.apply(server.standing({ unread_from: 1, mentions: 2 }));
  assert.deepEqual([state.unread, state.mentions], [3, 2]);
  view.block(new Set(["user-2"]));
  assert.equal(state.mentions, 1, "my name still counts: it was said before");
});

test("what only I see ends by itself", () => {
  const { server, view, state } = both();
  view.receive(ME, 3, 3);
  server.read.set(ME, 3);
  view.apply(server.standing({ hidden: true, unread_from: 2, notify: "none" }));
  assert.deepEqual([state.me?.hidden, state.me?.notify, state.unread], [true, "none", 2]);
  view.apply(server.stand(2, { role: "admin" }));
  assert(state.me?.hidden);
  view.apply(server.post(2, "news"));
  assert.deepEqual([state.me?.hidden, state.unread], [false, 3]);
  view.apply(server.post(1, "mine"));
  assert.deepEqual([state.me?.unread_from, state.unread], [undefined, 0]);
});

test("late news of mine undoes nothing", () => {
  const { server, view, state } = both();
  const late = server.standing({ hidden: true, unread_from: 1 });
  view.apply(server.stand(1, { role: "owner", muted_until: "soon" }));
  view.apply(server.post(1, "mine"));
  view.apply(late);
  const { hidden, role, muted_until: until, unread_from: mark } = state.me ?? {};
  assert.deepEqual([hidden, role, until, mark], [false, "owner", "soon", undefined]);
  assert.equal(state.unread, 0);
});

test("what is told of mine before the messages that it knows is right, too", () => {
  const { server, view, state } = both(2);
  const posts = [server.post(1, "mine"), server.post(2, "theirs")];
  const early = server.standing({ hidden: true, unread_from: 1 });
  for (const event of [early, ...posts]) view.apply(event);
  assert.deepEqual([state.me?.hidden, state.me?.unread_from, state.unread], [true, 1, 4]);
});

test("looking again moves the mark and ends it", () => {
  const { server, view, state } = both(4);
  view.receive(ME, 4, 4);
  server.read.set(ME, 4);
  view.apply(server.standing({ unread_from: 2 }));
  assert(!view.look(1));
  assert(view.look(2));
  assert.deepEqual([state.me?.unread_from, state.unread], [3, 2]);
  assert(view.look(4));
  assert.deepEqual([state.me?.unread_from, state.unread], [undefined, 0]);
  assert(!view.look(4));
});

test("typing and receipts are no changes, and end with the line", () => {
  const { server, view, state } = both();
  const { cursor } = view;
  view.apply({ ev: "typing", room: server.id, users: [person(2)], count: 1 });
  const receipts = [{ user: "user-2", read_index: 2, delivered_index: 3 }];
  view.apply({ ev: "receipt", room: server.id, receipts });
  assert.deepEqual(state.members.receipts.get("user-2"), { read_index: 3, delivered_index: 3 });
  assert.deepEqual([state.typing.count, view.cursor], [1, cursor]);
  view.cut();
  assert.deepEqual(state.typing, { users: [], count: 0 });
});

test("a message keeps its key, which is the client_id of my own", () => {
  const { server, view, state } = both();
  view.apply(server.post(1, "mine", { client_id: "abc" }));
  view.apply(server.post(2, "theirs", { client_id: "abc" }));
  const keys = () => state.timeline.rows.slice(-2).map((row) => row.key);
  const before = keys();
  assert.deepEqual(before, ["abc", `room-1-${server.head}`]);
  view.apply(server.change(4, { body: "edited" }));
  view.apply(server.reload(100));
  assert.deepEqual(keys(), before);
});

test("what is not followed any more keeps its counts", () => {
  const { server, view, state } = both();
  view.unfollow();
  assert.deepEqual([view.cursor, state.timeline.rows, state.members.present], [null, [], []]);
  assert.equal(view.apply(server.post(2, "new")), "gap");
  assert.deepEqual([state.unread, state.title, state.memberCount], [4, "first", 2]);
});

test("pages of history come before what is here", () => {
  const { server, view, state } = both(20);
  view.apply(server.reload(4));
  while (state.timeline.oldest() !== null) {
    const before = /** @type {number} */ (state.timeline.oldest());
    assert(view.putPage(/** @type {any} */ (server.history(before, 3)), state.timeline.generation));
  }
  const fresh = new RoomModel(server.id, ME);
  fresh.apply(server.reload(1_000));
  assert.deepEqual(seen(view).messages, seen(fresh).messages);
});

test("each part is told once a frame, and only when it changed", () => {
  /** @type {string[]} */
  const told = [];
  const server = new ReferenceRoom("room-1");
  const view = new RoomModel(server.id, ME, (part) => told.push(part));
  view.apply(server.reload());
  told.length = 0;
  const take = () => told.splice(0).sort();
  view.apply(server.post(1, "mine"));
  assert.deepEqual(take(), ["info", "messages", "receipts"]);
  view.apply({ ev: "typing", room: server.id, users: [person(2)], count: 1 });
  assert.deepEqual(take(), ["typing"]);
  view.apply(server.join(2));
  assert.deepEqual(take(), ["info", "members", "messages"]);
  view.receive(ME, 1, 1);
  assert.deepEqual(take(), []);
});

import assert from "node:assert/strict";
import { test } from "node:test";

import { Listing, unreadOf } from "../../../../src/tertulia/web/client/model/listing.js";
import { RoomModel } from "../../../../src/tertulia/web/client/model/room.js";
import { Rows } from "../../../../src/tertulia/web/client/model/rows.js";
import { summary } from "../../../../src/tertulia/web/client/model/summary.js";
import { ME, person, ReferenceRoom } from "../support/reference.js";

/**
 * @param {string} id
 * @param {Record<string, any>} more
 * @returns {[string, any]}
 */
function room(id, more) {
  const said = {
    created_at: "2026-01-01",
    last_message: null,
    role: "member",
    unread: 0,
    mentions: 0,
  };
  return [id, { id, hidden: false, archived: false, ...said, ...more }];
}

test("rooms in which something was said last come first; hidden and archived ones do not", () => {
  const listing = new Listing();
  const rooms = new Map([
    room("a", { last_message: { created_at: "2026-01-02" } }),
    room("b", {}),
    room("c", { last_message: { created_at: "2026-01-03" }, hidden: true }),
    room("d", { last_message: { created_at: "2026-01-03" }, archived: true }),
    room("e", { role: null }),
  ]);
  assert.deepEqual(
    listing.of(rooms).map((one) => one.id),
    ["a", "b"],
  );
  rooms.set(...room("b", { last_message: { created_at: "2026-01-04" } }));
  rooms.set(...room("f", { created_at: "2026-01-03" }));
  assert.deepEqual(
    listing.of(rooms).map((one) => one.id),
    ["b", "f", "a"],
  );
});

test("unread is counted over all of them", () => {
  const rooms = [room("a", { unread: 3, mentions: 1 }), room("b", { unread: 2 }), room("c", {})];
  const unread = unreadOf(rooms.map(([, one]) => one));
  assert.deepEqual(unread, { rooms: 2, messages: 5, mentions: 1 });
});

test("a summary says what a list shows", () => {
  const server = new ReferenceRoom("room-1");
  server.join(2);
  server.post(2, "hi", { mentions: [ME] });
  const view = new RoomModel("room-1", ME);
  view.apply(server.reload());
  const { last_message: last, ...said } = summary(view.state);
  assert.equal(last?.body, "hi");
  assert.deepEqual(said, {
    ...{ id: "room-1", kind: "public", name: "room", title: "first", description: "" },
    ...{ partner: null, owner: null, unread: 1, mentions: 1, message_count: 1, first_index: 1 },
    ...{ member_count: 2, role: "member", read_index: 0, muted_until: null, notify: "all" },
    ...{ hidden: false, unread_from: null, archived: false, slow_mode: 0, retention_days: null },
    changed_seq: 1,
    ...{ external_id: null, metadata: null, created_at: server.settings().created_at },
  });
  view.listed({ ...server.listed(), partner: person(2) });
  assert.equal(summary(view.state).title, "user2");
});

test("what waits stands behind what is stored, and never twice", () => {
  const rows = new Rows();
  const stored = /** @type {any[]} */ ([{ key: "a" }, { key: "b" }]);
  const waiting = /** @type {any[]} */ ([{ key: "b" }, { key: "c" }]);
  const one = rows.of(stored, waiting);
  assert.deepEqual(
    one.map((row) => row.key),
    ["a", "b", "c"],
  );
  assert.equal(rows.of(stored, [...waiting]), one);
  assert.equal(rows.of(stored, []), stored);
});

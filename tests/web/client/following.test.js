/** Rooms that `ready` has no room for, from a server that answers as it should not. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { settle } from "./support/clock.js";
import { ReferenceRoom } from "./support/reference.js";
import { Staged } from "./support/staged.js";
import { json } from "./support/web.js";

const BROKEN = [{ next: null }, { items: [null], next: null }, { items: [{}], next: null }, null];

test("a page that breaks is asked for again, a few times, and nothing is thrown", async () => {
  const staged = new Staged();
  const room = new ReferenceRoom("room-2");
  const pages = [...BROKEN, { items: [room.listed()], next: null }];
  staged.web.routes["GET rooms"] = () => json(pages.shift());
  await staged.greet([], { more: true });
  await staged.clock.advance(20);
  assert.deepEqual(
    staged.client.rooms.getSnapshot().map(({ id }) => id),
    ["room-2"],
  );
  assert.deepEqual(pages, []);
});

test("pages that stay broken are given up until the next connection", async () => {
  const staged = new Staged();
  staged.web.routes["GET rooms"] = () => json({ items: 5 });
  await staged.greet([], { more: true });
  await staged.clock.advance(100);
  assert.equal(staged.web.asked.length, 5);
});

test("a list without an end ends", async () => {
  for (const [next, most] of /** @type {const} */ ([
    [() => "again", 3],
    [(/** @type {number} */ count) => `${count}`, 500],
  ])) {
    const staged = new Staged();
    staged.web.routes["GET rooms"] = () => json({ items: [], next: next(staged.web.asked.length) });
    await staged.greet([], { more: true });
    for (let turn = 0; turn < 600; turn += 1) await settle();
    assert(staged.web.asked.length <= most, `${staged.web.asked.length}`);
  }
});

/** Recorded histories, replayed: tests/client/test_recordings.py does the same with the Python models. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

import { Model } from "../../../src/tertulia/web/client/model/model.js";
import { seen } from "./support/compare.js";
import { Replay } from "./support/replay.js";

const FOLDER = new URL("../../recordings/", import.meta.url);
const ROOM = "0197a1b0-0000-7000-8000-00000000000";
const names = readdirSync(FOLDER).filter((name) => name.endsWith(".json"));
const stories = names.filter((name) => name !== "frames.json");

/** @param {string} name */
function recorded(name) {
  return JSON.parse(readFileSync(new URL(name, FOLDER), "utf8"));
}

/** @param {Model} model */
function checkRooms(model) {
  const [general, plans] = ["a", "b"].map((end) =>
    seen(model.rooms.get(ROOM + end) ?? assert.fail()),
  );
  assert.equal(plans.messages[0].body, "First");
  assert.equal(general.title, "The square");
  assert.equal(general.last_message?.body, "Welcome");
  assert.deepEqual([general.message_count, general.member_count], [9, 3]);
  assert.equal(general.quiet?.notify, "mentions");
  assert.equal(general.quiet?.hidden, false);
}

test("there are recordings", () => assert.ok(stories.length >= 5));

for (const name of stories) {
  test(`${name} ends as a fresh client sees it`, () => {
    for (const client of recorded(name).clients) new Replay(client).run();
  });
}

test("the examples of the protocol are understood", () => {
  const model = new Model();
  const understood = new Set();
  for (const frame of recorded("frames.json")) {
    if (!("ev" in frame)) continue;
    const { events, needs } = model.apply(frame);
    if (events.length || needs.length) understood.add(frame.ev);
  }
  const all = ["ready", "message", "member", "room", "changes", "reload", "gone", "receipt", "me"];
  for (const ev of [...all, "typing", "presence", "blocked"]) assert.ok(understood.has(ev), ev);
  checkRooms(model);
  assert.deepEqual([...model.blocked], ["0197a1b0-0000-7000-8000-000000000002"]);
});

test("an example of each event, alone, breaks nothing", () => {
  for (const frame of recorded("frames.json")) {
    if ("ev" in frame) new Model().apply(frame);
  }
});

import assert from "node:assert/strict";
import { test } from "node:test";

import { Timeline } from "../../../../src/tertulia/web/client/model/timeline.js";

/**
 * @param {number} seq
 * @param {number | null} [index]
 * @param {{ changed?: number, after?: number }} [more]
 * @returns {any}
 */
function row(seq, index = null, { changed = seq, after = 0 } = {}) {
  const body = String(changed);
  const made = { id: String(seq), key: String(seq), seq, index, changed_seq: changed, body };
  return index === null ? { ...made, after } : made;
}

/** @param {Timeline} timeline */
function seqs(timeline) {
  return timeline.rows.map((one) => one.seq);
}

/**
 * @param {any[]} rows
 * @param {number} [limit]
 */
function started(rows, limit = 1_000) {
  const timeline = new Timeline(limit);
  timeline.start(rows);
  return timeline;
}

test("the greater changed_seq wins in whatever order", () => {
  const timeline = started([row(5, 1)]);
  assert(timeline.put(row(5, 1, { changed: 9 })));
  assert(!timeline.put(row(5, 1, { changed: 7 })));
  assert.equal(timeline.rows[0].changed_seq, 9);
});

test("an old message that changed makes no hole", () => {
  const timeline = started([row(8, 6), row(9, 7)]);
  timeline.put(row(3, 2, { changed: 10 }));
  assert.deepEqual(seqs(timeline), [8, 9]);
  assert.equal(timeline.at(2)?.seq, 3);
});

test("a page that was asked for before an edit does not undo it", () => {
  const timeline = started([row(8, 6), row(9, 7)]);
  timeline.put(row(7, 5, { changed: 10 }));
  assert.equal(timeline.putPage({ rows: [row(6, 4), row(7, 5)], upto: 6 }), 2);
  assert.deepEqual(seqs(timeline), [6, 7, 8, 9]);
  assert.equal(timeline.rows[1].changed_seq, 10);
});

test("a page from elsewhere is kept but not shown", () => {
  const timeline = started([row(80, 60)]);
  assert.equal(timeline.putPage({ rows: [row(3, 2), row(4, 3)] }), 0);
  assert.deepEqual(seqs(timeline), [80]);
});

test("the page without more completes the history", () => {
  const timeline = started([row(8, 2)]);
  assert.equal(timeline.oldest(), 2);
  assert(timeline.takesOlder);
  timeline.putPage({ rows: [row(2), row(3, 1)], upto: 2, more: false });
  assert(timeline.complete);
  assert.equal(timeline.oldest(), null);
  assert(!timeline.takesOlder);
});

test("an empty page without more completes it, too", () => {
  const timeline = started([row(8, 1)]);
  assert.equal(timeline.putPage({ rows: [], upto: 1, more: false }), 0);
  assert(timeline.complete);
});

test("only notices so far ask for what stands before them", () => {
  const timeline = started([row(8, null, { after: 5 }), row(9, null, { after: 5 })]);
  assert.equal(timeline.oldest(), 6);
  timeline.putPage({ rows: [row(7, 5), row(8, null, { after: 5 })], upto: 6 });
  assert.deepEqual(seqs(timeline), [7, 8, 9]);
});

test("it is bounded and forgets the oldest", () => {
  const timeline = started([row(1, 1)], 10);
  const { generation } = timeline;
  for (let seq = 2; seq < 12; seq += 1) timeline.put(row(seq, seq));
  assert(timeline.size <= 10);
  assert.equal(seqs(timeline).at(-1), 11);
  assert(timeline.generation > generation);
  assert.equal(timeline.oldest(), seqs(timeline)[0]);
  assert.equal(timeline.at(1), null);
});

test("a page for which there is no room is left out", () => {
  const timeline = started(
    [...Array(10).keys()].map((n) => row(10 + n, 10 + n)),
    10,
  );
  assert.equal(timeline.putPage({ rows: [row(9, 9)], upto: 10 }), 0);
  assert.equal(seqs(timeline)[0], 10);
  assert(!timeline.takesOlder);
});

test("what the room does not keep any more goes", () => {
  const rows = [row(1), row(2, 1), row(3, null, { after: 1 }), row(4, 2)];
  const timeline = started(rows);
  timeline.dropBelow(2);
  assert.deepEqual(seqs(timeline), [3, 4]);
  assert.equal(timeline.at(1), null);
});

test("nothing is known before the start", () => {
  const timeline = new Timeline();
  assert.deepEqual(timeline.rows, []);
  assert.equal(timeline.oldest(), null);
  assert.equal(timeline.putPage({ rows: [row(1, 1)] }), 0);
});

test("rows are the same array until something changes, and nobody can change it", () => {
  const timeline = started([row(1, 1)]);
  const { rows } = timeline;
  assert.equal(timeline.rows, rows);
  timeline.put(row(1, 1));
  assert.equal(timeline.rows, rows);
  timeline.put(row(2, 2));
  assert.notEqual(timeline.rows, rows);
  assert.equal(rows.length, 1);
  assert(Object.isFrozen(timeline.rows));
});

import assert from "node:assert/strict";
import { test } from "node:test";

import { IDBFactory } from "fake-indexeddb";

import { ApiError, OutboxFull, Stopped } from "../../../../src/tertulia/web/client/net/errors.js";
import { Outbox } from "../../../../src/tertulia/web/client/outbox/outbox.js";
import { Posting } from "../../../../src/tertulia/web/client/outbox/posting.js";
import { settle } from "../support/clock.js";
import { Linked } from "../support/linked.js";
import { FakeBrowser } from "../support/tabs.js";
import { when } from "../support/when.js";

/** @typedef {Record<string, any>} Frame */

/** The storage, locks and channels of one browser; its tabs come and go. */
class Machine {
  browser = new FakeBrowser();
  indexedDB = new IDBFactory();
  #opened = 0;

  /** @param {{ user?: string, url?: string, locks?: boolean, limit?: number, storage?: boolean }} [how] */
  async tab(how = {}) {
    const tab = new Tab(this, how);
    this.#opened += 1;
    await tab.clock.advance(60 * this.#opened);
    await tab.start();
    return tab;
  }
}

class Tab extends Linked {
  /** @type {Frame[]} */
  stored = [];
  /** @type {string[]} */
  refused = [];

  /**
   * @param {Machine} machine
   * @param {{ user?: string, url?: string, locks?: boolean, limit?: number, storage?: boolean }} how
   */
  constructor(machine, { user = "ana", url, locks = true, limit = 1_000, storage = true }) {
    super();
    this.user = user;
    this.outbox = new Outbox({ limit });
    this.browser = machine.browser.tab();
    this.posting = new Posting({
      outbox: this.outbox,
      link: this.link,
      clock: this.clock,
      address: url === undefined ? this.address : /** @type {any} */ ({ url }),
      storage: "tertulia",
      indexedDB: storage ? machine.indexedDB : null,
      locks: locks ? this.browser.locks : null,
      BroadcastChannel: locks ? this.browser.BroadcastChannel : null,
      onStored: (_, message) => void this.stored.push(message),
      onRefused: (post) => void this.refused.push(post.body),
    });
  }

  /** The line is up. */
  async online() {
    await this.accept({ user: { id: this.user } });
    void this.posting.enter(this.user);
    await settled();
    await this.clock.advance(1);
  }

  /** What was said on the line that is up, as bodies. */
  get bodies() {
    return this.line.all("post").map((command) => command.body);
  }

  /**
   * The server stores what was said last.
   *
   * @param {Frame} [more]
   */
  async store(more = {}) {
    const { client_id } = this.line.last("post");
    this.line.answer("post", { message: { client_id, index: this.stored.length + 1, ...more } });
    await settle();
  }

  /** @param {string} code */
  async refuse(code, more = {}) {
    this.line.answer("post", { error: { code, message: `No: ${code}.`, ...more } });
    await settle();
  }

  /** Everything is on the disk; then the tab is closed, or crashes, which is the same. */
  async crash() {
    await settled();
    this.browser.close();
    await settle();
  }
}

/** The storage did what it had to, too. */
async function settled() {
  for (let turn = 0; turn < 20; turn += 1) await settle();
}

/** @param {Error | null} error */
function codeOf(error) {
  return error instanceof ApiError && error.code;
}

test("posts of a room go out one after the other, rooms beside each other", async () => {
  const tab = await new Machine().tab();
  const first = tab.posting.post("a", "1", 7);
  tab.posting.post("a", "2");
  tab.posting.post("b", "3");
  await tab.online();
  assert.deepEqual(tab.bodies, ["1", "3"]);
  const { id, ...command } = tab.line.all("post")[0];
  assert.deepEqual(command, { cmd: "post", ...first.command });
  tab.line.tell({ re: id, message: { index: 1 } });
  assert.deepEqual(await first.answer(), { index: 1 });
  await settle();
  assert.deepEqual(tab.bodies, ["1", "3", "2"]);
  assert.match(first.clientId, /^[\w-]{24}$/);
});

test("a lost answer, and what the server wants later: again, with the same client_id", async () => {
  const tab = await new Machine().tab();
  await tab.online();
  const post = tab.posting.post("a", "1");
  await settle();
  for (const code of ["rate_limited", "busy", "unavailable", "outcome_unknown"]) {
    await tab.refuse(code, { retry_after: 2 });
    await tab.clock.advance(2.1);
  }
  await tab.cut();
  await tab.online();
  assert.equal(tab.line.last("post").client_id, post.clientId);
  await tab.store({ duplicate: true });
  assert.equal((await post.answer()).client_id, post.clientId);
  assert.equal(tab.sockets.all[0].all("post").length, 5);
  assert.deepEqual(tab.refused, []);
});

test("what the server asks to be repeated without a time waits longer and longer", async () => {
  const tab = await new Machine().tab();
  await tab.online();
  tab.posting.post("a", "1");
  await settle();
  for (const wait of [0.4, 0.8, 1.6, 3.2]) {
    const before = tab.bodies.length;
    await tab.refuse("busy");
    await tab.clock.advance(wait - 0.01);
    assert.equal(tab.bodies.length, before);
    await tab.clock.advance(0.02);
    assert.equal(tab.bodies.length, before + 1);
  }
});

test("a refused post waits for a decision, and the others go on", async () => {
  const tab = await new Machine().tab();
  await tab.online();
  const post = tab.posting.post("a", "1");
  tab.posting.post("a", "2");
  await settle();
  await tab.refuse("muted");
  assert.deepEqual([tab.refused, tab.bodies], [["1"], ["1", "2"]]);
  await assert.rejects(post.answer(), { code: "muted" });
  await tab.store();
  assert.equal(tab.posting.retry("nothing"), null);
  assert.equal(tab.posting.retry(post.clientId), post);
  await settle();
  assert.equal(tab.posting.discard(post.clientId), false, "it is on its way");
  await tab.refuse("muted");
  assert(tab.posting.discard(post.clientId));
  assert.equal(tab.outbox.size, 0);
});

test("a post of mine that comes by is stored, whatever happens to its answer", async () => {
  const tab = await new Machine().tab();
  await tab.online();
  const post = tab.posting.post("a", "1");
  await settle();
  assert.equal(tab.posting.seen("a", { client_id: post.clientId, index: 3 }), post);
  await tab.cut();
  await tab.online();
  assert.deepEqual(tab.bodies, []);
  assert.equal(tab.stored.length, 1);
});

test("unsent posts survive a reload: same client_id, same order, before what is new", async () => {
  const machine = new Machine();
  const before = await machine.tab();
  await before.online();
  before.line.stuck = true;
  const posts = ["1", "2", "3"].map((body) => before.posting.post("a", body));
  await before.crash();

  const tab = await machine.tab();
  tab.posting.post("a", "4");
  await tab.online();
  for (let turn = 0; turn < 4; turn += 1) {
    await when(() => tab.bodies.length === turn + 1, `post ${turn}`);
    await tab.store();
  }
  assert.deepEqual(tab.bodies, ["1", "2", "3", "4"]);
  assert.equal(tab.line.all("post")[0].client_id, posts[0].clientId);
  await tab.crash();

  const later = await machine.tab();
  await later.online();
  assert.deepEqual([later.bodies, later.outbox.size], [[], 0]);
});

test("posts from before the first connection are kept from then on", async () => {
  const machine = new Machine();
  const before = await machine.tab();
  before.posting.post("a", "early");
  await before.online();
  await before.crash();
  const tab = await machine.tab();
  await tab.online();
  await when(() => tab.bodies.length === 1);
});

test("a refused post survives a reload and waits", async () => {
  const machine = new Machine();
  const before = await machine.tab();
  await before.online();
  before.posting.post("a", "1");
  await settle();
  await before.refuse("muted");
  await before.crash();

  const tab = await machine.tab();
  await tab.online();
  await when(() => tab.outbox.size === 1);
  const [post] = tab.outbox.of("a");
  assert.deepEqual([post.state, codeOf(post.error), tab.bodies], ["failed", "muted", []]);
  tab.posting.retry(post.clientId);
  await settle();
  await tab.store();
  await tab.crash();
  const later = await machine.tab();
  await later.online();
  assert.equal(later.outbox.size, 0);
});

test("posts of another user, or for another server, are never sent", async () => {
  const machine = new Machine();
  const before = await machine.tab();
  await before.online();
  before.posting.post("a", "1");
  await before.crash();
  for (const how of [{ user: "ben" }, { url: "http://elsewhere" }]) {
    const tab = await machine.tab(how);
    await tab.online();
    await settled();
    assert.deepEqual([tab.bodies, tab.outbox.size], [[], 0]);
  }
  const tab = await machine.tab();
  await tab.online();
  await when(() => tab.bodies.length === 1);
});

test("only one tab sends a post; another one takes over when it is closed", async () => {
  const machine = new Machine();
  const [one, two] = [await machine.tab(), await machine.tab()];
  await one.online();
  await two.online();
  one.posting.post("a", "1");
  await settled();
  assert.deepEqual([one.bodies, two.bodies], [["1"], []]);
  await one.crash();
  await when(() => two.bodies.length === 1);
  assert.equal(two.line.last("post").client_id, one.line.last("post").client_id);
});

test("a tab that opens beside one that waits leaves its posts alone", async () => {
  const machine = new Machine();
  const one = await machine.tab();
  await one.online();
  one.posting.post("a", "1");
  await settled();
  const two = await machine.tab();
  await two.online();
  two.posting.post("a", "2");
  await settled();
  assert.deepEqual(two.bodies, ["2"]);
});

test("without locks two tabs may send the same post, with the same client_id", async () => {
  const machine = new Machine();
  const one = await machine.tab({ locks: false });
  await one.online();
  one.posting.post("a", "1");
  await settled();
  const two = await machine.tab({ locks: false });
  await two.online();
  await when(() => two.bodies.length === 1);
  assert.equal(two.line.last("post").client_id, one.line.last("post").client_id);
});

test("without storage posts are sent as long as the page lives", async () => {
  const tab = await new Machine().tab({ storage: false });
  tab.posting.post("a", "1");
  await tab.online();
  assert.deepEqual(tab.bodies, ["1"]);
});

test("the outbox is bounded, also when it takes over", async () => {
  const machine = new Machine();
  const before = await machine.tab({ limit: 5 });
  await before.online();
  for (let number = 0; number < 5; number += 1) before.posting.post("a", `${number}`);
  await before.crash();
  const tab = await machine.tab({ limit: 3 });
  await tab.online();
  await when(() => tab.outbox.size === 3);
  for (let turn = 0; turn < 3; turn += 1) {
    await when(() => tab.bodies.length === turn + 1);
    await tab.store();
  }
  await tab.cut();
  await tab.online(); // the rest is found at the next ready
  await when(() => tab.bodies.length === 1);
  assert.deepEqual(tab.bodies, ["3"]);
});

test("at the end who waits gets the error, and what is kept stays kept", async () => {
  const machine = new Machine();
  const before = await machine.tab();
  await before.online();
  const post = before.posting.post("a", "1");
  await before.link.close();
  const ended = before.posting.end(before.link.error ?? new Error());
  await assert.rejects(post.answer(), Stopped);
  await ended;
  const tab = await machine.tab();
  await tab.online();
  await when(() => tab.bodies.length === 1);
});

test("a post after the end fails with the reason, and outlives the page: the next client may send it", async () => {
  const machine = new Machine();
  const before = await machine.tab();
  await before.online();
  await before.link.close();
  await before.posting.end(before.link.error ?? new Error());
  const post = before.posting.post("a", "1");
  await assert.rejects(post.answer(), Stopped);
  assert.equal(before.posting.retry(post.clientId), post);
  assert.deepEqual([post.state, post.row.error?.name], ["failed", "Stopped"]);
  await before.crash();

  const tab = await machine.tab();
  await tab.online();
  await when(() => tab.outbox.size === 1);
  assert.deepEqual([tab.bodies, tab.outbox.of("a")[0].error?.name], [[], "Stopped"]);
  tab.posting.retry(post.clientId);
  await settle();
  await tab.store();
  assert.equal(tab.outbox.size, 0);
});

test("a post that the outbox has no room for fails, and can be tried again or discarded", async () => {
  const tab = await new Machine().tab({ limit: 2 });
  await tab.online();
  tab.posting.post("a", "1");
  tab.posting.post("b", "2");
  const [third, fourth] = [tab.posting.post("c", "3"), tab.posting.post("c", "4")];
  await assert.rejects(third.answer(), OutboxFull);
  assert.equal(third.row.error?.name, "OutboxFull");
  tab.posting.retry(third.clientId);
  assert.equal(third.state, "failed", "it is still full");
  assert(tab.posting.discard(fourth.clientId));
  await settle();
  await tab.store();
  tab.posting.retry(third.clientId);
  await settle();
  assert.deepEqual(tab.bodies, ["1", "2", "3"]);
});

test("failed posts are bounded, too: then it throws, and nothing is taken", async () => {
  const tab = await new Machine().tab({ limit: 2 });
  for (let number = 0; number < 102; number += 1) tab.posting.post("a", `${number}`);
  assert.throws(() => tab.posting.post("a", "one more"), OutboxFull);
  assert.equal(tab.outbox.size, 102);
});

test("what is kept can be forgotten", async () => {
  const machine = new Machine();
  const before = await machine.tab();
  await before.online();
  before.posting.post("a", "1");
  await before.posting.forget();
  await before.crash();
  const tab = await machine.tab();
  await tab.online();
  await settled();
  assert.equal(tab.outbox.size, 0);
});

test("what is kept can be forgotten before anybody knows whose it is: then all of this server goes", async () => {
  const machine = new Machine();
  for (const how of [{}, { user: "ben" }, { url: "http://chat.example.org.elsewhere" }]) {
    const before = await machine.tab(how);
    await before.online();
    before.posting.post("a", "1");
    await before.crash();
  }
  const early = await machine.tab();
  await early.posting.forget();
  await early.crash();
  for (const [how, count] of /** @type {const} */ ([
    [{}, 0],
    [{ user: "ben" }, 0],
    [{ url: "http://chat.example.org.elsewhere" }, 1],
  ])) {
    const tab = await machine.tab(how);
    await tab.online();
    await settled();
    assert.equal(tab.outbox.size, count, JSON.stringify(how));
  }
});

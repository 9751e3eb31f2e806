import assert from "node:assert/strict";

import { createClient } from "../../../../src/tertulia/web/client/tertulia.js";
import { places } from "./compare.js";
import { seeded } from "./random.js";
import { Wires } from "./wires.js";

/** @typedef {import("../../../../src/tertulia/web/client/client.js").Client} Client */
/** @typedef {import("../../../../src/tertulia/web/client/room.js").Room} Room */
/** @typedef {{ person: number, client: Client, wires: Wires }} Device */

const PATIENCE = 15_000;

/** Short waits are shorter here. */
const clock = {
  now: () => Date.now(),
  setTimeout: (/** @type {() => void} */ work, /** @type {number} */ wait) =>
    setTimeout(work, wait <= 3_000 ? wait / 10 : wait),
  clearTimeout: (/** @type {any} */ timer) => clearTimeout(timer),
};

/** Three people with two devices each, who talk, come and go, and lose their lines. */
export class World {
  #server;
  #random;
  /** @type {{ id: string, token: string }[]} */
  #people = [];
  /** @type {string[]} */
  #rooms = [];
  /** @type {Device[]} */
  #devices = [];
  /** @type {Promise<unknown>[]} */
  #asked = [];
  /** What was not answered yet. @type {Set<string>} */
  #waiting = new Set();
  #said = 0;

  /**
   * @param {import("./server.js").Server} server
   * @param {number} seed
   */
  constructor(server, seed) {
    this.#server = server;
    this.#random = seeded(seed);
    this.name = `s${seed}x${Date.now().toString(36)}`;
  }

  async start() {
    this.#people = await Promise.all(["ana", "ben", "cleo"].map((who) => this.#person(who)));
    const [ana, ben] = this.#people;
    for (const kind of ["public", "private", "public"]) {
      const body = { kind, name: `${kind}-${this.name}-${this.#rooms.length}` };
      const room = await this.#server.call("rooms", { token: ana.token, body });
      this.#rooms.push(room.id);
      const member = { user: ben.id };
      await this.#server.call(`rooms/${room.id}/members`, { token: ana.token, body: member });
    }
    for (let number = 0; number < 60; number += 1) await this.#post(number);
    this.#devices = [0, 1, 2, 0, 1, 2].map((person, number) => this.#device(person, number < 3));
    await Promise.all(this.#devices.map(({ client }) => client.ready()));
  }

  /** @param {number} count */
  async live(count) {
    for (let number = 0; number < count; number += 1) {
      this.#act();
      if (this.#random() < 0.4)
        await new Promise((resolve) => setTimeout(resolve, this.#random() * 12));
    }
  }

  /** Everybody comes back, and in the end sees what a fresh client sees. */
  async check() {
    for (const { wires } of this.#devices) wires.slow = false;
    await Promise.all(this.#devices.map(({ client }) => client.ready()));
    await inTime(Promise.allSettled(this.#asked), () => `never answered: ${[...this.#waiting]}`);
    for (const device of this.#devices) await this.#open(device);
    for (const [number] of this.#people.entries()) await this.#agree(number);
    for (const [number] of this.#people.entries()) await this.#compare(number);
  }

  async stop() {
    await Promise.all(this.#devices.map(({ client }) => client.close()));
  }

  /** @param {string} who */
  #person(who) {
    return this.#server.register(`${who}-${this.name}`);
  }

  /** @param {number} number */
  async #post(number) {
    const { token } = this.#people[number % 2];
    const body = { body: `earlier ${number}` };
    await this.#server.call(`rooms/${this.#rooms[0]}/messages`, { token, body });
  }

  /**
   * @param {number} person
   * @param {boolean} follow
   * @returns {Device}
   */
  #device(person, follow) {
    const wires = new Wires(this.#random);
    const client = createClient({
      url: this.#server.url ?? "",
      getToken: () => this.#people[person].token,
      follow,
      storage: null,
      clock,
      random: () => this.#random() * 0.03, // nobody waits long before coming back
      WebSocket: wires.WebSocket,
    });
    client.start();
    return { person, client, wires };
  }

  /** Nobody waits for an answer. */
  #act() {
    const device = this.#devices[this.#below(6)];
    const { client, wires } = device;
    const room = client.room(
      this.#rooms[this.#random() < 0.5 ? 0 : this.#below(this.#rooms.length)],
    );
    const acts = this.#acts(device, room);
    if (this.#random() < 0.08) return wires.cut();
    const act = acts[this.#below(acts.length)];
    const asked = act();
    if (!(asked instanceof Promise)) return;
    const name = `${this.#asked.length}: ${act} in ${room.id}`;
    this.#waiting.add(name);
    this.#asked.push(asked.catch(() => {}).finally(() => this.#waiting.delete(name)));
  }

  /**
   * @param {Device} device
   * @param {Room} room
   * @returns {(() => unknown)[]}
   */
  #acts({ client }, room) {
    const index = Math.max(1, (room.info.getSnapshot()?.message_count ?? 1) - this.#below(12));
    const other = this.#people[this.#below(3)].id;
    const path = `rooms/${room.id}`;
    const talk = [
      () => this.#say(room),
      () => this.#say(room),
      () => this.#say(room, "@room"),
      () => room.edit(index, `edit ${(this.#said += 1)}`),
      () => room.remove(index),
      () => room.react(index, this.#random() < 0.5 ? "👍" : "🎉", this.#random() < 0.7),
      () => room.pin(index, this.#random() < 0.6),
    ];
    const look = [
      () => room.open(),
      () => room.open(),
      () => room.close(),
      () => room.older(1 + this.#below(9)),
      () => room.older(30),
      () => room.read(index),
      () => room.markUnread(index),
      () => room.set({ hidden: true }),
      () => room.typingNow(),
      () => client.setPresence(this.#random() < 0.5 ? "away" : "online"),
    ];
    const rule = [
      () => room.join(),
      () => room.join(),
      () => room.leave(),
      () => room.change({ title: `title ${(this.#said += 1)}` }),
      () => client.block(other, this.#random() < 0.4),
      () => client.rest.ask("POST", `${path}/members`, { user: other }),
      () => client.rest.ask("PATCH", `${path}/members/${other}`, { role: "moderator" }),
      () => client.rest.ask("DELETE", `${path}/members/${other}`),
      () => this.#direct(client, other),
    ];
    return [...talk, ...talk, ...look, ...rule];
  }

  /**
   * @param {Room} room
   * @param {string} [more]
   */
  #say(room, more = "") {
    if (!isMember(room)) return undefined;
    this.#said += 1;
    return room.send(`${this.#said} ${more}`).stored;
  }

  /**
   * @param {Client} client
   * @param {string} other
   */
  async #direct(client, other) {
    const { id } = await client.direct(other);
    if (!this.#rooms.includes(id)) this.#rooms.push(id);
  }

  /** @param {Device} device */
  async #open({ client }) {
    const mine = client.rooms.getSnapshot();
    const all = [...new Set([...mine.map((room) => room.id), ...this.#rooms])];
    await inTime(
      Promise.allSettled(all.map((id) => client.room(id).open())),
      () => "rooms never open",
    );
  }

  /**
   * What is one's own affair is said once more: a reload that was on its way may have undone it.
   *
   * @param {number} person
   */
  async #agree(person) {
    const [first] = this.#devices.filter((device) => device.person === person);
    for (const id of this.#rooms) {
      const room = first.client.room(id);
      if (!isMember(room)) continue;
      await room.markUnread(null);
      await room.set({ hidden: false, notify: "mentions" });
    }
  }

  /** @param {number} person */
  async #compare(person) {
    const fresh = this.#device(person, true);
    fresh.wires.slow = false;
    try {
      await fresh.client.ready();
      await this.#open(fresh);
      for (const { client } of this.#devices.filter((device) => device.person === person)) {
        await this.#same(client, fresh.client);
      }
    } finally {
      await fresh.client.close();
    }
  }

  /**
   * @param {Client} client
   * @param {Client} fresh
   */
  async #same(client, fresh) {
    const deadline = Date.now() + PATIENCE;
    const found = () => places(this.#seen(client, fresh), this.#seen(fresh, client));
    while (found().length && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      await this.#lookAgain(client);
    }
    assert.deepEqual(found(), []);
  }

  /**
   * Who left a public room, on another device, looks at it no more; and may again.
   *
   * @param {Client} client
   */
  async #lookAgain(client) {
    const left = this.#rooms.filter((id) => client.room(id).messages.getSnapshot().gone);
    await Promise.allSettled(left.map((id) => client.room(id).open()));
  }

  /**
   * All that a client promises to show, as far back as another one does. Who is there, and how far others have read, is
   * no promise.
   *
   * @param {Client} client
   * @param {Client} other
   */
  #seen(client, other) {
    const rooms = [...client.rooms.getSnapshot()].sort((a, b) => (a.id < b.id ? -1 : 1));
    return {
      rooms,
      unread: client.unread.getSnapshot(),
      blocked: [...client.blocked.getSnapshot()].sort(),
      each: this.#rooms.map((id) => seenRoom(client.room(id), other.room(id))),
    };
  }

  /** @param {number} bound */
  #below(bound) {
    return Math.floor(this.#random() * bound);
  }
}

/**
 * @param {Room} room
 * @param {Room} other
 */
function seenRoom(room, other) {
  const { rows, ready } = room.messages.getSnapshot();
  const { complete, items } = room.members.getSnapshot();
  const floor = Math.max(firstOf(room), firstOf(other));
  const members = [...items].sort((a, b) => (a.user.id < b.user.id ? -1 : 1));
  return {
    info: room.info.getSnapshot(),
    rows: rows.filter((row) => row.kind !== "pending" && row.seq >= floor),
    waiting: rows.filter((row) => row.kind === "pending" && row.state === "pending"),
    ...{ ready, complete, members },
  };
}

/** @param {Room} room */
function isMember(room) {
  return Boolean(room.info.getSnapshot()?.role);
}

/** @param {Room} room */
function firstOf(room) {
  const [row] = room.messages.getSnapshot().rows;
  return row && row.kind !== "pending" ? row.seq : 0;
}

/**
 * @template T
 * @param {Promise<T>} work
 * @param {() => string} why
 * @returns {Promise<T>}
 */
async function inTime(work, why) {
  /** @type {any} */
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(why())), PATIENCE);
  });
  try {
    return /** @type {T} */ (await Promise.race([work, late]));
  } finally {
    clearTimeout(timer);
  }
}

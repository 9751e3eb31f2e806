import assert from "node:assert/strict";

import { Model } from "../../../../src/tertulia/web/client/model/model.js";
import { differences, plain, seen } from "./compare.js";

/** @typedef {import("../../../../src/tertulia/web/client/model/room.js").RoomModel} RoomModel */

/** One client of a recording; what the steps are stands in tests/support/recording.py. */
export class Replay {
  /** @type {Map<number, { view: RoomModel, generation: number, before: number }>} */
  #pages = new Map();
  #client;

  /** @param {{ follow: boolean, steps: any[][], end: Record<string, any> }} client */
  constructor(client) {
    this.#client = client;
    this.model = new Model({ follow: client.follow });
  }

  run() {
    for (const [number, [what, ...rest]] of this.#client.steps.entries()) {
      try {
        this.#step(what, rest);
      } catch (error) {
        throw new Error(`step ${number}: ${what}`, { cause: error });
      }
    }
    for (const [room, end] of Object.entries(this.#client.end)) this.#same(room, end);
    const mine = [...this.model.rooms.values()].filter((room) => room.state.me);
    assert.deepEqual(mine.map((room) => room.id).sort(), Object.keys(this.#client.end).sort());
  }

  /**
   * @param {string} what
   * @param {any[]} rest
   */
  #step(what, rest) {
    /** @type {Record<string, (...rest: any[]) => void>} */
    const steps = {
      in: (frame, needs) => assert.deepEqual(told(this.model.apply(frame).needs), sorted(needs)),
      cut: () => this.#cut(),
      open: (room, needs) => assert.deepEqual(told(this.model.open(room)), sorted(needs)),
      put: (room, message) => this.model.rooms.get(room)?.put(message),
      read: (room, index) => this.#read(this.#room(room), index),
      ask: (number, room, before) => this.#ask(number, this.#room(room), before),
      page: (number, answer, gained) => this.#page(number, answer, gained),
      listed: (rooms) => this.#listed(rooms),
    };
    steps[what](...rest);
  }

  #cut() {
    this.model.cut();
    this.#pages.clear();
  }

  /**
   * @param {RoomModel} view
   * @param {number} index
   */
  #read(view, index) {
    view.look(index);
    view.receive(view.state.user ?? "", index, index);
  }

  /**
   * @param {number} number
   * @param {RoomModel} view
   * @param {number} before
   */
  #ask(number, view, before) {
    assert.equal(view.state.timeline.oldest(), before);
    this.#pages.set(number, { view, generation: view.state.timeline.generation, before });
  }

  /**
   * @param {number} number
   * @param {{ messages: any[], more: boolean }} answer
   * @param {number | null} gained
   */
  #page(number, answer, gained) {
    const { view, generation, before } = this.#pages.get(number) ?? assert.fail("not asked for");
    const isHere = this.model.rooms.get(view.id) === view;
    const page = { rows: answer.messages, upto: before, more: answer.more };
    assert.equal(isHere ? view.putPage(page, generation) : null, gained);
  }

  /** @param {Record<string, any>} rooms */
  #listed(rooms) {
    const unknown = new Set(["floor", "messages", "members_complete"]);
    for (const [room, expected] of Object.entries(rooms)) {
      const names = Object.keys(expected).filter((name) => !unknown.has(name));
      this.#same(room, expected, names);
    }
  }

  /**
   * @param {string} room
   * @param {any} expected
   * @param {string[]} [names]
   */
  #same(room, expected, names) {
    const found = seen(this.#room(room));
    const different = differences(found, expected, names);
    const told = different.map((name) => [name, /** @type {any} */ (found)[name], expected[name]]);
    assert.deepEqual(different, [], JSON.stringify(plain(told)));
  }

  /** @param {string} id */
  #room(id) {
    return this.model.rooms.get(id) ?? assert.fail(`there is no ${id}`);
  }
}

/** @param {import("../../../../src/tertulia/web/client/model/step.js").Need[]} needs */
function told(needs) {
  return sorted(needs.map(({ cmd, room, seq }) => [cmd, room, seq]));
}

/** @param {any[]} needs */
function sorted(needs) {
  return [...needs].sort((one, other) => (String(one) < String(other) ? -1 : 1));
}

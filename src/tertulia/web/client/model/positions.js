import { AGAIN, ApiError, ConnectionLost, Stopped } from "../net/errors.js";

/** Seconds during which positions are gathered. */
export const PAUSE = 0.3;

/**
 * @typedef {object} Surroundings
 * @property {() => string} user who I am, by id
 * @property {(id: string) => import("./room.js").RoomModel | undefined} room
 * @property {(cmd: string, fields: import("./types.js").Frame) => Promise<unknown>} say
 * @property {(cmd: string, fields: import("./types.js").Frame) => boolean} tell say it now or not at all, without an
 *   answer; whether it was said
 * @property {(seconds: number) => Promise<void>} sleep
 */

/**
 * Gathers rooms whose positions moved, and says the newest ones, room after room: now and then, not for every message.
 *
 * What a lost line swallowed is not repeated here: read positions go into the next hello.
 */
export class Positions {
  #around;
  /** How far I read; 0: something was received, and that is all. @type {Map<string, number>} */
  #moved = new Map();
  #running = false;

  /** @param {Surroundings} around */
  constructor(around) {
    this.#around = around;
  }

  /**
   * I have read up to `index`; less than before is nothing, unless something is marked as unread.
   *
   * @param {import("./room.js").RoomModel} room
   * @param {number} index
   */
  read(room, index) {
    const upto = Math.min(index, room.state.messageCount);
    const me = room.state.me;
    if (!me) return;
    const again = room.look(upto);
    if (!again && upto <= me.read_index) return;
    room.receive(this.#around.user(), upto, upto);
    this.#note(room.id, upto);
  }

  /**
   * Everything up to the cursor arrived; worth saying only where somebody may see it.
   *
   * @param {import("./room.js").RoomModel} room
   */
  received(room) {
    const { me, members, messageCount } = room.state;
    if (!me || !members.complete || messageCount <= me.delivered_index) return;
    room.receive(this.#around.user(), 0, messageCount);
    this.#note(room.id, 0);
  }

  /**
   * What I have read there is on its way when this is done: before what is said next.
   *
   * @param {string} room
   */
  async sayNow(room) {
    if (this.#moved.has(room)) await this.#sayOne(room);
  }

  /** All of it is on its way when this is done, without an answer: the page may be gone in a moment. */
  sayAll() {
    for (const [room, index] of [...this.#moved]) {
      const fields = this.#fields(room, index);
      if (!fields || this.#around.tell("read", fields)) this.#moved.delete(room);
    }
  }

  /**
   * @param {string} room
   * @param {number} index
   */
  #note(room, index) {
    this.#moved.set(room, Math.max(this.#moved.get(room) ?? 0, index));
    if (!this.#running) void this.#say();
  }

  async #say() {
    this.#running = true;
    try {
      while (this.#moved.size) {
        await this.#around.sleep(PAUSE);
        for (const room of [...this.#moved.keys()]) await this.#sayOne(room);
      }
    } catch (error) {
      if (!(error instanceof Stopped)) throw error;
    } finally {
      this.#running = false;
    }
  }

  /** @param {string} id */
  async #sayOne(id) {
    const index = this.#moved.get(id);
    this.#moved.delete(id);
    const fields = index === undefined ? null : this.#fields(id, index);
    if (index === undefined || !fields) return;
    try {
      await this.#around.say("read", fields);
    } catch (error) {
      if (error instanceof ApiError) await this.#refused(id, index, error);
      else if (!(error instanceof ConnectionLost)) throw error;
    }
  }

  /**
   * @param {string} id
   * @param {number} index
   */
  #fields(id, index) {
    const me = this.#around.room(id)?.state.me;
    return me ? { room: id, delivered: me.delivered_index, ...(index ? { index } : {}) } : null;
  }

  /**
   * @param {string} id
   * @param {number} index
   * @param {ApiError} error
   */
  async #refused(id, index, error) {
    if (!AGAIN.has(error.code)) return;
    this.#note(id, index);
    await this.#around.sleep(error.retryAfter ?? 1);
  }
}

import { ApiError, ConnectionLost } from "./net/errors.js";

/** @typedef {import("./model/step.js").Need} Need */

/** Rooms that are asked for at the same time; a server allows 50 commands a second. */
const CATCH_UPS = 4;

/** How many rooms that nobody looks at any more stay up to date, so that they show at once. */
const WARM = 20;

/** How often a list is asked for before it is given up until the next connection. */
const TRIES = 5;

/** Pages of a list; who has more rooms than these hold sees the rest when something happens there. */
const MAX_PAGES = 500;

/** @typedef {{ items: any[], next: string | null }} Page */

/** Which rooms are followed in full, and what has to be said for that. */
export class Following {
  #model;
  #link;
  /** Room → how many look at it. @type {Map<string, number>} */
  #opened = new Map();
  /** Rooms that nobody looks at any more, the one closed last at the end. @type {string[]} */
  #warm = [];
  /** @type {Need[]} */
  #needs = [];
  #telling = 0;
  #turn = 0;

  /**
   * @param {import("./model/model.js").Model} model
   * @param {import("./net/link.js").Link} link
   */
  constructor(model, link) {
    this.#model = model;
    this.#link = link;
  }

  /**
   * Follow a room: one of mine, or a public one to read without joining.
   *
   * @param {string} id
   * @throws {ApiError} `not_found`
   */
  async open(id) {
    this.#opened.set(id, (this.#opened.get(id) ?? 0) + 1);
    this.#warm = this.#warm.filter((one) => one !== id);
    await this.#follow(id);
    await this.#until(id, (room) => room.cursor !== null);
  }

  /**
   * One looks at it no more.
   *
   * @param {string} id
   */
  close(id) {
    const others = (this.#opened.get(id) ?? 0) - 1;
    if (others > 0) this.#opened.set(id, others);
    else if (this.#opened.delete(id)) this.#keepWarm(id);
  }

  /**
   * What makes me a member of a room; it is followed when this is done.
   *
   * @param {string} id
   * @param {() => Promise<{ head_seq: number }>} work gives the room with me in it
   * @throws {ApiError} `not_member` when somebody put me out meanwhile
   */
  async enter(id, work) {
    this.#model.want(id);
    try {
      const { head_seq: seq } = await work();
      if (this.#model.rooms.has(id)) await this.#follow(id);
      await this.#until(id, (room) => isMember(room) || isOut(room, seq));
      if (!this.#isMember(id)) throw new ApiError("not_member", "You are no member any more.");
    } catch (error) {
      if (!this.#opened.has(id)) this.#model.giveUp(id);
      throw error;
    }
    if (!this.#opened.has(id)) this.#keepWarm(id);
  }

  /**
   * The page before what is here; how many rows that gave.
   *
   * @param {string} id
   * @param {number} limit
   * @returns {Promise<number>}
   */
  async older(id, limit) {
    for (;;) {
      const room = this.#model.rooms.get(id);
      const timeline = room?.state.timeline;
      const before = timeline?.takesOlder ? timeline.oldest() : null;
      if (!room || !timeline || before === null) return 0;
      const { generation } = timeline;
      const { messages, more } = await this.#link.ask("history", { room: id, before, limit });
      const isHere = this.#model.rooms.get(id) === room;
      const gained = isHere
        ? room.putPage({ rows: messages, upto: before, more }, generation)
        : null;
      if (gained !== null) return gained;
    }
  }

  /**
   * Say what rooms need, a few at a time; what is refused is tried again with the next event.
   *
   * @param {readonly Need[]} needs
   */
  say(needs) {
    this.#needs.push(...needs);
    while (this.#telling < CATCH_UPS && this.#needs.length) void this.#next();
  }

  /** The line is down: the next `ready` says anew what is needed. */
  cut() {
    this.#needs = [];
    this.#turn += 1;
  }

  /**
   * My rooms that `ready` had no room for. What is asked for again, or for ever, is given up.
   *
   * @param {(cursor: string | null) => Promise<Page>} ask
   */
  async list(ask) {
    const turn = (this.#turn += 1);
    const lost = new Set(this.#model.gone);
    /** @type {Set<string | null>} */
    const asked = new Set();
    /** @type {string | null} */
    let cursor = null;
    for (let failures = 0; failures < TRIES && asked.size < MAX_PAGES;) {
      try {
        /** @type {Page} */
        const page = await ask(cursor);
        if (turn !== this.#turn) return;
        this.#take(page.items, lost);
        asked.add(cursor);
        cursor = page.next ?? null;
        if (cursor === null || asked.has(cursor)) return;
      } catch {
        failures += 1;
        await this.#link.sleep(failures).catch(() => {}); // at the end the turn is over as well
        if (turn !== this.#turn) return;
      }
    }
  }

  /**
   * @param {any[]} rooms as they were a moment ago
   * @param {ReadonlySet<string>} lost what was gone before they were asked for
   * @throws {TypeError} these are no rooms
   */
  #take(rooms, lost) {
    if (rooms.some(({ id }) => typeof id !== "string")) throw new TypeError("no rooms");
    const mine = rooms.filter(({ id }) => lost.has(id) || !this.#model.gone.has(id));
    this.say(this.#model.listed(mine));
  }

  async #next() {
    const need = /** @type {Need} */ (this.#needs.shift());
    this.#telling += 1;
    try {
      await this.#tell(need);
    } catch {
      // given up already, or the client has ended
    }
    this.#telling -= 1;
    this.say([]);
  }

  /** @param {string} id */
  async #follow(id) {
    if (!this.#link.online) return this.#model.want(id); // `ready` asks for it
    for (const need of this.#model.open(id)) await this.#tell(need);
  }

  /**
   * @param {Need} need
   * @throws {ApiError} A lost line needs nothing: the next hello makes it right.
   */
  async #tell({ cmd, room, seq }) {
    try {
      await this.#link.patiently(cmd, seq === null ? { room } : { room, seq });
      if (cmd === "unsubscribe") this.#cameBack(room);
    } catch (error) {
      if (error instanceof ConnectionLost) return;
      this.#model.giveUp(room);
      this.#link.notify();
      throw error;
    }
  }

  /**
   * The room may be here again since before the server heard `unsubscribe`.
   *
   * @param {string} id
   */
  #cameBack(id) {
    const seq = this.#model.rooms.get(id)?.cursor ?? null;
    if (seq !== null) this.say([{ cmd: "subscribe", room: id, seq }]);
  }

  /**
   * @param {string} id
   * @param {(room: import("./model/room.js").RoomModel) => boolean} condition
   */
  async #until(id, condition) {
    const holds = () => {
      const room = this.#model.rooms.get(id);
      return room !== undefined && condition(room);
    };
    await this.#link.until(() => holds() || !this.#model.wanted.has(id));
    if (!holds()) throw new ApiError("not_found", "There is no such room.", { status: 404 });
  }

  /** @param {string} id */
  #isMember(id) {
    const room = this.#model.rooms.get(id);
    return room !== undefined && isMember(room);
  }

  /** @param {string} id */
  #keepWarm(id) {
    this.#warm = [...this.#warm.filter((one) => one !== id), id];
    if (this.#warm.length > WARM)
      this.say(this.#model.close(/** @type {string} */ (this.#warm.shift())));
  }
}

/** @param {import("./model/room.js").RoomModel} room */
function isMember({ cursor, state }) {
  return cursor !== null && state.me !== null;
}

/**
 * Up to this seq everything is here, and I am not among its members.
 *
 * @param {import("./model/room.js").RoomModel} room
 * @param {number} seq
 */
function isOut({ cursor, state }, seq) {
  const row = state.members.all.get(state.user ?? "");
  const isAbsent = !row || row.left_at !== undefined;
  return cursor !== null && cursor >= seq && state.members.complete && isAbsent;
}

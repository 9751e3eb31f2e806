import { Rows } from "./model/rows.js";
import { NOBODY } from "./model/state.js";
import { summary } from "./model/summary.js";
import { View } from "./model/view.js";

/** @typedef {import("./model/types.js").Part} Part */

/** @type {readonly never[]} */
const NONE = Object.freeze([]);

/** The stores of one room, made from what is known of it when somebody looks. */
export class Views {
  #id;
  #model;
  #outbox;
  #loading = false;
  #rows = new Rows();

  /**
   * @param {string} id
   * @param {import("./model/model.js").Model} model
   * @param {import("./outbox/outbox.js").Outbox} outbox
   */
  constructor(id, model, outbox) {
    this.#id = id;
    this.#model = model;
    this.#outbox = outbox;
    this.info = new View(() => this.#info());
    this.messages = new View(() => this.#messages());
    this.members = new View(() => this.#members());
    this.receipts = new View(() => this.#receipts());
    this.typing = new View(() => this.#typing());
  }

  /** @param {Part} part */
  changed(part) {
    this[part].changed();
  }

  /** @param {boolean} on a page is on its way */
  loading(on) {
    this.#loading = on;
    this.messages.changed();
  }

  get #room() {
    return this.#model.rooms.get(this.#id);
  }

  /** @returns {import("./model/types.js").RoomSummary | null} */
  #info() {
    const room = this.#room;
    return room && room.state.settings.changed_seq !== undefined ? summary(room.state) : null;
  }

  /** @returns {import("./model/types.js").MessagesView} */
  #messages() {
    const room = this.#room;
    const timeline = room?.state.timeline;
    const waiting = this.#outbox.of(this.#id).map((post) => post.row);
    const ready = room !== undefined && room.cursor !== null;
    return {
      rows: this.#rows.of(timeline?.rows ?? NONE, waiting),
      more: ready && room.state.timeline.takesOlder,
      loading: this.#loading || (!ready && this.#model.wanted.has(this.#id)),
      ready,
      gone: this.#model.gone.has(this.#id),
    };
  }

  /** @returns {import("./model/types.js").MembersView} */
  #members() {
    const members = this.#room?.state.members;
    return { complete: members?.complete ?? false, items: Object.freeze(members?.present ?? []) };
  }

  /** @returns {Readonly<Record<string, import("./model/types.js").Receipt>>} */
  #receipts() {
    return Object.fromEntries(this.#room?.state.members.receipts ?? []);
  }

  /** @returns {import("./model/types.js").TypingView} */
  #typing() {
    const { typing, user } = this.#room?.state ?? { typing: NOBODY, user: null };
    const users = typing.users.filter((one) => one.id !== user);
    const count = typing.count - (typing.users.length - users.length);
    return count ? { users: Object.freeze(users), count } : NOBODY;
  }
}

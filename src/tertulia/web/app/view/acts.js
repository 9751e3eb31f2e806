import { messageOf } from "../model/problems.js";
import { confirmDialog } from "./dialog.js";

/** @typedef {import("../model/types.js").Row} Row */

/** What can be done with a message. What the server refuses is said in a sentence. */
export class MessageActs {
  #context;
  #room;
  #events;
  /** @type {(key: string) => void} */
  edit = () => {};

  /**
   * @param {import("./shell.js").Context} context
   * @param {import("../net/session.js").RoomHandle} room
   * @param {{ onReply: (row: Row) => void, onReveal: (index: number) => void }} events
   */
  constructor(context, room, events) {
    this.#context = context;
    this.#room = room;
    this.#events = events;
  }

  /** @param {Row} row */
  reply(row) {
    this.#events.onReply(row);
  }

  /** @param {number} index */
  reveal(index) {
    this.#events.onReveal(index);
  }

  /**
   * Adds my reaction, or takes it back.
   *
   * @param {Row} row
   * @param {string} emoji
   */
  react(row, emoji) {
    const mine = row.reactions
      ?.find((reaction) => reaction.emoji === emoji)
      ?.users.includes(this.#context.me.id);
    void this.#try(() => this.#room.react(row.index ?? 0, emoji, !mine));
  }

  /**
   * @param {Row} row
   * @param {string} body
   */
  change(row, body) {
    return this.#try(() => this.#room.edit(row.index ?? 0, body));
  }

  /** @param {Row} row */
  remove(row) {
    const sure = () => void this.#try(() => this.#room.remove(row.index ?? 0));
    confirmDialog(
      "Delete this message?",
      "Nobody will be able to read it any more.",
      "Delete",
      sure,
    );
  }

  /** @param {Row} row */
  retry(row) {
    void this.#try(() => this.#room.retry(row.client_id ?? ""));
  }

  /** @param {Row} row */
  discard(row) {
    void this.#try(() => this.#room.discard(row.client_id ?? ""));
  }

  /**
   * @param {() => unknown} act
   * @returns {Promise<boolean>} Whether it was done.
   */
  async #try(act) {
    try {
      await act();
      return true;
    } catch (error) {
      this.#context.say(messageOf(error));
      return false;
    }
  }
}

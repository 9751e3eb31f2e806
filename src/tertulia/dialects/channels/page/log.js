/** The messages of the room that is open, oldest first. */

import { make } from "./elements.js";

const NEAR = 120;
const TIME = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** @typedef {import("./api.js").Message} Message */

export class Log {
  /**
   * @param {HTMLElement} list
   * @param {HTMLElement} window in which it is scrolled
   */
  constructor(list, window) {
    this._list = list;
    this._window = window;
    /** @type {Map<string, Message>} */
    this._messages = new Map();
    this.me = "";
  }

  clear() {
    this._messages.clear();
    this._list.replaceChildren();
  }

  /**
   * What is stored, and behind it what was said since that was read.
   *
   * @param {Message[]} stored newest first
   */
  load(stored) {
    const known = new Set(stored.map((message) => message.message_uuid));
    const newest = stored[0]?.created_at ?? "";
    const later = [...this._messages.values()].filter(
      (message) => !known.has(message.message_uuid) && message.created_at > newest,
    );
    const all = [...stored].reverse().concat(later);
    this._messages = new Map(all.map((message) => [message.message_uuid, message]));
    this._list.replaceChildren(...all.map((message) => this._row(message)));
    this._toEnd();
  }

  /** @param {Message} message */
  add(message) {
    if (this._messages.has(message.message_uuid)) return;
    const { scrollHeight, scrollTop, clientHeight } = this._window;
    const wasAtEnd = scrollHeight - scrollTop - clientHeight < NEAR;
    this._messages.set(message.message_uuid, message);
    this._list.append(this._row(message));
    if (wasAtEnd || message.user === this.me) this._toEnd();
  }

  _toEnd() {
    this._window.scrollTop = this._window.scrollHeight;
  }

  /** @param {Message} message */
  _row(message) {
    const row = make("li", undefined, message.user === this.me ? "mine" : "");
    const by = make("div", undefined, "by");
    const at = new Date(message.created_at);
    const time = make("time", TIME.format(at));
    time.dateTime = message.created_at;
    time.title = DAY.format(at);
    by.append(make("b", message.user), time);
    const body = make("div", message.content, "text");
    body.dir = "auto";
    row.append(by, body);
    return row;
  }
}

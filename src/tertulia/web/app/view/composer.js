import { nameOf } from "../model/people.js";
import { excerptOf } from "../model/preview.js";
import { messageOf } from "../model/problems.js";
import { titleOf } from "../model/rooms.js";
import { untilText } from "../model/times.js";
import { isSlow, Pace, silenceOf } from "../model/voice.js";
import { el } from "./element.js";
import { isEnter } from "./keys.js";
import { PaceLine } from "./pace.js";
import { button, iconButton, name } from "./parts.js";
import { Bonds } from "./watch.js";

/** @typedef {import("../model/types.js").Row} Row */
/** @typedef {import("../model/types.js").Room} Room */
/** @typedef {import("../model/voice.js").Silence} Silence */

const MAX = 16_384;
const SECOND = 1_000;

/** How long a timer waits at most: those of weeks are none. */
const LOOK_AGAIN = 60_000;

/** Where one writes. What is not sent yet is kept as a draft. */
export class Composer {
  #context;
  #room;
  #id;
  #events;
  #bonds = new Bonds();
  #text = el("textarea", { rows: "1", dir: "auto", enterkeyhint: "send" });
  #send = iconButton("send", "Send", () => this.#submit(), "send");
  #reply = el("div", { class: "composer-reply", hidden: true });
  #wrong = el("p", { class: "composer-wrong", role: "alert", hidden: true });
  #box;
  /** @type {Row | null} */
  #answers = null;
  #pace = new Pace();
  #pacing = new PaceLine();
  /** Why nothing can be sent now. @type {{ until: number | null } | null} */
  #wait = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #silence = "";
  #hadFocus = false;

  /**
   * @param {import("./shell.js").Context} context
   * @param {import("../net/session.js").RoomHandle} room
   * @param {string} id
   * @param {{ onSend: () => void, onEditLast: () => void }} events
   */
  constructor(context, room, id, events) {
    this.#context = context;
    this.#room = room;
    this.#id = id;
    this.#events = events;
    this.#text.value = context.drafts.get(id);
    this.#text.addEventListener("input", () => this.#typed());
    this.#text.addEventListener("keydown", (event) => this.#onKey(event));
    const line = el("div", { class: "composer-line" }, this.#text, this.#send);
    this.#box = el("div", { class: "composer-box" }, this.#reply, line);
    for (const part of [this.#text, this.#send])
      part.setAttribute("aria-describedby", this.#pacing.node.id);
    this.node = el("div", { class: "composer" }, this.#box, this.#pacing.node, this.#wrong);
    this.#drawSend();
  }

  start() {
    this.#bonds.watch(this.#room.info, () => this.#draw());
    this.#bonds.watch(this.#room.messages, () => this.#draw());
  }

  end() {
    this.#bonds.end();
    clearTimeout(this.#timer);
  }

  focus() {
    this.#text.focus();
  }

  /** @param {Row | null} row */
  reply(row) {
    this.#answers = row;
    this.#reply.hidden = !row;
    if (row) {
      const words = el(
        "span",
        { dir: "auto" },
        "Reply to ",
        name(nameOf(row.sender)),
        `: ${excerptOf(row.body ?? "")}`,
      );
      this.#reply.replaceChildren(
        words,
        iconButton("close", "Do not reply", () => this.reply(null)),
      );
    }
    this.focus();
  }

  #draw() {
    const room = /** @type {Room | null} */ (this.#room.info.getSnapshot());
    const label = `Message ${titleOf(room)}`;
    if (this.#text.placeholder !== label) {
      this.#text.placeholder = label;
      this.#text.setAttribute("aria-label", label);
    }
    const now = Date.now();
    const silence = silenceOf(room, now);
    this.#drawSilence(silence, now);
    this.#drawPace(silence ? null : room, now);
    this.#lookAgain(silence?.until ?? this.#wait?.until ?? null, now);
  }

  /**
   * In place of the box; what was written stays in it.
   *
   * @param {Silence | null} silence
   * @param {number} now
   */
  #drawSilence(silence, now) {
    const key = silence ? `${silence.kind} ${silence.until}` : "";
    if (key === this.#silence) return;
    this.#silence = key;
    this.#hadFocus ||= this.#box.contains(document.activeElement);
    const shown = silence ? [this.#note(silence, now)] : [this.#box, this.#pacing.node];
    this.node.replaceChildren(...shown, this.#wrong);
    this.#say("");
    if (silence || !this.#hadFocus) return;
    this.#hadFocus = false;
    if (document.activeElement === document.body) this.focus();
  }

  /**
   * @param {Room | null} room one in which I may write
   * @param {number} now
   */
  #drawPace(room, now) {
    const { me } = this.#context;
    const waited = this.#wait !== null;
    const rows = /** @type {readonly Row[]} */ (this.#room.messages.getSnapshot().rows);
    this.#wait = room && this.#pace.wait(room, rows, me, now);
    this.#pacing.show(room && isSlow(room, me) ? (room.slow_mode ?? 0) : 0, this.#wait, now);
    if (waited && !this.#wait) this.#say("");
    this.#drawSend();
  }

  /**
   * @param {number | null} until
   * @param {number} now
   */
  #lookAgain(until, now) {
    clearTimeout(this.#timer);
    if (until === null) return;
    const most = this.#wait ? SECOND : LOOK_AGAIN;
    this.#timer = setTimeout(() => this.#draw(), Math.min(until - now, most));
  }

  /**
   * @param {Silence} silence
   * @param {number} now
   */
  #note({ kind, until }, now) {
    const why = this.#reason(kind, until, now);
    if (why) return el("div", { class: "composer-note", role: "status", text: why });
    const join = button("Join", "main", () => void this.#join());
    return el(
      "div",
      { class: "composer-note" },
      el("span", { text: "You are looking on. Join to talk." }),
      join,
    );
  }

  /**
   * @param {Silence["kind"]} kind
   * @param {number | null} until
   * @param {number} now
   */
  #reason(kind, until, now) {
    const kept = this.#text.value.trim() ? " What you wrote is kept." : "";
    if (kind === "archived")
      return `This room is archived: it can be read, and nothing else.${kept}`;
    if (kind !== "muted" || until === null) return "";
    return `You are muted here until ${untilText(new Date(until), new Date(now))}. You can read on.${kept}`;
  }

  async #join() {
    try {
      await this.#room.join();
      this.focus();
    } catch (error) {
      this.#context.say(messageOf(error));
    }
  }

  #typed() {
    this.#context.drafts.set(this.#id, this.#text.value);
    this.#say("");
    this.#drawSend();
    this.#tellTyping(Boolean(this.#text.value.trim()));
  }

  /** @param {boolean} on */
  #tellTyping(on) {
    void Promise.resolve(this.#room.typingNow(on)).catch(() => {});
  }

  #drawSend() {
    const off = !this.#text.value.trim() || this.#wait !== null;
    this.#send.setAttribute("aria-disabled", String(off));
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (isEnter(event)) {
      event.preventDefault();
      this.#submit();
    } else if (event.key === "Escape" && this.#answers) {
      this.reply(null);
    } else if (event.key === "ArrowUp" && !this.#text.value && !event.isComposing) {
      event.preventDefault();
      this.#events.onEditLast();
    }
  }

  #submit() {
    const body = this.#text.value.trim();
    if (!body) return this.focus();
    if (this.#wait) return this.#say(this.#pacing.refusal);
    const over = body.length > MAX ? [...body].length - MAX : 0;
    if (over > 0)
      return this.#say(
        `This is ${over.toLocaleString()} characters too long. Send it in two parts.`,
      );
    try {
      const reply = this.#answers?.index ? { reply_to: this.#answers.index } : {};
      const sent = Date.now();
      this.#room.send(body, reply).stored.then(
        (message) => this.#pace.stored(message, sent, Date.now()),
        () => {},
      );
    } catch (error) {
      return this.#say(messageOf(error));
    }
    this.#clear();
    this.#events.onSend();
  }

  #clear() {
    this.#text.value = "";
    this.#typed();
    this.reply(null);
  }

  /** @param {string} text */
  #say(text) {
    this.#wrong.textContent = text;
    this.#wrong.hidden = !text;
  }
}

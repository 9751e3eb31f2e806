import { nameOf } from "../model/people.js";
import { excerptOf } from "../model/preview.js";
import { messageOf } from "../model/problems.js";
import { silenceOf } from "../model/rights.js";
import { titleOf } from "../model/rooms.js";
import { el } from "./element.js";
import { isEnter } from "./keys.js";
import { button, iconButton, name } from "./parts.js";
import { Bonds } from "./watch.js";

/** @typedef {import("../model/types.js").Row} Row */

const MAX = 16_384;

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
  /** @type {string | null | undefined} */
  #silence;

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
    this.node = el("div", { class: "composer" }, this.#box, this.#wrong);
    this.#drawSend();
  }

  start() {
    this.#bonds.watch(this.#room.info, () => this.#draw());
  }

  end() {
    this.#bonds.end();
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
    const room = /** @type {import("../model/types.js").Room | null} */ (
      this.#room.info.getSnapshot()
    );
    const label = `Message ${titleOf(room)}`;
    this.#text.placeholder = label;
    this.#text.setAttribute("aria-label", label);
    const silence = silenceOf(room);
    if (silence === this.#silence) return;
    this.#silence = silence;
    this.node.replaceChildren(silence ? this.#note(silence) : this.#box, this.#wrong);
  }

  /** @param {"archived" | "outsider"} silence */
  #note(silence) {
    if (silence === "archived")
      return el("div", {
        class: "composer-note",
        text: "This room is archived: it can be read, and nothing else.",
      });
    const join = button("Join", "main", () => void this.#join());
    return el(
      "div",
      { class: "composer-note" },
      el("span", { text: "You are looking on. Join to talk." }),
      join,
    );
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
    this.#send.setAttribute("aria-disabled", String(!this.#text.value.trim()));
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
    const over = body.length > MAX ? [...body].length - MAX : 0;
    if (over > 0)
      return this.#say(
        `This is ${over.toLocaleString()} characters too long. Send it in two parts.`,
      );
    try {
      const reply = this.#answers?.index ? { reply_to: this.#answers.index } : {};
      void Promise.resolve(this.#room.send(body, reply).stored).catch(() => {});
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

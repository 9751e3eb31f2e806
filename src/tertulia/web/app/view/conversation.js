import { Composer } from "./composer.js";
import { el } from "./element.js";
import { Log } from "./log.js";
import { button, empty } from "./parts.js";
import { RoomHead } from "./roomhead.js";
import { typingText } from "../model/typing.js";
import { Bonds } from "./watch.js";

const GONE = "It was deleted, or it is not for you. Other rooms are.";

/** One room: its head, what was said, who types, and where to write. */
export class Conversation {
  #context;
  #room;
  #bonds = new Bonds();
  #head;
  #log;
  #composer;
  #typing = el("p", { class: "typing" });
  #line;

  /**
   * @param {import("./shell.js").Context} context
   * @param {string} id
   * @param {HTMLElement} line Where a lost connection is told.
   */
  constructor(context, id, line) {
    this.#context = context;
    this.#room = context.client.room(id);
    this.#line = line;
    this.#head = new RoomHead(context, this.#room);
    this.#composer = new Composer(context, this.#room, id, {
      onSend: () => this.#log.sent(),
      onEditLast: () => this.#log.editLast(),
    });
    this.#log = new Log(context, this.#room, {
      onReply: (row) => this.#composer.reply(row),
      onDone: () => this.#composer.focus(),
    });
    this.nodes = [this.#head.node, line, this.#log.node, this.#typing, this.#composer.node];
  }

  start() {
    this.#bonds.watch(this.#room.typing, (typing) =>
      this.#drawTyping(typingText(typing, this.#context.me.id)),
    );
    this.#bonds.watch(this.#room.messages, ({ gone }) => gone && this.#drawGone());
    this.#log.start();
    this.#composer.start();
    this.#room.open().catch((/** @type {unknown} */ error) => this.#failed(error));
    if (matchMedia("(pointer: fine)").matches) this.#composer.focus();
  }

  end() {
    this.#bonds.end();
    this.#head.end();
    this.#log.end();
    this.#composer.end();
    this.#room.close();
  }

  focus() {
    this.#composer.focus();
  }

  /** @param {string} text */
  #drawTyping(text) {
    if (text === this.#typing.textContent) return;
    const dots = el(
      "span",
      { class: "typing-dots", "aria-hidden": "true" },
      el("i"),
      el("i"),
      el("i"),
    );
    this.#typing.replaceChildren(...(text ? [dots, el("span", { dir: "auto", text })] : []));
  }

  /** @param {any} error */
  #failed(error) {
    if (error?.status === 404 || error?.code === "not_found") this.#drawGone();
  }

  #drawGone() {
    const back = button("To my rooms", "main", () => this.#context.go(null));
    this.#line.parentElement?.replaceChildren(
      this.#line,
      empty("This room is not here", GONE, back),
    );
  }
}

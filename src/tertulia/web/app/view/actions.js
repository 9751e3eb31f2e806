import { el } from "./element.js";
import { iconButton } from "./parts.js";

/** @typedef {import("../model/types.js").Row} Row */

const EMOJI = /** @type {const} */ ([
  ["👍", "Thumbs up"],
  ["❤️", "Heart"],
  ["😂", "Laughing"],
  ["🎉", "Party"],
  ["😮", "Surprised"],
  ["😢", "Sad"],
  ["👀", "Eyes"],
]);

/** The few buttons at a message. There is one set of them, which goes from row to row. */
export class Actions {
  #acts;
  #node = el("div", { class: "actions", role: "group", "aria-label": "Message actions" });
  /** @type {Row | null} */
  #row = null;

  /** @param {import("./acts.js").MessageActs} acts */
  constructor(acts) {
    this.#acts = acts;
  }

  get focused() {
    return this.#node.contains(document.activeElement);
  }

  /**
   * @param {HTMLElement} node
   * @param {Row} row
   * @param {import("../model/rights.js").Rights} rights
   */
  show(node, row, rights) {
    if (this.#node.parentElement === node && this.#row === row) return;
    this.#row = row;
    this.#fill(row, rights);
    if (this.#node.parentElement !== node) node.append(this.#node);
  }

  hide() {
    this.#row = null;
    this.#node.remove();
  }

  /**
   * @param {Row} row
   * @param {import("../model/rights.js").Rights} rights
   */
  #fill(row, rights) {
    const focused = this.focused;
    const acts = this.#acts;
    const buttons = [
      rights.react && iconButton("smile", "React", () => this.#pick(row, rights)),
      rights.reply && iconButton("reply", "Reply", () => acts.reply(row)),
      rights.edit && iconButton("edit", "Edit", () => acts.edit(row.key)),
      rights.remove && iconButton("trash", "Delete", () => acts.remove(row)),
    ].filter((one) => one !== false);
    this.#node.replaceChildren(...buttons);
    this.#node.hidden = !buttons.length;
    if (focused) buttons[0]?.focus();
  }

  /**
   * The emoji in place of the other buttons.
   *
   * @param {Row} row
   * @param {import("../model/rights.js").Rights} rights
   */
  #pick(row, rights) {
    const buttons = EMOJI.map(([emoji, label]) => {
      const choose = () => {
        this.#fill(row, rights);
        this.#acts.react(row, emoji);
      };
      return el("button", {
        type: "button",
        class: "round",
        text: emoji,
        "aria-label": label,
        title: label,
        on: { click: choose },
      });
    });
    this.#node.replaceChildren(...buttons);
    buttons[0]?.focus();
  }
}

import { everyText, leftText } from "../model/times.js";
import { el } from "./element.js";

/** Below the composer of a room in slow mode: how often one may post, and when the next post may be made. */
export class PaceLine {
  #rule = el("span");
  #left = el("span");
  node = el(
    "p",
    { class: "composer-pace", id: "composer-pace", hidden: true },
    this.#rule,
    this.#left,
  );
  /** What to say to who tries anyway. */
  refusal = "";

  /**
   * @param {number} seconds between two posts; 0: no slow mode, or not for me
   * @param {{ until: number | null } | null} wait
   * @param {number} now
   */
  show(seconds, wait, now) {
    this.node.hidden = !seconds;
    const left = wait?.until ? leftText(wait.until - now) : "";
    put(this.#rule, seconds ? `Slow mode: one message ${everyText(seconds)}.` : "");
    put(this.#left, left && `You can send the next one in ${left}.`);
    this.refusal = left
      ? "It is too soon to send this. It is kept."
      : "Your last message is still on its way. This one is kept.";
  }
}

/**
 * @param {HTMLElement} node
 * @param {string} text
 */
function put(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

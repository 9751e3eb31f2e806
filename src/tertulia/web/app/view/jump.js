import { newsText } from "../model/unread.js";
import { el } from "./element.js";
import { icon } from "./icons.js";

/**
 * The button that leads to the newest message.
 *
 * @param {() => void} onClick
 */
export function jumpButton(onClick) {
  const text = el("span");
  const node = el(
    "button",
    { type: "button", class: "button small jump", hidden: true, on: { click: onClick } },
    icon("down"),
    text,
  );
  /**
   * @param {boolean} shown
   * @param {number} unread
   */
  const show = (shown, unread) => {
    node.hidden = !shown;
    node.classList.toggle("news", unread > 0);
    const wanted = unread ? newsText(unread) : "Jump to newest";
    if (text.textContent !== wanted) text.textContent = wanted;
  };
  return { node, show };
}

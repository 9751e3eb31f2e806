import { titleOf } from "../model/rooms.js";
import { el } from "./element.js";
import { name, roomAvatar, spinner } from "./parts.js";

/**
 * What stands above the oldest row: that more is coming, or that this is the beginning.
 *
 * @param {HTMLElement} node
 * @param {import("./log.js").Messages} state
 * @param {import("../model/types.js").Room | null} room
 */
export function fillTop(node, state, room) {
  const shown =
    !state.ready || !room || state.more
      ? "loading"
      : `start ${titleOf(room)} ${room.description} ${state.rows.length > 0}`;
  if (node.dataset.shown === shown) return;
  node.dataset.shown = shown;
  if (shown === "loading")
    node.replaceChildren(el("div", { class: "log-loading" }, spinner(), "Loading messages …"));
  else if (room) node.replaceChildren(beginning(room, state.rows.length > 0));
}

/**
 * @param {import("../model/types.js").Room} room
 * @param {boolean} begun
 */
function beginning(room, begun) {
  const direct = room.kind === "direct";
  const picture = roomAvatar(room);
  picture.classList.add("large");
  const title = el("h2", {}, direct ? "You and " : "Welcome to ", name(titleOf(room), ""));
  const about = direct
    ? "This is between the two of you."
    : room.description || "This is where the talk begins.";
  const first = begun ? "" : " Nobody has said anything yet. Say hello!";
  return el(
    "div",
    { class: "log-top" },
    picture,
    title,
    el("p", { class: "wraps", dir: "auto", text: about + first }),
  );
}

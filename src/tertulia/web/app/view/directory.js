import { messageOf } from "../model/problems.js";
import { membersOf } from "../model/rooms.js";
import { openDialog } from "./dialog.js";
import { el } from "./element.js";
import { Finder } from "./finder.js";
import { openNewRoom } from "./newroom.js";
import { button, roomAvatar, roomLines } from "./parts.js";

/** @typedef {import("../model/types.js").Found} Found */

/**
 * All public rooms, with a search.
 *
 * @param {import("./shell.js").Context} context
 */
export function openDirectory(context) {
  openDialog("Find a room", (close) => {
    /** @type {Finder<Found>} */
    const finder = new Finder({
      label: "Search public rooms",
      none: "No room is called like that. Make it!",
      ask: (q, cursor) =>
        /** @type {Promise<{ items: Found[], next: string | null }>} */ (
          context.client.directory({ q, cursor })
        ),
      row: (room) => row(context, room, close),
    });
    const make = button("New room", "", () => {
      close();
      openNewRoom(context);
    });
    return [...finder.nodes, el("div", { class: "dialog-foot" }, make)];
  });
}

/**
 * @param {import("./shell.js").Context} context
 * @param {Found} room
 * @param {() => void} close
 */
function row(context, room, close) {
  const detail = [membersOf(room.member_count), room.description].filter(Boolean).join(" · ");
  const enter = async () => {
    try {
      if (!room.joined) await context.client.join(room.id);
      close();
      context.go(room.id);
    } catch (error) {
      context.say(messageOf(error));
    }
  };
  const act = button(room.joined ? "Open" : "Join", room.joined ? "small" : "small main", enter);
  act.setAttribute("aria-label", `${room.joined ? "Open" : "Join"} ${room.title}`);
  return el("div", { class: "result" }, roomAvatar(room), roomLines(room, detail), act);
}

import { messageOf } from "../model/problems.js";
import { nameOf } from "../model/people.js";
import { openDialog } from "./dialog.js";
import { el } from "./element.js";
import { Finder } from "./finder.js";
import { name, userAvatar } from "./parts.js";

/** @typedef {import("../model/types.js").User} User */

/**
 * Finds somebody by name and opens the direct room with them.
 *
 * @param {import("./shell.js").Context} context
 */
export function openPeople(context) {
  openDialog("Write to somebody", (close) => {
    /** @type {Finder<User>} */
    const finder = new Finder({
      label: "Search by name",
      none: "Nobody is called like that.",
      ask: async (q, cursor) => withoutMe(await context.client.people({ q, cursor }), context.me),
      row: (user) => row(context, user, close),
    });
    return finder.nodes;
  });
}

/**
 * @param {{ items: User[], next: string | null }} page
 * @param {User} me
 */
function withoutMe({ items, next }, me) {
  return { items: items.filter((user) => user.id !== me.id), next };
}

/**
 * @param {import("./shell.js").Context} context
 * @param {User} user
 * @param {() => void} close
 */
function row(context, user, close) {
  const open = async () => {
    try {
      const room = await context.client.direct(user.id);
      close();
      context.go(room.id);
    } catch (error) {
      context.say(messageOf(error));
    }
  };
  const presence = context.client.presence.getSnapshot()[user.id] ?? "offline";
  const properties = { type: "button", class: "result", on: { click: open } };
  return el("button", properties, userAvatar(user, presence), userLines(user));
}

/** @param {User} user */
export function userLines(user) {
  const handle = el("small", {}, "@", name(user.username, ""));
  return el("span", {}, el("strong", {}, name(nameOf(user), "")), handle);
}

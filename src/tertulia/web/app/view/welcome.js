import { messageOf } from "../model/problems.js";
import { titleOf } from "../model/rooms.js";
import { joinByInvite, lookUpInvite } from "../net/session.js";
import { openDialog } from "./dialog.js";
import { el } from "./element.js";

const FIRST_ROOM = "general";

/**
 * Somebody who is signed in followed an invitation: asks whether to come in.
 *
 * @param {import("./shell.js").Context} context
 * @param {import("./address.js").Address} address
 */
export async function welcomeInvite(context, address) {
  const { invite } = address.route;
  if (!invite) return;
  try {
    const room = await lookUpInvite(context.client, invite);
    address.go(null, { replace: true });
    if (room) ask(context, room, invite);
  } catch (error) {
    address.go(null, { replace: true });
    context.say(messageOf(error));
  }
}

/**
 * @param {import("./shell.js").Context} context
 * @param {import("../model/types.js").Place} room
 * @param {string} code
 */
function ask(context, room, code) {
  openDialog("You are invited", (close) => {
    const join = async () => {
      try {
        await joinByInvite(context.client, code);
        close();
        context.go(room.id);
      } catch (error) {
        context.say(messageOf(error));
      }
    };
    const text = el("p", {}, "Come in to ", el("bdi", { class: "name", text: titleOf(room) }), "?");
    const no = el("button", {
      type: "button",
      class: "button",
      text: "Not now",
      on: { click: close },
    });
    const yes = el("button", {
      type: "button",
      class: "button main",
      text: "Join",
      autofocus: true,
      on: { click: join },
    });
    return [text, el("div", { class: "dialog-foot" }, no, yes)];
  });
}

/**
 * Who has just signed up and is nowhere yet comes into `general`, if there is such a room.
 *
 * @param {import("../net/session.js").Client} client
 */
export async function welcomeNewcomer(client) {
  try {
    await client.ready();
    if (client.rooms.getSnapshot().length) return;
    const { items } = await client.directory({ q: FIRST_ROOM });
    const room = items.find(({ name }) => name === FIRST_ROOM);
    if (room) await client.join(room.id);
  } catch {
    // Then they find a room themselves.
  }
}

import { messageOf } from "../model/problems.js";
import { membersOf, titleOf } from "../model/rooms.js";
import { confirmDialog, openDialog } from "./dialog.js";
import { arrange, el } from "./element.js";
import { button, userAvatar } from "./parts.js";
import { userLines } from "./people.js";
import { Bonds } from "./watch.js";

const SHOWN = 200;

/**
 * What a room is about, and who is in it.
 *
 * @param {import("./shell.js").Context} context
 * @param {import("../net/session.js").RoomHandle} room
 */
export function openDetails(context, room) {
  const info = /** @type {import("../model/types.js").Room | null} */ (room.info.getSnapshot());
  if (!info) return;
  const bonds = new Bonds();
  const list = el("ul", { class: "results", "aria-label": "Members" });
  const draw = () => arrange(list, memberRows(context, room));
  openDialog(
    titleOf(info),
    (close) => {
      const about =
        info.description || (info.kind === "direct" ? "Only the two of you can read this." : "");
      const text = about ? el("p", { class: "wraps", dir: "auto", text: about }) : "";
      const count = el("p", { class: "hint", text: membersOf(info.member_count) });
      return [el("div", {}, text, count), list, ...leaving(context, room, info, close)];
    },
    () => bonds.end(),
  );
  bonds.watch(room.members, draw);
  bonds.watch(context.client.presence, draw);
}

/**
 * @param {import("./shell.js").Context} context
 * @param {import("../net/session.js").RoomHandle} room
 */
function memberRows(context, room) {
  const presence = context.client.presence.getSnapshot();
  return room.members
    .getSnapshot()
    .items.filter((member) => !member.left_at)
    .slice(0, SHOWN)
    .map(({ user, role }) => {
      const there = user.id === context.me.id ? "online" : (presence[user.id] ?? "offline");
      const part = role === "member" ? "" : el("span", { class: "tag", text: role });
      return el("li", { class: "result" }, userAvatar(user, there), userLines(user), part);
    });
}

/**
 * @param {import("./shell.js").Context} context
 * @param {import("../net/session.js").RoomHandle} room
 * @param {import("../model/types.js").Room} info
 * @param {() => void} close
 * @returns {Node[]}
 */
function leaving(context, room, info, close) {
  if (info.kind === "direct" || !info.role) return [];
  const text =
    info.kind === "public"
      ? "You can come back at any time."
      : "You will need an invitation to come back.";
  const leave = async () => {
    try {
      await room.leave();
      context.go(null);
    } catch (error) {
      context.say(messageOf(error));
    }
  };
  const ask = () => {
    close();
    confirmDialog(`Leave ${titleOf(info)}?`, text, "Leave", () => void leave());
  };
  return [el("div", { class: "dialog-foot" }, button("Leave the room", "danger", ask))];
}

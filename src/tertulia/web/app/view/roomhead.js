import { membersOf, titleOf } from "../model/rooms.js";
import { openDetails } from "./details.js";
import { el } from "./element.js";
import { iconButton, name, roomAvatar } from "./parts.js";
import { Bonds } from "./watch.js";

/** @typedef {import("../model/types.js").Room} Room */

const PRESENCE = /** @type {Record<string, string>} */ ({
  online: "Online",
  away: "Away",
  offline: "Offline",
});

/** The line above a conversation. */
export class RoomHead {
  #context;
  #room;
  #bonds = new Bonds();
  #picture = el("span");
  #title = el("h1");
  #detail = el("p", { dir: "auto" });

  /**
   * @param {import("./shell.js").Context} context
   * @param {import("../net/session.js").RoomHandle} room
   */
  constructor(context, room) {
    this.#context = context;
    this.#room = room;
    const back = iconButton("back", "Back to the rooms", () => context.go(null), "room-back");
    const details = iconButton("info", "About this room", () => openDetails(context, room));
    const lines = el("div", { class: "room-title" }, this.#title, this.#detail);
    this.node = el("header", { class: "room-head" }, back, this.#picture, lines, details);
    this.#bonds.watch(room.info, () => this.#draw());
    this.#bonds.watch(context.client.presence, () => this.#draw());
  }

  end() {
    this.#bonds.end();
  }

  #draw() {
    const room = /** @type {Room | null} */ (this.#room.info.getSnapshot());
    if (!room) return;
    const presence =
      this.#context.client.presence.getSnapshot()[room.partner?.id ?? ""] ?? "offline";
    this.#picture.replaceChildren(roomAvatar(room, presence));
    this.#title.replaceChildren(name(titleOf(room), ""));
    this.#detail.textContent = detailOf(room, presence);
  }
}

/**
 * @param {Room} room
 * @param {string} presence
 */
function detailOf(room, presence) {
  if (room.kind === "direct") return PRESENCE[presence] ?? "";
  return [membersOf(room.member_count), room.description].filter(Boolean).join(" · ");
}

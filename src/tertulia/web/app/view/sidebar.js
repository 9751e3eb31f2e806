import { badgeOf, statusOf, sectionsOf, titleOf } from "../model/rooms.js";
import { previewOf } from "../model/preview.js";
import { pathOf } from "../model/routes.js";
import { shortText } from "../model/times.js";
import { openDirectory } from "./directory.js";
import { arrange, el, setAttribute } from "./element.js";
import { openNewRoom } from "./newroom.js";
import { iconButton, name, roomAvatar, userAvatar, wordmark } from "./parts.js";
import { openPeople } from "./people.js";
import { nameOf } from "../model/people.js";
import { Bonds } from "./watch.js";

/** @typedef {import("../model/types.js").Room} Room */
/** @typedef {{ room: Room, presence: string, current: boolean, node: HTMLElement }} Drawn */

const FILTER_FROM = 9;
const EMPTY = {
  rooms: "No rooms yet. Find one, or make your own.",
  people: "Nobody yet. Write to somebody with +.",
};

/** My rooms, with what is unread in them. */
export class Sidebar {
  #context;
  #bonds = new Bonds();
  #list = el("div", { class: "sidebar-rooms" });
  #find = el("input", {
    class: "input",
    type: "search",
    placeholder: "Filter",
    "aria-label": "Filter my rooms",
  });
  #finder = el("div", { class: "sidebar-find", hidden: true }, this.#find);
  /** @type {Map<string, Drawn>} */
  #drawn = new Map();
  /** @type {Map<string, HTMLElement>} */
  #lists = new Map();
  /** @type {string | null} */
  #selected = null;

  /**
   * @param {import("./shell.js").Context} context
   * @param {() => void} onSettings
   */
  constructor(context, onSettings) {
    this.#context = context;
    this.#find.addEventListener("input", () => this.#draw());
    const compass = iconButton("compass", "Find rooms", () => openDirectory(context));
    const head = el("div", { class: "sidebar-head" }, wordmark(), compass);
    const me = el("div", { class: "me" }, userAvatar(context.me), name(nameOf(context.me), ""));
    const foot = el(
      "div",
      { class: "sidebar-foot" },
      me,
      iconButton("settings", "Settings", onSettings),
    );
    this.node = el(
      "nav",
      { class: "sidebar", "aria-label": "Rooms" },
      head,
      this.#finder,
      this.#list,
      foot,
    );
    this.#makeSections();
    this.#bonds.watch(context.client.rooms, () => this.#draw());
    this.#bonds.watch(context.client.presence, () => this.#draw());
  }

  end() {
    this.#bonds.end();
  }

  /** @param {string | null} room */
  select(room) {
    this.#selected = room;
    this.#draw();
  }

  #makeSections() {
    const add = {
      rooms: iconButton("plus", "New room", () => openNewRoom(this.#context)),
      people: iconButton("plus", "Write to somebody", () => openPeople(this.#context)),
    };
    for (const { id, label } of sectionsOf([])) {
      const list = el("ul", { "aria-label": label });
      this.#lists.set(id, list);
      const plus = add[/** @type {keyof typeof add} */ (id)];
      this.#list.append(
        el("div", { class: "section-head" }, el("h2", { text: label }), plus),
        list,
      );
    }
  }

  #draw() {
    const rooms = /** @type {readonly Room[]} */ (this.#context.client.rooms.getSnapshot());
    this.#finder.hidden = rooms.length < FILTER_FROM;
    for (const { id, rooms: found } of sectionsOf(rooms, this.#find.value)) {
      const list = /** @type {HTMLElement} */ (this.#lists.get(id));
      const rows = found.map((room) => this.#row(room));
      arrange(list, rows.length ? rows : [emptyRow(EMPTY[/** @type {keyof typeof EMPTY} */ (id)])]);
    }
  }

  /** @param {Room} room */
  #row(room) {
    const presence =
      this.#context.client.presence.getSnapshot()[room.partner?.id ?? ""] ?? "offline";
    const current = room.id === this.#selected;
    const before = this.#drawn.get(room.id);
    if (
      before &&
      before.room === room &&
      before.presence === presence &&
      before.current === current
    )
      return before.node;
    const node = before?.node ?? el("li", {}, this.#link(room));
    this.#fill(/** @type {HTMLElement} */ (node.firstElementChild), room, presence, current);
    this.#drawn.set(room.id, { room, presence, current, node });
    return node;
  }

  /** @param {Room} room */
  #link(room) {
    const link = el("a", { class: "room-link", href: pathOf(room.id) });
    link.addEventListener("click", (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
      event.preventDefault();
      this.#context.go(room.id);
    });
    return link;
  }

  /**
   * @param {HTMLElement} link
   * @param {Room} room
   * @param {string} presence
   * @param {boolean} current
   */
  #fill(link, room, presence, current) {
    link.classList.toggle("unread", room.unread > 0);
    setAttribute(link, "aria-current", current ? "page" : null);
    const last = el("div", {
      class: "room-last",
      dir: "auto",
      text: previewOf(room, this.#context.me.id),
    });
    const status = el("span", { class: "unseen", text: statusOf(room, presence) });
    const title = el("div", { class: "room-name" }, name(titleOf(room), ""), status);
    const lines = el("div", {}, title, last);
    link.replaceChildren(roomAvatar(room, presence), lines, side(room));
  }
}

/** @param {Room} room */
function side(room) {
  const time = room.last_message
    ? shortText(new Date(room.last_message.created_at), new Date())
    : "";
  const badges = el("span", { class: "badges" });
  if (room.mentions)
    badges.append(el("span", { class: "badge mention", text: `@${badgeOf(room.mentions)}` }));
  if (room.unread > room.mentions)
    badges.append(el("span", { class: "badge", text: badgeOf(room.unread) }));
  return el(
    "div",
    { class: "room-side", "aria-hidden": "true" },
    el("time", { text: time }),
    badges,
  );
}

/** @param {string} text */
function emptyRow(text) {
  return el("li", { class: "section-empty", text });
}

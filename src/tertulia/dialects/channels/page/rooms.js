/** The list of rooms. */

import { make } from "./elements.js";

/** @typedef {import("./api.js").Room} Room */

export class RoomList {
  /**
   * @param {HTMLElement} list
   * @param {(room: Room) => void} open
   */
  constructor(list, open) {
    this._list = list;
    this._open = open;
    this._shown = "";
  }

  /**
   * Rows are made anew only when there are others: whoever is in the list with the keyboard stays where they are.
   *
   * @param {Room[]} rooms
   * @param {string} [current] the id of the one that is open
   */
  show(rooms, current) {
    const shown = JSON.stringify(rooms.map((room) => [room.room_uuid, room.room_name]));
    if (shown !== this._shown) {
      this._shown = shown;
      this._list.replaceChildren(...rooms.map((room) => this._row(room)));
    }
    for (const button of this._list.querySelectorAll("button")) {
      if (button.value === current) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    }
  }

  /** @param {Room} room */
  _row(room) {
    const button = make("button", room.room_name);
    button.type = "button";
    button.value = room.room_uuid;
    button.dir = "auto";
    button.onclick = () => this._open(room);
    const row = make("li");
    row.append(button);
    return row;
  }
}

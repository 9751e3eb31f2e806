import { Drafts } from "../model/drafts.js";
import { documentTitle, titleOf } from "../model/rooms.js";
import { Address } from "./address.js";
import { ConnectionLine } from "./connection.js";
import { Conversation } from "./conversation.js";
import { el } from "./element.js";
import { welcomeInvite, welcomeNewcomer } from "./welcome.js";
import { button, empty } from "./parts.js";
import { openDirectory } from "./directory.js";
import { openSettings } from "./settings.js";
import { Sidebar } from "./sidebar.js";
import { local, remember } from "./storage.js";
import { Toasts } from "./toast.js";
import { Bonds } from "./watch.js";
import { watchAbsence } from "./absence.js";

/**
 * What all parts of the signed-in page share.
 *
 * @typedef {object} Context
 * @property {import("../net/session.js").Client} client
 * @property {import("../model/types.js").User} me
 * @property {Drafts} drafts
 * @property {(room: string | null) => void} go
 * @property {(text: string) => void} say
 * @property {() => Promise<void>} signOut
 */

const LAST = "tertulia-last-room";
const SIGN_IN_AGAIN = [4500, 4501];

/** Rooms at the side, a conversation in the middle. */
export class Shell {
  #bonds = new Bonds();
  /** Of the room that is open. */
  #ties = new Bonds();
  #toasts = new Toasts();
  #address = new Address(() => this.#draw());
  #main = el("main", { class: "conversation", id: "conversation" });
  #context;
  #client;
  #onEnded;
  #isNew;
  #sidebar;
  #line;
  /** @type {Conversation | null} */
  #open = null;
  /** @type {string | null | undefined} */
  #shown;

  /** @param {{ client: Context["client"], me: Context["me"], signOut: () => Promise<void>, isNew: boolean, onEnded: () => void }} parts */
  constructor({ client, me, signOut, isNew, onEnded }) {
    this.#client = client;
    this.#onEnded = onEnded;
    this.#isNew = isNew;
    const drafts = new Drafts(me.id, local());
    const leave = async () => {
      await signOut();
      drafts.clear();
      await client.forget();
    };
    const go = (/** @type {string | null} */ room) => this.#go(room);
    this.#context = {
      client,
      me,
      drafts,
      go,
      say: (/** @type {string} */ text) => this.#toasts.say(text),
      signOut: leave,
    };
    this.#sidebar = new Sidebar(this.#context, () => openSettings(this.#context));
    this.#line = new ConnectionLine(client.connection, {
      tryNow: () => client.tryNow(),
      onBack: () => this.#open?.focus(),
    });
    const skip = el("a", {
      class: "skip",
      href: "#conversation",
      text: "Skip to the conversation",
    });
    skip.addEventListener("click", (event) => this.#skip(event));
    this.node = el(
      "div",
      { class: "shell" },
      skip,
      this.#sidebar.node,
      this.#main,
      this.#toasts.node,
    );
  }

  start() {
    this.#bonds.watch(this.#client.connection, ({ error }) => {
      if (SIGN_IN_AGAIN.includes(/** @type {any} */ (error)?.code)) this.#onEnded();
    });
    this.#bonds.watch(this.#client.rooms, () => this.#pickRoom());
    this.#bonds.watch(this.#client.unread, () => this.#drawTitle());
    this.#bonds.add(watchAbsence(this.#client));
    this.#draw();
    void welcomeInvite(this.#context, this.#address);
    if (this.#isNew) void welcomeNewcomer(this.#client);
  }

  end() {
    this.#bonds.end();
    this.#ties.end();
    this.#open?.end();
    this.#sidebar.end();
    this.#line.end();
    this.#address.end();
    for (const dialog of document.querySelectorAll("dialog")) dialog.close();
    this.#client.close();
  }

  /** @param {string | null} room The one that is open already: there one goes on writing. */
  #go(room) {
    if (room === this.#shown) this.#open?.focus();
    this.#address.go(room);
  }

  #draw() {
    const { room } = this.#address.route;
    if (room === this.#shown) return;
    this.#shown = room;
    this.#ties.end();
    this.#open?.end();
    this.#open = null;
    this.node.classList.toggle("in-room", room !== null);
    this.#sidebar.select(room);
    if (room === null) this.#drawNoRoom();
    else this.#openRoom(room);
    this.#drawTitle();
    this.#pickRoom();
  }

  /** @param {string} id */
  #openRoom(id) {
    remember(LAST, id);
    this.#open = new Conversation(this.#context, id, this.#line.node);
    this.#ties.watch(this.#client.room(id).info, () => this.#drawTitle());
    this.#main.replaceChildren(...this.#open.nodes);
    this.#open.start();
  }

  #drawNoRoom() {
    const look = button("Find a room", "main", () => openDirectory(this.#context));
    const sentence = "Pick a room on the left, or find a new one to join.";
    this.#main.replaceChildren(this.#line.node, empty("Pull up a chair", sentence, look));
  }

  /** Where there is space for both, a room is open from the start: the one of last time, else `general`, else the first. */
  #pickRoom() {
    if (
      this.#shown !== null ||
      this.#address.route.invite ||
      matchMedia("(max-width: 44rem)").matches
    )
      return;
    const rooms = this.#client.rooms.getSnapshot();
    const last = local()?.getItem(LAST);
    const room =
      rooms.find(({ id }) => id === last) ??
      rooms.find(({ name }) => name === "general") ??
      rooms[0];
    if (room) this.#address.go(room.id, { replace: true });
  }

  #drawTitle() {
    const room = this.#shown ? this.#client.room(this.#shown).info.getSnapshot() : null;
    document.title = documentTitle(this.#client.unread.getSnapshot(), room ? titleOf(room) : "");
  }

  /** @param {Event} event */
  #skip(event) {
    event.preventDefault();
    if (!this.#open) this.#main.querySelector("button")?.focus();
    this.#open?.focus();
  }
}

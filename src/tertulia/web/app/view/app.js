import { routeOf } from "../model/routes.js";
import { openClient } from "../net/session.js";
import { el } from "./element.js";
import { Entry } from "./entry.js";
import { button, empty, wordmark } from "./parts.js";
import { Shell } from "./shell.js";
import { isKnown, rememberVisit } from "./visits.js";
import { Bonds } from "./watch.js";

/** @typedef {import("../net/session.js").Session} Session */

const ENDED = "You were signed out. Sign in to go on; what you wrote is kept.";

/** The whole page: the way in, or the rooms, whoever is signed in. */
export class App {
  #root;
  #session;
  #bonds = new Bonds();
  /** @type {Shell | null} */
  #shell = null;
  /** @type {string | null | undefined} */
  #shown;
  #notice = "";
  #fresh = false;

  /**
   * @param {HTMLElement} root
   * @param {Session} session
   */
  constructor(root, session) {
    this.#root = root;
    this.#session = session;
  }

  /** Looks whether somebody is signed in here, and shows what there is for them. */
  async start() {
    this.#show(splash());
    try {
      if (isKnown()) await this.#session.resume();
      this.#bonds.watch(this.#session.user, (user) => this.#draw(user));
    } catch {
      this.#show(unreachable(() => void this.start()));
    }
  }

  /** @param {import("../model/types.js").User | null} user */
  #draw(user) {
    if ((user?.id ?? null) === this.#shown) return;
    this.#shown = user?.id ?? null;
    this.#shell?.end();
    this.#shell = null;
    if (user) this.#enter(user);
    else this.#leave();
  }

  /** @param {import("../model/types.js").User} user */
  #enter(user) {
    rememberVisit();
    const client = openClient(this.#session);
    this.#shell = new Shell({
      client,
      me: user,
      isNew: this.#fresh,
      signOut: () => this.#session.logout(),
      onEnded: () => this.#end(ENDED),
    });
    this.#show(this.#shell.node);
    this.#fresh = false;
    client.start();
    this.#shell.start();
  }

  /**
   * The session is over, whatever the server could be told.
   *
   * @param {string} notice
   */
  #end(notice) {
    this.#notice = notice;
    this.#draw(null);
  }

  #leave() {
    document.title = "Tertulia";
    const { invite } = routeOf(location.pathname, location.search);
    const entry = new Entry(this.#session, {
      invite,
      notice: this.#notice,
      onRegister: (going) => (this.#fresh = going),
    });
    this.#notice = "";
    this.#show(entry.node);
    entry.focus();
  }

  /** @param {Node} node */
  #show(node) {
    this.#root.replaceChildren(node);
  }
}

function splash() {
  return el("main", { class: "empty", "aria-busy": "true" }, wordmark());
}

/** @param {() => void} again */
function unreachable(again) {
  const sentence = "The server does not answer. Your messages are kept on this device.";
  return el(
    "main",
    {},
    empty("We cannot get through", sentence, button("Try again", "main", again)),
  );
}

import { rightsOf } from "../model/rights.js";
import { nearTop } from "../model/scrolling.js";
import { itemsOf, lastRow, newestIndex } from "../model/timeline.js";
import { UnreadLine } from "../model/unread.js";
import { titleOf } from "../model/rooms.js";
import { el } from "./element.js";
import { jumpButton } from "./jump.js";
import { MessageActs } from "./acts.js";
import { Roving } from "./roving.js";
import { Rows } from "./rows.js";
import { Scroll } from "./scroll.js";
import { fillTop } from "./top.js";
import { Bonds } from "./watch.js";

/** @typedef {import("../model/types.js").Row} Row */
/** @typedef {import("../model/types.js").Room} Room */
/** @typedef {{ rows: readonly Row[], more: boolean, loading: boolean, ready: boolean, gone: boolean }} Messages */

const PAGE = 50;
const LARGE_PAGE = 100;
const PAGES_BACK = 20;

/** What was said in a room, with its history on scroll, and the position up to which it was read. */
export class Log {
  #context;
  #room;
  #bonds = new Bonds();
  #top = el("div");
  #list = el("ol", { class: "rows" });
  #box = el("div", { class: "log", role: "log", "aria-live": "polite", "aria-busy": "true" });
  #line = new UnreadLine();
  #rows;
  #scroll;
  #roving;
  #jump;
  #entered = false;
  /** On the way back to the first unread message, as long as that is worth it. @type {"no" | "yes" | "over"} */
  #approach = /** @type {"no" | "yes" | "over"} */ ("no");
  #asking = false;
  #read = 0;

  /**
   * @param {import("./shell.js").Context} context
   * @param {import("../net/session.js").RoomHandle} room
   * @param {{ onReply: (row: Row) => void, onDone: () => void }} events
   */
  constructor(context, room, { onReply, onDone }) {
    this.#context = context;
    this.#room = room;
    const acts = new MessageActs(context, room, {
      onReply,
      onReveal: (index) => void this.#reveal(index),
    });
    this.#rows = new Rows(this.#list, context.me, acts);
    const rights = (/** @type {Row} */ row) => rightsOf(row, this.#info, context.me.id);
    this.#roving = new Roving(this.#list, this.#rows, acts, { rights, onDone });
    acts.edit = (key) => this.#roving.edit(key);
    this.#box.append(el("div", { class: "log-inside" }, this.#top, this.#list));
    this.#scroll = new Scroll(this.#box, this.#list, () => this.#moved());
    this.#jump = jumpButton(() => this.#scroll.toEnd());
    this.node = el("div", { class: "log-frame" }, this.#box, this.#jump.node);
  }

  start() {
    this.#bonds.watch(this.#room.messages, () => this.#draw());
    this.#bonds.watch(this.#room.info, () => this.#draw());
    this.#bonds.watch(this.#context.client.connection, ({ state }) => {
      if (state !== "online" && this.#approach === "yes") this.#arrive();
    });
    this.#bonds.listen(window, "focus", () => this.#moved());
    this.#bonds.listen(document, "visibilitychange", () => this.#moved());
  }

  end() {
    this.#bonds.end();
    this.#scroll.end();
  }

  /** I wrote something: it is to be seen, and all above is read. */
  sent() {
    this.#line.wrote();
    this.#scroll.toEnd();
  }

  editLast() {
    const { rows } = this.#state;
    const last = lastRow(rows, (row) => rightsOf(row, this.#info, this.#context.me.id).edit);
    if (last) this.#roving.edit(last.key);
  }

  get #state() {
    return /** @type {Messages} */ (this.#room.messages.getSnapshot());
  }

  get #info() {
    return /** @type {Room | null} */ (this.#room.info.getSnapshot());
  }

  /** Whether somebody sees the newest message. */
  get #looking() {
    return this.#entered && this.#scroll.stuck && document.hasFocus() && !document.hidden;
  }

  #draw() {
    const state = this.#state;
    const info = this.#info;
    this.#box.setAttribute("aria-label", `Messages in ${titleOf(info)}`);
    fillTop(this.#top, state, info);
    if (!state.ready || !info) return;
    if (this.#entered) this.#line.update(info, this.#looking);
    else this.#line.enter(info);
    if (!this.#entered && this.#isFar(state)) return void this.#goBack();
    this.#scroll.around(() => this.#rows.show(this.#items(state), { quiet: !this.#entered }));
    this.#roving.settle();
    if (!this.#entered) this.#enter();
    this.#moved();
  }

  /** @param {Messages} state */
  #items({ rows }) {
    const { from, count } = this.#line;
    return itemsOf(rows, { me: this.#context.me.id, unreadFrom: from, unreadCount: count });
  }

  /**
   * Whether what is unread begins before what is here, and can be fetched.
   *
   * @param {Messages} state
   */
  #isFar({ rows, more }) {
    return this.#approach !== "over" && more && this.#line.isBefore(rows);
  }

  /** Loads what is older, up to the first unread message; nothing is shown before. */
  async #goBack() {
    if (this.#approach === "yes") return;
    this.#approach = "yes";
    try {
      for (let page = 0; page < PAGES_BACK && this.#isFar(this.#state); page++)
        if (!(await this.#room.older(LARGE_PAGE))) break;
    } catch {
      // what is here is shown
    }
    this.#arrive();
  }

  #arrive() {
    this.#approach = "over";
    if (this.#bonds.bound) this.#draw();
  }

  /** The first view: at the line before the unread, or where they go on when there are very many; else at the end. */
  #enter() {
    this.#entered = true;
    const tooMany = this.#line.isBefore(this.#state.rows) ? this.#list.firstElementChild : null;
    const line = this.#rows.node("unread") ?? tooMany;
    if (line) this.#scroll.toRow(line);
    requestAnimationFrame(() => this.#box.setAttribute("aria-busy", "false"));
  }

  #moved() {
    if (!this.#entered) return;
    this.#drawJump();
    if (this.#looking) this.#tellRead();
    if (nearTop(this.#box) && this.#state.more && !this.#state.loading) void this.#older();
  }

  #drawJump() {
    this.#jump.show(!this.#scroll.stuck, this.#info?.unread ?? 0);
  }

  #tellRead() {
    const last = newestIndex(this.#state.rows);
    if (last <= this.#read || !this.#info?.unread) return;
    this.#read = last;
    void Promise.resolve(this.#room.read(last)).catch(() => (this.#read = 0));
  }

  /** Loads a page of older messages; screen readers do not hear them as news. */
  async #older() {
    if (this.#asking) return 0;
    this.#asking = true;
    this.#box.setAttribute("aria-busy", "true");
    try {
      return await this.#room.older(PAGE);
    } catch {
      return 0;
    } finally {
      setTimeout(() => this.#rest(), 100);
    }
  }

  #rest() {
    this.#asking = false;
    this.#box.setAttribute("aria-busy", "false");
    if (
      this.node.isConnected &&
      this.#state.rows.length &&
      this.#context.client.connection.getSnapshot().state === "online"
    ) {
      this.#moved();
    }
  }

  /** @param {number} index */
  async #reveal(index) {
    for (let page = 0; page < PAGES_BACK && !this.#rowAt(index) && this.#state.more; page++) {
      if (!(await this.#room.older(LARGE_PAGE))) break;
      await new Promise(requestAnimationFrame);
    }
    const node = this.#rows.node(this.#rowAt(index)?.key ?? "");
    if (!node) return this.#context.say("This message is not here any more.");
    this.#scroll.toRow(node);
    this.#roving.flash(node);
  }

  /** @param {number} index */
  #rowAt(index) {
    return this.#state.rows.find((row) => row.index === index);
  }
}

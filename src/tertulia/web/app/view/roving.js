import { Actions } from "./actions.js";
import { openEditor } from "./editor.js";
import { setStop } from "./message.js";

/** @typedef {import("../model/types.js").Row} Row */

const STEPS =
  /** @type {Record<string, (rows: HTMLElement[], at: number) => HTMLElement | undefined>} */ ({
    ArrowUp: (rows, at) => rows[Math.max(at - 1, 0)],
    ArrowDown: (rows, at) => rows[Math.min(at + 1, rows.length - 1)],
    Home: (rows) => rows[0],
    End: (rows) => rows.at(-1),
  });

/**
 * The conversation by keyboard and pointer: one stop for the Tab key, arrows go from message to message, and the message that
 * one is at has its buttons.
 */
export class Roving {
  #list;
  #rows;
  #acts;
  #actions;
  #options;
  /** @type {HTMLElement | null} */
  #active = null;

  /**
   * @param {HTMLElement} list
   * @param {import("./rows.js").Rows} rows
   * @param {import("./acts.js").MessageActs} acts
   * @param {{ rights: (row: Row) => import("../model/rights.js").Rights, onDone: () => void }} options
   */
  constructor(list, rows, acts, options) {
    this.#list = list;
    this.#rows = rows;
    this.#acts = acts;
    this.#actions = new Actions(acts);
    this.#options = options;
    list.addEventListener("pointerover", (event) => this.#over(event));
    list.addEventListener("pointerleave", () => this.#left());
    list.addEventListener("focusin", (event) => this.#focused(event));
    list.addEventListener("keydown", (event) => this.#onKey(event));
  }

  /** After rows came or went: the last one is the stop, unless one is at another. */
  settle() {
    const active = this.#active?.isConnected ? this.#active : null;
    if (!active || !active.contains(document.activeElement))
      this.#setStop(this.#messages.at(-1) ?? null);
    const shown = this.#list.querySelector(".message:has(> .actions)");
    if (shown) this.#showActions(/** @type {HTMLElement} */ (shown));
  }

  /** @param {HTMLElement} node */
  flash(node) {
    this.#setStop(node);
    node.focus({ preventScroll: true });
    node.classList.add("found");
    node.addEventListener("animationend", () => node.classList.remove("found"), { once: true });
  }

  /** @param {string} key */
  edit(key) {
    const node = this.#rows.node(key);
    const item = this.#rows.itemOf(node);
    if (!node || item?.type !== "message") return;
    this.#actions.hide();
    this.#rows.hold(key);
    openEditor(node, item.row, this.#acts, () => {
      this.#rows.hold(null);
      this.#options.onDone();
    });
  }

  get #messages() {
    return /** @type {HTMLElement[]} */ ([...this.#list.getElementsByClassName("message")]);
  }

  /** @param {HTMLElement | null} node */
  #setStop(node) {
    if (node === this.#active && node?.tabIndex === 0) return;
    if (this.#active) reach(this.#active, false);
    this.#active = node;
    if (node) reach(node, true);
  }

  /** @param {Event} event */
  #over(event) {
    const node = messageAt(event);
    if (node && !this.#actions.focused) this.#showActions(node);
  }

  #left() {
    if (!this.#actions.focused && !this.#active?.contains(document.activeElement))
      this.#actions.hide();
  }

  /** @param {Event} event */
  #focused(event) {
    const node = messageAt(event);
    if (!node) return;
    this.#setStop(node);
    this.#showActions(node);
  }

  /** @param {HTMLElement} node */
  #showActions(node) {
    const item = this.#rows.itemOf(node);
    const editing = node.classList.contains("editing");
    if (item?.type !== "message" || editing) return this.#actions.hide();
    this.#actions.show(node, item.row, this.#options.rights(item.row));
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const node = messageAt(event);
    if (!node || node.classList.contains("editing")) return;
    if (event.key === "Escape")
      return event.target === node ? this.#options.onDone() : node.focus();
    const step = event.target === node && STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    const rows = this.#messages;
    const next = step(rows, rows.indexOf(node));
    next?.focus();
    next?.scrollIntoView({ block: "nearest" });
  }
}

/**
 * @param {HTMLElement} node
 * @param {boolean} on
 */
function reach(node, on) {
  node.tabIndex = on ? 0 : -1;
  node.classList.toggle("active", on && node.contains(document.activeElement));
  for (const stop of node.querySelectorAll("[data-stop]")) setStop(stop, on);
}

/** @param {Event} event */
function messageAt(event) {
  const { target } = event;
  return target instanceof Element
    ? /** @type {HTMLElement | null} */ (target.closest(".message"))
    : null;
}

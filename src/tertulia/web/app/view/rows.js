import { sameItem } from "../model/timeline.js";
import { dayText } from "../model/times.js";
import { newsText } from "../model/unread.js";
import { noticePieces } from "../model/notices.js";
import { arrange, el } from "./element.js";
import { fillMessage } from "./message.js";
import { name } from "./parts.js";

/** @typedef {import("../model/timeline.js").Item} Item */
/** @typedef {{ item: Item, node: HTMLElement }} Drawn */

/** The rows of a conversation. Only those that changed are drawn anew; a row keeps its element. */
export class Rows {
  #list;
  #me;
  #acts;
  /** @type {Map<string, Drawn>} */
  #drawn = new Map();
  /** @type {Set<string>} */
  #unfolded = new Set();
  /** The message that is being edited is left alone. @type {string | null} */
  #held = null;

  /**
   * @param {HTMLElement} list
   * @param {import("../model/types.js").User} me
   * @param {import("./acts.js").MessageActs} acts
   */
  constructor(list, me, acts) {
    this.#list = list;
    this.#me = me;
    this.#acts = acts;
  }

  /**
   * @param {readonly Item[]} items
   * @param {{ quiet: boolean }} options `quiet`: what is new does not move.
   */
  show(items, { quiet }) {
    const last = this.#list.lastElementChild;
    const nodes = items.map((item) => this.#draw(item));
    this.#forget(new Set(items.map((item) => item.key)));
    arrange(this.#list, nodes);
    if (!quiet) markArrived(last);
  }

  /** @param {string} key */
  node(key) {
    return this.#drawn.get(key)?.node ?? null;
  }

  /** @param {Element | null} node */
  itemOf(node) {
    const key = /** @type {HTMLElement | null} */ (node)?.dataset.key;
    return key === undefined ? null : (this.#drawn.get(key)?.item ?? null);
  }

  /** @param {string | null} key */
  hold(key) {
    const before = this.#held;
    this.#held = key;
    if (before !== null) this.redraw(before);
  }

  /** @param {string} key */
  redraw(key) {
    const drawn = this.#drawn.get(key);
    if (drawn) this.#fill(drawn.node, drawn.item);
  }

  /** @param {Item} item */
  #draw(item) {
    const drawn = this.#drawn.get(item.key);
    if (!drawn) return this.#make(item);
    const same = sameItem(drawn.item, item);
    drawn.item = item;
    if (!same && item.key !== this.#held) this.#fill(drawn.node, item);
    return drawn.node;
  }

  /** @param {Item} item */
  #make(item) {
    const node = el("li", { data: { key: item.key } });
    this.#drawn.set(item.key, { item, node });
    this.#fill(node, item);
    return node;
  }

  /**
   * @param {HTMLElement} node
   * @param {Item} item
   */
  #fill(node, item) {
    if (item.type === "message") return this.#fillMessage(node, item);
    node.className = item.type === "unread" ? "unread-line" : item.type;
    if (item.type === "unread") node.textContent = newsText(item.count);
    if (item.type === "day")
      node.replaceChildren(el("h2", { text: dayText(new Date(item.time), new Date()) }));
    if (item.type === "notice") {
      const pieces = noticePieces(item.row.notice).map((piece) =>
        piece.name ? name(piece.text) : piece.text,
      );
      node.replaceChildren(...pieces);
    }
  }

  /**
   * @param {HTMLElement} node
   * @param {import("../model/timeline.js").MessageItem} item
   */
  #fillMessage(node, item) {
    const unfold = () => {
      this.#unfolded.add(item.key);
      this.redraw(item.key);
      node.focus();
    };
    const folded = !this.#unfolded.has(item.key);
    fillMessage(node, item, { me: this.#me, acts: this.#acts, folded, unfold });
  }

  /** @param {Set<string>} kept */
  #forget(kept) {
    for (const key of this.#drawn.keys()) if (!kept.has(key)) this.#drawn.delete(key);
  }
}

/** @param {Element | null} last The row that was the last one before. */
function markArrived(last) {
  let node = last?.nextElementSibling;
  for (; node; node = node.nextElementSibling) node.classList.add("arrived");
}

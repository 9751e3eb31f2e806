import { atEnd } from "../model/scrolling.js";

/**
 * Keeps what is read in its place: at the end it stays at the end, elsewhere the row on top stays where it is, whatever comes
 * above or below.
 */
export class Scroll {
  #box;
  #list;
  #stuck = true;
  #top = 0;
  #observer = new ResizeObserver(() => this.#stuck && this.toEnd());

  /**
   * @param {HTMLElement} box What scrolls.
   * @param {HTMLElement} list Its rows.
   * @param {() => void} onMove
   */
  constructor(box, list, onMove) {
    this.#box = box;
    this.#list = list;
    box.addEventListener("scroll", () => this.#moved(onMove), { passive: true });
    this.#observer.observe(box);
    this.#observer.observe(list);
  }

  get stuck() {
    return this.#stuck;
  }

  end() {
    this.#observer.disconnect();
  }

  toEnd() {
    this.#stuck = true;
    this.#box.scrollTop = this.#box.scrollHeight;
    this.#top = this.#box.scrollTop;
  }

  /**
   * Shows a row somewhat below the upper edge.
   *
   * @param {Element} row
   */
  toRow(row) {
    const { top } = row.getBoundingClientRect();
    this.#box.scrollTop += top - this.#box.getBoundingClientRect().top - this.#box.clientHeight / 4;
    this.#top = this.#box.scrollTop;
    this.#stuck = atEnd(this.#box);
  }

  /**
   * Does `change` without a jump.
   *
   * @param {() => void} change
   */
  around(change) {
    if (this.#stuck) {
      change();
      return this.toEnd();
    }
    const row = this.#firstSeen();
    const before = row?.getBoundingClientRect().top ?? 0;
    change();
    if (row?.isConnected) this.#box.scrollTop += row.getBoundingClientRect().top - before;
    this.#top = this.#box.scrollTop;
  }

  /** @param {() => void} onMove */
  #moved(onMove) {
    const up = this.#box.scrollTop < this.#top - 1;
    this.#top = this.#box.scrollTop;
    if (atEnd(this.#box)) this.#stuck = true;
    else if (up || !this.#stuck) this.#stuck = false;
    onMove();
  }

  /** The first row of which something is to be seen, found by halving. */
  #firstSeen() {
    const edge = this.#box.getBoundingClientRect().top;
    const rows = this.#list.children;
    let low = 0;
    let high = rows.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((rows[middle]?.getBoundingClientRect().bottom ?? 0) > edge) high = middle;
      else low = middle + 1;
    }
    return rows[low];
  }
}

/** The rows of a room: messages and notices, by `seq`. */

/** @typedef {import("./types.js").Message} Message */
/** @typedef {import("./types.js").MessageRow} MessageRow */

export const MAX_ROWS = 5_000;

/** Rows of a page: a hundred messages, and as many notices. */
const MAX_PAGE = 200;

/**
 * Rows without a hole between them, in order.
 *
 * @typedef {object} Page
 * @property {readonly Message[]} rows
 * @property {number | null} [upto] the index before which they end, if they were asked so
 * @property {boolean} [more] there is more before them; true unless said
 */

/**
 * Of two versions of a row the greater `changed_seq` wins, in whatever order they come.
 *
 * Complete from `floor` (a seq) upwards. Rows below it (old messages that changed) are kept, but not shown, so that
 * a page that was asked for earlier cannot bring back their old version. At most `limit` rows: beyond, the oldest
 * are dropped, and `generation` rises: a page asked for in an older generation must be asked for again.
 */
export class Timeline {
  /** @type {number | null} */
  floor = null;
  complete = false;
  generation = 0;
  /** Rises whenever `rows` may have changed. */
  version = 0;
  #limit;
  /** @type {MessageRow[]} by seq */
  #all = [];
  /** @type {Map<number, number>} index → seq */
  #seqOf = new Map();
  /** @type {readonly MessageRow[] | null} */
  #shown = null;

  /** @param {number} [limit] */
  constructor(limit = MAX_ROWS) {
    this.#limit = limit;
  }

  /** In order, without a hole, up to the newest. The same array until something changes. */
  get rows() {
    this.#shown ??= Object.freeze(
      this.floor === null ? [] : this.#all.slice(this.#place(this.floor)),
    );
    return this.#shown;
  }

  /** How many rows are shown. */
  get size() {
    return this.floor === null ? this.#all.length : this.#all.length - this.#place(this.floor);
  }

  /** The rows that are shown, from the last one on. */
  *newestFirst() {
    const start = this.floor === null ? this.#all.length : this.#place(this.floor);
    for (let place = this.#all.length - 1; place >= start; place -= 1) {
      yield /** @type {MessageRow} */ (this.#all[place]);
    }
  }

  /** Whether there is something older, and room for a page of it. */
  get takesOlder() {
    return this.oldest() !== null && this.#all.length + MAX_PAGE <= this.#limit;
  }

  /**
   * The message with this index, if it is known.
   *
   * @param {number} index
   */
  at(index) {
    const seq = this.#seqOf.get(index);
    return seq === undefined ? null : this.#known(seq);
  }

  /** The index to ask `before` for the next older page; null when there is nothing older. */
  oldest() {
    if (this.complete || this.floor === null) return null;
    for (let place = this.#place(this.floor); place < this.#all.length; place += 1) {
      const { index } = /** @type {MessageRow} */ (this.#all[place]);
      if (index !== null) return index;
    }
    const last = this.#all.at(-1);
    return last ? (last.after ?? 0) + 1 : null;
  }

  /** Know nothing. */
  forget() {
    this.#all = [];
    this.#seqOf.clear();
    this.floor = null;
    this.complete = false;
    this.generation += 1;
    this.#touch();
  }

  /**
   * Forget everything; these are the newest rows.
   *
   * @param {readonly MessageRow[]} rows
   */
  start(rows) {
    this.forget();
    for (const row of rows) this.#insert(row);
    this.floor = rows[0]?.seq ?? 0;
    this.complete = this.floor <= 1;
    this.#touch();
  }

  /**
   * A row as it is now, or was; says whether it was news.
   *
   * @param {MessageRow} row
   */
  put(row) {
    const known = this.#known(row.seq);
    if (known && known.changed_seq >= row.changed_seq) return false;
    this.#insert(row);
    this.#trim();
    return true;
  }

  /**
   * A page of history; how many rows it added to `rows`. A page for which there is no room is left out.
   *
   * @param {Page & { rows: readonly MessageRow[] }} page
   */
  putPage(page) {
    if (this.floor === null || this.#all.length + page.rows.length > this.#limit) return 0;
    const floor = this.floor;
    for (const row of page.rows) this.put(row);
    if (!this.#connects(page)) return 0;
    this.floor = Math.min(floor, page.rows[0]?.seq ?? floor);
    if (page.more === false && typeof page.upto === "number") {
      this.floor = 0;
      this.complete = true;
    }
    this.#touch();
    return this.#place(floor) - this.#place(this.floor);
  }

  /**
   * The room keeps nothing below this index any more.
   *
   * @param {number} index
   */
  dropBelow(index) {
    this.#keep((row) => placeOf(row) >= index);
  }

  /**
   * Show all rows as `change` makes them; they stay what they are otherwise.
   *
   * @param {(row: MessageRow) => MessageRow} change
   */
  update(change) {
    this.#all = this.#all.map(change);
    this.#touch();
  }

  #touch() {
    this.#shown = null;
    this.version += 1;
  }

  /** @param {Page} page */
  #connects({ rows, upto }) {
    const floor = this.floor ?? 0;
    const end = typeof upto === "number" ? this.at(upto) : null;
    const last = end ?? rows.at(-1);
    return last !== undefined && last.seq >= floor;
  }

  /** @param {MessageRow} row */
  #insert(row) {
    const place = this.#place(row.seq);
    if (this.#all[place]?.seq === row.seq) this.#all[place] = row;
    else if (place === this.#all.length) this.#all.push(row);
    else this.#all.splice(place, 0, row);
    if (row.index !== null) this.#seqOf.set(row.index, row.seq);
    this.#touch();
  }

  #trim() {
    if (this.#all.length <= this.#limit) return;
    const keep = this.#limit - Math.floor(this.#limit / 10); // not one by one
    const first = /** @type {MessageRow} */ (this.#all.at(-keep)).seq;
    this.#keep((row) => row.seq >= first);
    this.floor = Math.max(this.floor ?? 0, first);
    this.complete = false;
  }

  /** @param {(row: MessageRow) => boolean} wanted */
  #keep(wanted) {
    const kept = this.#all.filter(wanted);
    if (kept.length === this.#all.length) return;
    for (const row of this.#all) {
      if (row.index !== null && !wanted(row)) this.#seqOf.delete(row.index);
    }
    this.#all = kept;
    this.generation += 1;
    this.#touch();
  }

  /** @param {number} seq */
  #known(seq) {
    const row = this.#all[this.#place(seq)];
    return row?.seq === seq ? row : null;
  }

  /**
   * Where the first row stands whose seq is at least this one.
   *
   * @param {number} seq
   */
  #place(seq) {
    let low = 0;
    let high = this.#all.length;
    if (high && /** @type {MessageRow} */ (this.#all[high - 1]).seq < seq) return high;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (/** @type {MessageRow} */ (this.#all[middle]).seq < seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/**
 * The index of a message, or of the one before which a notice stands.
 *
 * @param {Message} row
 */
export function placeOf(row) {
  return row.index ?? (row.after ?? 0) + 1;
}

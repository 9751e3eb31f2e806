import { without } from "./without.js";

/** Who is in a room, and how far they have read. */

/** @typedef {import("./types.js").Member} Member */
/** @typedef {import("./types.js").Receipt} Receipt */

export const MAX_MEMBERS = 1_000;

/** Those who left, too (`left_at`). Complete or empty: large rooms tell no members, and nobody else's receipts. */
export class Members {
  complete = false;
  /** Each rises when what it counts may have changed. */
  versions = { all: 0, receipts: 0 };
  /** @type {Map<string, Member>} */
  all = new Map();
  /** @type {Map<string, Receipt>} */
  receipts = new Map();

  /** Who is a member now, as far as it is known. */
  get present() {
    return [...this.all.values()].filter((member) => member.left_at === undefined);
  }

  /** @param {boolean} complete whether the rows of all who are there come now */
  start(complete) {
    this.all = new Map();
    this.receipts = new Map();
    this.complete = complete;
    this.versions.all += 1;
    this.versions.receipts += 1;
  }

  /**
   * Rows that are not known and no newer than `after` are of people who left before the reload.
   *
   * @param {Member & Partial<Receipt>} row
   * @param {number} after
   */
  take(row, after) {
    const user = row.user.id;
    if (!this.complete || row.changed_seq < (this.all.get(user)?.changed_seq ?? after)) return;
    const member = without(row, "read_index", "delivered_index");
    this.all.set(user, member);
    this.versions.all += 1;
    if (member.left_at !== undefined && this.receipts.delete(user)) this.versions.receipts += 1;
    if (this.all.size > MAX_MEMBERS) this.start(false);
  }

  /**
   * Positions only grow.
   *
   * @param {string} user
   * @param {number} read
   * @param {number} delivered
   */
  receive(user, read, delivered) {
    if (!this.all.has(user)) return;
    const known = this.receipts.get(user);
    const now = {
      read_index: Math.max(known?.read_index ?? 0, read),
      delivered_index: Math.max(known?.delivered_index ?? 0, delivered, read),
    };
    const same =
      known?.read_index === now.read_index && known.delivered_index === now.delivered_index;
    if (same) return;
    this.receipts.set(user, Object.freeze(now));
    this.versions.receipts += 1;
  }
}

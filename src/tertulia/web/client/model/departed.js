/** @typedef {import("./types.js").User} User */

/** People whose accounts are deleted: whatever they wrote is shown as by somebody who is gone. */
export class Departed {
  /** @type {Map<string, User>} */
  #all = new Map();

  /** @param {User} user */
  add(user) {
    this.#all.set(user.id, user);
  }

  /**
   * A row as it is to be shown: the same one, if its sender is there.
   *
   * @template {import("./types.js").Message} T
   * @param {T} row
   * @returns {T}
   */
  asNow(row) {
    const gone = row.sender && this.#all.get(row.sender.id);
    return gone && gone !== row.sender ? Object.freeze({ ...row, sender: gone }) : row;
  }

  forget() {
    this.#all.clear();
  }
}

const MAX_KEPT = 50;

/**
 * What was typed and not yet sent, room by room, of one user. It survives a reload.
 */
export class Drafts {
  #key;
  #storage;
  /** @type {Map<string, string>} */
  #texts;

  /**
   * @param {string} user
   * @param {Pick<Storage, "getItem" | "setItem" | "removeItem"> | null} storage
   */
  constructor(user, storage) {
    this.#key = `tertulia-drafts-${user}`;
    this.#storage = storage;
    this.#texts = this.#load();
  }

  /** @param {string} room */
  get(room) {
    return this.#texts.get(room) ?? "";
  }

  /**
   * @param {string} room
   * @param {string} text
   */
  set(room, text) {
    this.#texts.delete(room);
    if (text.trim()) this.#texts.set(room, text);
    for (const old of [...this.#texts.keys()].slice(0, -MAX_KEPT)) this.#texts.delete(old);
    this.#save();
  }

  clear() {
    this.#texts.clear();
    this.#save();
  }

  /** @returns {Map<string, string>} */
  #load() {
    try {
      const kept = JSON.parse(this.#storage?.getItem(this.#key) ?? "{}");
      return new Map(Object.entries(kept).filter(([, text]) => typeof text === "string"));
    } catch {
      return new Map();
    }
  }

  #save() {
    try {
      if (this.#texts.size)
        this.#storage?.setItem(this.#key, JSON.stringify(Object.fromEntries(this.#texts)));
      else this.#storage?.removeItem(this.#key);
    } catch {
      // The storage is full or forbidden: the draft lives as long as the page.
    }
  }
}

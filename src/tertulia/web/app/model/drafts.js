const MAX_KEPT = 50;

/**
 * What was typed and not yet sent, room by room, of one user. It survives a reload.
 */
export class Drafts {
  #key;
  #storage;
  /** @type {Record<string, string>} */
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
    return this.#texts[room] ?? "";
  }

  /**
   * @param {string} room
   * @param {string} text
   */
  set(room, text) {
    delete this.#texts[room];
    if (text.trim()) this.#texts[room] = text;
    for (const old of Object.keys(this.#texts).slice(0, -MAX_KEPT)) delete this.#texts[old];
    this.#save();
  }

  clear() {
    this.#texts = {};
    this.#save();
  }

  /** @returns {Record<string, string>} */
  #load() {
    try {
      const kept = JSON.parse(this.#storage?.getItem(this.#key) ?? "{}");
      return Object.fromEntries(
        Object.entries(kept).filter(([, text]) => typeof text === "string"),
      );
    } catch {
      return {};
    }
  }

  #save() {
    try {
      if (Object.keys(this.#texts).length)
        this.#storage?.setItem(this.#key, JSON.stringify(this.#texts));
      else this.#storage?.removeItem(this.#key);
    } catch {
      // The storage is full or forbidden: the draft lives as long as the page.
    }
  }
}

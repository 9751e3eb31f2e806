import { messageOf } from "../model/problems.js";
import { el } from "./element.js";
import { button, spinner } from "./parts.js";

const PAUSE_MS = 200;

/**
 * @template Found
 * @typedef {object} Source
 * @property {string} label
 * @property {string} none What is said when nothing is found.
 * @property {(q: string, cursor: string | null) => Promise<{ items: Found[], next: string | null }>} ask
 * @property {(item: Found) => Element} row
 */

/**
 * A search box with its results, a page at a time. Answers that come late are not shown.
 *
 * @template Found
 */
export class Finder {
  #source;
  #results = el("ul", { class: "results" });
  #status = el("p", { class: "hint", role: "status" });
  #more;
  #input;
  #asked = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {string | null} */
  #next = null;

  /** @param {Source<Found>} source */
  constructor(source) {
    this.#source = source;
    const label = { "aria-label": source.label, placeholder: source.label };
    this.#input = el("input", {
      class: "input",
      type: "search",
      dir: "auto",
      autofocus: true,
      ...label,
    });
    this.#input.addEventListener("input", () => this.#soon());
    this.#more = button("Show more", "small", () => void this.#ask(false));
    this.#more.hidden = true;
    this.nodes = [this.#input, el("div", {}, this.#status, this.#results, this.#more)];
    void this.#ask(true);
  }

  #soon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#ask(true), PAUSE_MS);
  }

  /** @param {boolean} afresh */
  async #ask(afresh) {
    const turn = ++this.#asked;
    if (afresh && !this.#results.childElementCount)
      this.#results.append(el("li", { class: "log-loading" }, spinner()));
    try {
      const page = await this.#source.ask(this.#input.value.trim(), afresh ? null : this.#next);
      if (turn === this.#asked) this.#show(page, afresh);
    } catch (error) {
      if (turn === this.#asked) this.#status.textContent = messageOf(error);
    }
  }

  /**
   * @param {{ items: Found[], next: string | null }} page
   * @param {boolean} afresh
   */
  #show({ items, next }, afresh) {
    const rows = items.map((item) => el("li", {}, this.#source.row(item)));
    if (afresh) this.#results.replaceChildren(...rows);
    else this.#results.append(...rows);
    this.#next = next;
    this.#more.hidden = !next;
    this.#status.textContent = this.#results.childElementCount ? "" : this.#source.none;
  }
}

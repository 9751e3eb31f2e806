import { retryText } from "../model/times.js";
import { el } from "./element.js";
import { Bonds } from "./watch.js";

const PATIENCE_MS = 1_500;
const LOST = "Connection lost. Your messages are kept and will be sent.";

/** @typedef {import("../model/types.js").Connection} Connection */

/** One quiet line while the server cannot be reached. A short break is not told. */
export class ConnectionLine {
  node = el("div", { class: "connection-place", role: "status" });
  #bonds = new Bonds();
  #sentence = el("span");
  #countdown = el("span", { "aria-hidden": "true" });
  #line = el("p", { class: "connection" }, this.#sentence, this.#countdown);
  #store;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #since = 0;

  /** @param {import("./watch.js").Store<Connection>} store */
  constructor(store) {
    this.#store = store;
    this.#bonds.watch(store, () => this.#draw());
  }

  end() {
    clearTimeout(this.#timer);
    this.#bonds.end();
  }

  #draw() {
    clearTimeout(this.#timer);
    const connection = this.#store.getSnapshot();
    if (connection.state === "online") return this.#hide();
    this.#since ||= Date.now();
    const waited = Date.now() - this.#since;
    if (connection.error) this.#show(connection.error.message, "");
    else if (waited >= PATIENCE_MS) this.#show(LOST, retryText(connection.retryAt, Date.now()));
    this.#line.classList.toggle("stopped", Boolean(connection.error));
    this.#timer = setTimeout(() => this.#draw(), Math.max(PATIENCE_MS - waited, 250));
  }

  #hide() {
    this.#since = 0;
    this.#line.remove();
  }

  /**
   * @param {string} sentence
   * @param {string} countdown
   */
  #show(sentence, countdown) {
    if (this.#sentence.textContent !== sentence) this.#sentence.textContent = sentence;
    if (this.#countdown.textContent !== countdown) this.#countdown.textContent = countdown;
    if (!this.#line.isConnected) this.node.append(this.#line);
  }
}

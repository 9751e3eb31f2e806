import { retryText } from "../model/times.js";
import { el } from "./element.js";
import { button } from "./parts.js";
import { Bonds } from "./watch.js";

const PATIENCE_MS = 1_500;
const LOST = "Connection lost. Your messages are kept and will be sent.";

/** @typedef {import("../model/types.js").Connection} Connection */

/** One quiet line while the server cannot be reached. A short break is not told. */
export class ConnectionLine {
  #bonds = new Bonds();
  #sentence = el("span");
  #countdown = el("span", { "aria-hidden": "true" });
  #again;
  #store;
  #onBack;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #since = 0;

  /**
   * @param {import("./watch.js").Store<Connection>} store
   * @param {{ tryNow: () => void, onBack: () => void }} events `onBack`: the button that has the focus goes
   */
  constructor(store, { tryNow, onBack }) {
    this.#store = store;
    this.#onBack = onBack;
    this.#again = button("Try now", "small plain", tryNow);
    this.#again.hidden = true;
    const told = el("p", { role: "status" }, this.#sentence, this.#countdown);
    this.node = el("div", { class: "connection" }, told, this.#again);
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
    this.node.classList.toggle("stopped", Boolean(connection.error));
    if (connection.error) this.#hideButton();
    this.#timer = setTimeout(() => this.#draw(), Math.max(PATIENCE_MS - waited, 250));
  }

  #hide() {
    this.#since = 0;
    this.node.classList.remove("shown");
    this.#sentence.textContent = this.#countdown.textContent = "";
    this.#hideButton();
  }

  #hideButton() {
    const focused = document.activeElement === this.#again;
    this.#again.hidden = true;
    if (focused) this.#onBack();
  }

  /**
   * @param {string} sentence
   * @param {string} countdown
   */
  #show(sentence, countdown) {
    if (this.#sentence.textContent !== sentence) this.#sentence.textContent = sentence;
    if (this.#countdown.textContent !== countdown) this.#countdown.textContent = countdown;
    this.node.classList.add("shown");
    this.#again.hidden = false;
  }
}

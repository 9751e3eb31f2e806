import { el, setAttribute } from "./element.js";

let made = 0;

/** A labelled line of input, with what is wrong with it below. */
export class Field {
  #id = `field-${++made}`;
  #wrong;
  #hint;

  /**
   * @param {string} name
   * @param {string} label
   * @param {import("./element.js").Properties & { hint?: string }} [properties]
   */
  constructor(name, label, { hint = "", ...properties } = {}) {
    this.name = name;
    this.#hint = hint;
    this.input = el("input", { class: "input", id: this.#id, name, dir: "auto", ...properties });
    this.#wrong = el("p", { class: "wrong", id: `${this.#id}-wrong`, hidden: true });
    const below = hint ? el("p", { class: "hint", id: `${this.#id}-hint`, text: hint }) : null;
    const labelled = el("label", { htmlFor: this.#id, text: label });
    this.node = el("div", { class: "field" }, labelled, this.input, below, this.#wrong);
    this.say("");
  }

  get value() {
    return this.input.value;
  }

  /** @param {string} text What is wrong; nothing: all is well. */
  say(text) {
    this.#wrong.textContent = text;
    this.#wrong.hidden = !text;
    setAttribute(this.input, "aria-invalid", text ? "true" : null);
    const described = [text && `${this.#id}-wrong`, this.#hint && `${this.#id}-hint`];
    setAttribute(this.input, "aria-describedby", described.filter(Boolean).join(" ") || null);
  }
}

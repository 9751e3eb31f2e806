import { problemOf } from "../model/problems.js";
import { el } from "./element.js";

/**
 * A form that shows what the server says beside the field it is about, and is not sent twice at once.
 */
export class Form {
  #fields;
  #submit;
  #send;
  #alert = el("p", { class: "alert", role: "alert", hidden: true });
  #busy = false;

  /**
   * @param {import("./field.js").Field[]} fields
   * @param {string} label What the button says.
   * @param {(values: Record<string, string>) => Promise<unknown>} send
   * @param {Node[]} [between] What stands between the fields and the button.
   */
  constructor(fields, label, send, between = []) {
    this.#fields = fields;
    this.#send = send;
    this.#submit = el("button", { type: "submit", class: "button main", text: label });
    const parts = [...fields.map((field) => field.node), ...between, this.#submit];
    const on = { submit: (/** @type {Event} */ event) => this.#onSubmit(event) };
    this.node = el("form", { novalidate: true, method: "post", on }, this.#alert, ...parts);
  }

  /** @param {string} text */
  alert(text) {
    this.#alert.textContent = text;
    this.#alert.hidden = !text;
  }

  /** @param {Event} event */
  async #onSubmit(event) {
    event.preventDefault();
    if (this.#busy || !this.#complete()) return;
    this.#setBusy(true);
    try {
      await this.#send(Object.fromEntries(this.#fields.map((field) => [field.name, field.value])));
    } catch (error) {
      this.#show(error);
    } finally {
      this.#setBusy(false);
    }
  }

  /** Says which required fields are empty. */
  #complete() {
    this.alert("");
    for (const field of this.#fields) {
      const missing = field.input.required && !field.value.trim();
      field.say(missing ? "Please fill this in." : "");
    }
    return !this.#focusWrong();
  }

  /** @param {unknown} error */
  #show(error) {
    const problem = problemOf(
      error,
      this.#fields.map((field) => field.name),
    );
    for (const field of this.#fields) field.say(problem.fields[field.name] ?? "");
    this.alert(problem.message);
    this.#focusWrong();
  }

  #focusWrong() {
    const wrong = this.#fields.find((field) => field.input.getAttribute("aria-invalid"));
    wrong?.input.focus();
    return wrong !== undefined;
  }

  /** @param {boolean} busy */
  #setBusy(busy) {
    this.#busy = busy;
    this.#submit.setAttribute("aria-busy", String(busy));
  }
}

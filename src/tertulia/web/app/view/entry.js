import { el } from "./element.js";
import { Field } from "./field.js";
import { Form } from "./form.js";
import { wordmark } from "./parts.js";
import { isKnown } from "./visits.js";

/** @typedef {import("../net/session.js").Session} Session */

const WORDS = {
  in: {
    title: "Welcome back",
    lead: "Sign in to go on talking.",
    submit: "Sign in",
    ask: "New here? ",
    other: "Create an account",
  },
  up: {
    title: "Create an account",
    lead: "A name and a password, and you are in.",
    submit: "Create account",
    ask: "Been here before? ",
    other: "Sign in",
  },
};

/** Sign in and sign up. */
export class Entry {
  #session;
  #invite;
  #onRegister;
  #card = el("div", { class: "entry-card" });

  /**
   * @param {Session} session
   * @param {{ invite: string | null, notice?: string, onRegister: (going: boolean) => void }} options `onRegister`: an account is being made,
   *   or was not.
   */
  constructor(session, { invite, notice = "", onRegister }) {
    this.#onRegister = onRegister;
    this.#session = session;
    this.#invite = invite;
    const main = el("main", { class: "entry-main" }, this.#card);
    this.node = el("div", { class: "entry" }, story(), main);
    this.#show(invite || !isKnown() ? "up" : "in", notice);
  }

  /**
   * @param {"in" | "up"} way
   * @param {string} [notice]
   */
  #show(way, notice = "") {
    const words = WORDS[way];
    const form = way === "in" ? this.#signIn() : this.#signUp();
    form.alert(notice);
    const lead =
      this.#invite && way === "up"
        ? "You have been invited. Choose a name and a password."
        : words.lead;
    const head = el("header", {}, el("h1", { text: words.title }), el("p", { text: lead }));
    const other = () => this.#switch(way === "in" ? "up" : "in");
    const link = el("button", { type: "button", text: words.other, on: { click: other } });
    this.#card.replaceChildren(
      wordmark(),
      head,
      form.node,
      el("p", { class: "entry-switch" }, words.ask, link),
    );
  }

  /** @param {"in" | "up"} way */
  #switch(way) {
    this.#show(way);
    this.focus();
  }

  focus() {
    this.#card.querySelector("input")?.focus();
  }

  #signIn() {
    const fields = [
      new Field("username", "Username or email", {
        autocomplete: "username",
        required: true,
        ...AS_TYPED,
      }),
      new Field("password", "Password", {
        type: "password",
        autocomplete: "current-password",
        required: true,
      }),
    ];
    return new Form(fields, WORDS.in.submit, ({ username = "", password = "" }) =>
      this.#session.login({ username, password }),
    );
  }

  #signUp() {
    const fields = [
      new Field("username", "Username", {
        autocomplete: "username",
        required: true,
        maxlength: 150,
        ...AS_TYPED,
      }),
      new Field("password", "Password", {
        type: "password",
        autocomplete: "new-password",
        required: true,
        hint: "At least 8 characters; a few words are good.",
      }),
    ];
    if (this.#invite)
      fields.push(new Field("invite", "Invitation code", { value: this.#invite, ...AS_TYPED }));
    return new Form(fields, WORDS.up.submit, (values) => this.#register(values, fields));
  }

  /**
   * @param {Record<string, string>} values
   * @param {Field[]} fields
   */
  async #register({ username = "", password = "", invite = "" }, fields) {
    const code = invite.trim();
    this.#onRegister(true);
    try {
      await this.#session.register({ username, password, ...(code ? { invite: code } : {}) });
    } catch (error) {
      this.#onRegister(false);
      if (/** @type {any} */ (error)?.code === "invite_required") this.#askForInvite(fields);
      throw error;
    }
  }

  /**
   * The server takes only who is invited: from now on the form has a field for it.
   *
   * @param {Field[]} fields
   */
  #askForInvite(fields) {
    if (fields.some((field) => field.name === "invite")) return;
    const field = new Field("invite", "Invitation code", { ...AS_TYPED });
    fields.at(-1)?.node.after(field.node);
    fields.push(field);
  }
}

const AS_TYPED = { autocapitalize: "none", spellcheck: "false" };

function story() {
  const talk = ["Is anybody here?", "We all are. Coffee?", "Always. Pull up a chair."];
  const lines = talk.map((text) => el("li", { text }));
  const words = el(
    "div",
    {},
    el("h2", { text: "Good talk, wherever you are." }),
    el("ul", { class: "entry-talk", "aria-hidden": "true" }, ...lines),
  );
  const about = el("p", { text: "Tertulia, Spanish: friends who meet to talk, again and again." });
  return el(
    "aside",
    { class: "entry-story", "aria-label": "About Tertulia" },
    wordmark(),
    words,
    about,
  );
}

import { el } from "./element.js";

const SHOWN_MS = 5_000;

/** Sentences that come and go by themselves, also for screen readers. */
export class Toasts {
  node = el("div", { class: "toasts", role: "status", "aria-live": "polite" });

  /** @param {string} text */
  say(text) {
    const toast = el("p", { class: "toast", dir: "auto", text });
    this.node.append(toast);
    setTimeout(() => toast.remove(), SHOWN_MS);
  }
}

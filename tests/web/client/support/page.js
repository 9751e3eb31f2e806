/** A page without a browser, for React: import it before react-dom. */

import { createElement, act, StrictMode } from "react";
import { Window } from "happy-dom";

export const page = new Window({ url: "http://shop.example.org/" });
Object.assign(globalThis, {
  window: page,
  document: page.document,
  IS_REACT_ACT_ENVIRONMENT: true,
});

const { createRoot, hydrateRoot } = await import("react-dom/client");

/** Something React drew; all of it in StrictMode, where effects run twice. */
export class Drawn {
  /** What React complained of. @type {unknown[]} */
  complaints = [];
  /** @type {import("react-dom/client").Root} */
  #root;
  #box = /** @type {any} */ (page.document.createElement("div"));

  /**
   * @param {import("react").ReactNode} node
   * @param {string} [html] made by a server
   */
  constructor(node, html = "") {
    const onRecoverableError = (/** @type {unknown} */ error) => void this.complaints.push(error);
    this.#box.innerHTML = html;
    const strict = createElement(StrictMode, null, node);
    this.#root = html
      ? hydrateRoot(this.#box, strict, { onRecoverableError })
      : createRoot(this.#box, { onRecoverableError });
    if (!html) this.#root.render(strict);
  }

  get text() {
    return this.#box.textContent;
  }

  /** @param {import("react").ReactNode} node */
  show(node) {
    return act(async () => this.#root.render(createElement(StrictMode, null, node)));
  }

  close() {
    return act(async () => this.#root.unmount());
  }
}

/**
 * @param {import("react").ReactNode} node
 * @param {string} [html] made by a server
 */
export async function draw(node, html) {
  return act(async () => new Drawn(node, html));
}

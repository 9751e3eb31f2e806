import { pathOf, routeOf } from "../model/routes.js";

/** The address bar: where we are, and going somewhere else. */
export class Address {
  #onChange;
  #pop = () => this.#onChange();

  /** @param {() => void} onChange */
  constructor(onChange) {
    this.#onChange = onChange;
    addEventListener("popstate", this.#pop);
  }

  get route() {
    return routeOf(location.pathname, location.search);
  }

  /**
   * @param {string | null} room
   * @param {{ replace?: boolean }} [options] `replace`: without a step that the back button takes.
   */
  go(room, { replace = false } = {}) {
    const path = pathOf(room);
    if (path === location.pathname && !location.search) return;
    if (replace) history.replaceState(null, "", path);
    else history.pushState(null, "", path);
    this.#onChange();
  }

  end() {
    removeEventListener("popstate", this.#pop);
  }
}

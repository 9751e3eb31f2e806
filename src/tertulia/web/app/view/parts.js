import { hueOf, initialsOf, nameOf, pictureOf } from "../model/people.js";
import { titleOf } from "../model/rooms.js";
import { el } from "./element.js";
import { icon, mark } from "./icons.js";

/** Small things that are drawn in many places. */

/** @typedef {import("../model/types.js").User} User */
/** @typedef {import("../model/types.js").Place} Place */

export function wordmark() {
  return el("span", { class: "wordmark" }, mark(), "Tertulia");
}

/**
 * A button with a picture only.
 *
 * @param {import("./icons.js").IconName} name
 * @param {string} label
 * @param {() => void} onClick
 * @param {string} [className]
 */
export function iconButton(name, label, onClick, className = "") {
  const properties = {
    type: "button",
    class: `round ${className}`,
    "aria-label": label,
    title: label,
  };
  return el("button", { ...properties, on: { click: onClick } }, icon(name));
}

/**
 * @param {string} text
 * @param {string} className
 * @param {() => void} onClick
 */
export function button(text, className, onClick) {
  return el("button", {
    type: "button",
    class: `button ${className}`,
    text,
    on: { click: onClick },
  });
}

/**
 * @param {User | null | undefined} user
 * @param {string} [presence] Leaves the dot out when absent.
 */
export function userAvatar(user, presence) {
  const letters = initialsOf(nameOf(user));
  const picture = avatar(hueOf(user?.id ?? ""), letters);
  const place = pictureOf(user);
  if (place) picture.append(photo(place));
  if (presence !== undefined) picture.append(dot(presence));
  return picture;
}

/**
 * @param {Place} room
 * @param {string} [presence]
 */
export function roomAvatar(room, presence) {
  if (room.kind === "direct") return userAvatar(room.partner, presence ?? "offline");
  return avatar(hueOf(room.id), icon(room.kind === "private" ? "lock" : "hash"));
}

/**
 * @param {number} hue
 * @param {Node | string} content
 */
function avatar(hue, content) {
  return el("span", { class: `avatar hue-${hue}`, "aria-hidden": "true" }, content);
}

/**
 * Over the letters, which stay when it cannot be loaded.
 *
 * @param {string} place
 */
function photo(place) {
  const properties = {
    src: `${place}64.webp`,
    srcset: `${place}64.webp 64w, ${place}256.webp 256w`,
    sizes: "2.25rem",
    alt: "",
  };
  /** @param {Event} event */
  const gone = (event) => /** @type {Element} */ (event.currentTarget).remove();
  return el("img", { ...properties, on: { error: gone } });
}

/** @param {string} presence */
function dot(presence) {
  return el("span", { class: `presence ${presence}` });
}

/**
 * A name that cannot turn the text around it.
 *
 * @param {string} text
 * @param {string} [className]
 */
export function name(text, className = "name") {
  return el("bdi", { class: className, text });
}

/**
 * @param {string} title
 * @param {...(Node | string)} rest
 */
export function empty(title, ...rest) {
  const sentences = rest.map((part) => (typeof part === "string" ? el("p", { text: part }) : part));
  return el("div", { class: "empty" }, mark(), el("h2", { text: title }), ...sentences);
}

/**
 * @param {Place} room
 * @param {string} [detail]
 */
export function roomLines(room, detail = "") {
  const lines = [
    el("strong", {}, name(titleOf(room), "")),
    el("small", { dir: "auto", text: detail }),
  ];
  return el("span", {}, ...lines);
}

export function spinner() {
  return el("span", { class: "spinner", "aria-hidden": "true" });
}

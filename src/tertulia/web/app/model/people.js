/** @typedef {import("./types.js").User} User */

const HUES = 8;
/** Where the server shows what people uploaded; what is elsewhere the page may not load. */
const UPLOADED = /\/avatars\/[\w-]+\/(?=256\.webp$)/;
/** What joins parts of an emoji belongs to it. */
const BETWEEN_WORDS = /(?:(?!\u200d|\ufe0f)[^\p{L}\p{M}\p{N}\p{Extended_Pictographic}])+/u;
const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** @param {User | null | undefined} user */
export function nameOf(user) {
  if (!user || user.deleted) return "Deleted account";
  return user.name?.trim() || user.username;
}

/**
 * Where somebody's picture is, but for its size; under the name by which the page was reached, whatever the server calls itself.
 *
 * @param {User | null | undefined} user
 */
export function pictureOf(user) {
  return UPLOADED.exec(user?.avatar ?? "")?.[0];
}

/**
 * One or two letters that stand for a name.
 *
 * @param {string} name
 */
export function initialsOf(name) {
  const words = name.split(BETWEEN_WORDS).filter(Boolean);
  const picked = words.length > 1 ? [words[0], words.at(-1)] : words;
  return picked.map(firstLetter).join("").toLocaleUpperCase() || "?";
}

/** @param {string} [word] */
function firstLetter(word = "") {
  for (const { segment } of graphemes.segment(word)) return segment;
  return "";
}

/**
 * A number from 0 to 7, always the same for an id: the colour of somebody's picture.
 *
 * @param {string} id
 */
export function hueOf(id) {
  let sum = 7;
  for (const letter of id) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) >>> 0;
  return sum % HUES;
}

/**
 * "Ana", "Ana and Ben", "Ana, Ben and 3 others".
 *
 * @param {string[]} names
 * @param {number} [count] How many there are in all.
 */
export function listOf(names, count = names.length) {
  const shown = names.slice(0, count > 3 ? 2 : 3);
  const others = count - shown.length;
  const parts = others > 0 ? [...shown, `${others} ${others === 1 ? "other" : "others"}`] : shown;
  if (parts.length < 2) return parts.join("");
  return `${parts.slice(0, -1).join(", ")} and ${parts[parts.length - 1]}`;
}

import { listOf, nameOf } from "./people.js";

/**
 * "Ana is typing …", or nothing. In large rooms only the number is known.
 *
 * @param {{ users: readonly import("./types.js").User[], count: number }} typing
 * @param {string} me
 */
export function typingText(typing, me) {
  const others = typing.users.filter((user) => user.id !== me);
  const count = typing.count - (typing.users.length - others.length);
  if (count <= 0) return "";
  if (!others.length) return count === 1 ? "Somebody is typing …" : `${count} people are typing …`;
  return `${listOf(others.map(nameOf), count)} ${count === 1 ? "is" : "are"} typing …`;
}

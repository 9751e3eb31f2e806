import { nameOf } from "./people.js";

/**
 * A notice as a sentence in parts, so that names can be set apart from the text.
 *
 * @typedef {{ text: string, name?: boolean }} Piece
 * @typedef {import("./types.js").Notice} Notice
 */

/** @type {Record<string, (notice: Notice) => Piece[]>} */
const SENTENCES = {
  joined: ({ users }) => [...names(users), { text: " joined" }],
  left: ({ users }) => [...names(users), { text: " left" }],
  added: (notice) => done(notice, "added"),
  removed: (notice) => done(notice, "removed"),
  banned: (notice) => done(notice, "banned"),
  role: (notice) => [
    ...names(notice.users),
    { text: ` is now ${article(notice.role)}` },
    ...by(notice),
  ],
  renamed: (notice) => [
    { text: "The room is called " },
    { text: notice.title ?? "", name: true },
    ...by(notice),
  ],
  archived: (notice) => [{ text: "The room was archived" }, ...by(notice)],
  unarchived: (notice) => [{ text: "The room was opened again" }, ...by(notice)],
};

/**
 * @param {Notice | undefined} notice
 * @returns {Piece[]}
 */
export function noticePieces(notice) {
  const known = notice && Object.hasOwn(SENTENCES, notice.type);
  const sentence = known ? SENTENCES[notice.type] : undefined;
  return notice && sentence ? sentence(notice) : [{ text: "Something happened here." }];
}

/**
 * @param {Notice} notice
 * @param {string} what
 * @returns {Piece[]}
 */
function done(notice, what) {
  if (!notice.by) return [...names(notice.users), { text: ` was ${what}` }];
  return [{ text: nameOf(notice.by), name: true }, { text: ` ${what} ` }, ...names(notice.users)];
}

/**
 * @param {import("./types.js").User[]} [users]
 * @returns {Piece[]}
 */
function names(users = []) {
  return users.flatMap((user, place) => {
    const name = { text: nameOf(user), name: true };
    if (place === 0) return [name];
    return [{ text: place === users.length - 1 ? " and " : ", " }, name];
  });
}

/**
 * @param {Notice} notice
 * @returns {Piece[]}
 */
function by(notice) {
  return notice.by ? [{ text: ", by " }, { text: nameOf(notice.by), name: true }] : [];
}

/** @param {string} [role] */
function article(role = "member") {
  return /^[aeiou]/.test(role) ? `an ${role}` : `a ${role}`;
}

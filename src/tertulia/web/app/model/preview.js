import { noticePieces } from "./notices.js";
import { nameOf } from "./people.js";

const MAX = 140;

/**
 * The last message of a room in one line.
 *
 * @param {import("./types.js").Room} room
 * @param {string} me
 */
export function previewOf(room, me) {
  const row = room.last_message;
  if (!row) return "";
  if (row.kind === "notice")
    return noticePieces(row.notice)
      .map((piece) => piece.text)
      .join("");
  const text = row.deleted_at ? "Message deleted" : excerptOf(row.body ?? "");
  if (row.sender?.id === me) return `You: ${text}`;
  return room.kind === "direct" ? text : `${nameOf(row.sender)}: ${text}`;
}

/**
 * @param {string} body
 * @param {number} [max]
 */
export function excerptOf(body, max = MAX) {
  const line = body
    .slice(0, max * 2 + 2)
    .replace(/\s+/g, " ")
    .trim();
  const letters = [...line];
  return letters.length > max ? `${letters.slice(0, max).join("")}…` : line;
}

import { dayOf } from "./times.js";

/** @typedef {import("./types.js").Row} Row */

/**
 * What stands in the conversation, from the top: a day, the line before the unread, a notice, or a message. `lead`: it begins a
 * group, so it shows who wrote it and when. `quote`: the message that it answers, if it is here.
 *
 * @typedef {{ key: string, type: "day", time: number }} DayItem
 * @typedef {{ key: string, type: "unread", count: number }} UnreadItem
 * @typedef {{ key: string, type: "notice", row: Row }} NoticeItem
 * @typedef {{ key: string, type: "message", row: Row, lead: boolean, own: boolean, quote: Row | null }} MessageItem
 * @typedef {DayItem | UnreadItem | NoticeItem | MessageItem} Item
 */

const TOGETHER = 5 * 60_000;

/**
 * @param {readonly Row[]} rows
 * @param {{ me: string, unreadFrom?: number | null, unreadCount?: number }} options `unreadFrom`: index of the first unread
 *   message.
 * @returns {Item[]}
 */
export function itemsOf(rows, { me, unreadFrom = null, unreadCount = 0 }) {
  /** @type {Item[]} */
  const items = [];
  let day = NaN;
  let before = -1;
  const places = new Map(rows.map((row) => [row.index, row]));
  for (const row of rows) {
    const time = new Date(row.created_at);
    if (dayOf(time) !== day) {
      day = dayOf(time);
      items.push({ key: `day-${day}`, type: "day", time: day });
    }
    if (beginsUnread(row, before, unreadFrom))
      items.push({ key: "unread", type: "unread", count: unreadCount });
    before = row.index ?? before;
    const quote = (row.reply_to && places.get(row.reply_to)) || null;
    items.push(itemOf(row, items[items.length - 1], me, quote));
  }
  return once(items);
}

/**
 * @param {Row} row
 * @param {Item | undefined} before
 * @param {string} me
 * @param {Row | null} quote
 * @returns {Item}
 */
function itemOf(row, before, me, quote) {
  if (row.kind === "notice") return { key: row.key, type: "notice", row };
  const own = row.kind === "pending" || row.sender?.id === me;
  return { key: row.key, type: "message", row, own, lead: leads(row, before, me), quote };
}

/**
 * @param {Row} row
 * @param {Item | undefined} before
 * @param {string} me
 */
function leads(row, before, me) {
  if (before?.type !== "message" || row.reply_to) return true;
  if (author(row, me) !== author(before.row, me)) return true;
  return Date.parse(row.created_at) - Date.parse(before.row.created_at) > TOGETHER;
}

/**
 * @param {Row} row
 * @param {string} me
 */
function author(row, me) {
  return row.kind === "pending" ? me : (row.sender?.id ?? "");
}

/**
 * Whether the line stands before this row: not at the top of a page that begins among the unread.
 *
 * @param {Row} row
 * @param {number} before Index of the message before, -1 without one.
 * @param {number | null} from
 */
function beginsUnread(row, before, from) {
  if (from === null || typeof row.index !== "number") return false;
  return row.index === from || (before >= 0 && before < from && row.index > from);
}

/**
 * Clocks of two machines may put a day twice: the second one keeps a key of its own.
 *
 * @param {Item[]} items
 */
function once(items) {
  const seen = new Set();
  for (const item of items) {
    while (seen.has(item.key)) item.key += "+";
    seen.add(item.key);
  }
  return items;
}

/**
 * Whether what is drawn for `a` still holds for `b`.
 *
 * @param {Item} a
 * @param {Item} b
 */
export function sameItem(a, b) {
  const names = /** @type {(keyof Item)[]} */ (Object.keys(a));
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}

/**
 * The last row of which something is true.
 *
 * @param {readonly Row[]} rows
 * @param {(row: Row) => boolean} test
 */
export function lastRow(rows, test) {
  for (let place = rows.length - 1; place >= 0; place--) {
    const row = rows[place];
    if (row && test(row)) return row;
  }
  return null;
}

/**
 * The newest message's place, 0 without one.
 *
 * @param {readonly Row[]} rows
 */
export function newestIndex(rows) {
  return lastRow(rows, (row) => typeof row.index === "number")?.index ?? 0;
}

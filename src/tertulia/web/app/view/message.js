import { isJumbo, isLong } from "../model/links.js";
import { nameOf } from "../model/people.js";
import { excerptOf } from "../model/preview.js";
import { clockText, fullText, narrowText } from "../model/times.js";
import { bodyNodes } from "./body.js";
import { el, present } from "./element.js";
import { button, name, userAvatar } from "./parts.js";

/** @typedef {import("../model/timeline.js").MessageItem} MessageItem */
/** @typedef {import("../model/types.js").Row} Row */
/**
 * @typedef {object} Tools
 * @property {import("../model/types.js").User} me
 * @property {import("./acts.js").MessageActs} acts
 * @property {boolean} folded Whether a long body is cut.
 * @property {() => void} unfold
 */

/**
 * Draws a message into its row. What is under the row's own focus stays there.
 *
 * @param {HTMLElement} node
 * @param {MessageItem} item
 * @param {Tools} tools
 */
export function fillMessage(node, item, tools) {
  const { row, lead } = item;
  const actions = node.querySelector(":scope > .actions");
  const focused = focusWithin(node);
  node.className = classOf(item, tools.me.id, node.classList.contains("active"));
  const sender = row.sender ?? tools.me;
  const side = lead
    ? userAvatar(sender)
    : el("span", {
        class: "message-side",
        "aria-hidden": "true",
        text: narrowText(new Date(row.created_at)),
      });
  const parts = [
    lead ? head(row, sender) : said(row, sender),
    quote(item, tools),
    ...content(row, tools),
  ];
  node.replaceChildren(...present([side, el("div", { class: "message-main" }, ...parts), actions]));
  for (const stop of node.querySelectorAll("[data-stop]")) setStop(stop, node.tabIndex === 0);
  focused?.();
}

/**
 * @param {Element} stop
 * @param {boolean} reachable
 */
export function setStop(stop, reachable) {
  /** @type {HTMLElement} */ (stop).tabIndex = reachable ? 0 : -1;
}

/**
 * @param {MessageItem} item
 * @param {string} me
 * @param {boolean} active
 */
function classOf({ row, lead, own }, me, active) {
  const forMe = !own && (row.mentions?.includes(me) || row.mentions_room);
  const classes = {
    message: true,
    lead,
    own,
    active,
    "mentions-me": forMe,
    waits: row.kind === "pending",
  };
  return Object.entries(classes)
    .filter(([, on]) => on)
    .map(([name]) => name)
    .join(" ");
}

/**
 * After its row was drawn anew, a button that had the focus has it again.
 *
 * @param {HTMLElement} node
 */
function focusWithin(node) {
  const focused = document.activeElement;
  if (!focused || focused === node || !node.contains(focused)) return null;
  const stop = /** @type {HTMLElement} */ (focused).dataset.stop;
  return () => {
    const again = [...node.querySelectorAll("[data-stop]")].find(
      (one) => stop && /** @type {HTMLElement} */ (one).dataset.stop === stop,
    );
    const target = focused.isConnected ? focused : (again ?? node);
    /** @type {HTMLElement} */ (target).focus();
  };
}

/** @param {Row} row */
function clock(row) {
  return clockText(new Date(row.created_at));
}

/**
 * @param {Row} row
 * @param {import("../model/types.js").User} sender
 */
function head(row, sender) {
  const time = new Date(row.created_at);
  const bot = sender.is_bot ? el("span", { class: "tag", text: "bot" }) : null;
  const when = el("time", {
    datetime: row.created_at,
    title: fullText(time),
    text: clockText(time),
  });
  return el("div", { class: "message-head" }, name(nameOf(sender)), bot, when);
}

/**
 * For those who listen: who says it, also within a group.
 *
 * @param {Row} row
 * @param {import("../model/types.js").User} sender
 */
function said(row, sender) {
  return el("span", { class: "unseen" }, name(nameOf(sender), ""), `, ${clock(row)}: `);
}

/**
 * @param {MessageItem} item
 * @param {Tools} tools
 */
function quote({ row, quote: answered }, { acts }) {
  if (!row.reply_to) return null;
  const index = row.reply_to;
  const words = [
    el("span", { class: "unseen", text: "In reply to " }),
    answered ? name(nameOf(answered.sender)) : null,
    el("span", { dir: "auto", text: quotedText(answered) }),
  ];
  const on = { click: () => acts.reveal(index) };
  return el("button", { type: "button", class: "reply-to", data: { stop: "quote" }, on }, ...words);
}

/** @param {Row | null} row */
function quotedText(row) {
  if (!row) return "An earlier message";
  return row.deleted_at ? "Message deleted" : excerptOf(row.body ?? "");
}

/**
 * @param {Row} row
 * @param {Tools} tools
 */
function content(row, tools) {
  if (row.deleted_at) return [el("div", { class: "body gone", text: "This message was deleted." })];
  const body = row.body ?? "";
  const cut = tools.folded && isLong(body);
  const kind = cut ? " folded" : isJumbo(body) ? " jumbo" : "";
  const edited = row.edited_at
    ? el("span", { class: "edited", text: " (edited)", title: fullText(new Date(row.edited_at)) })
    : null;
  const text = el("div", { class: `body${kind}`, dir: "auto" }, ...bodyNodes(body), edited);
  return [text, cut && more(tools), reactions(row, tools), state(row, tools)];
}

/** @param {Tools} tools */
function more({ unfold }) {
  const show = button("Show all of it", "small", unfold);
  show.dataset.stop = "more";
  return show;
}

/**
 * @param {Row} row
 * @param {Tools} tools
 */
function reactions(row, { me, acts }) {
  if (!row.reactions?.length) return null;
  const chips = row.reactions.map(({ emoji, count, users }) => {
    const mine = users.includes(me.id);
    const label = `${emoji} ${count}${mine ? ", with yours" : ""}`;
    const properties = {
      type: "button",
      class: "reaction",
      "aria-pressed": String(mine),
      "aria-label": label,
    };
    const on = { click: () => acts.react(row, emoji) };
    return el(
      "button",
      { ...properties, data: { stop: emoji }, on },
      emoji,
      el("span", { text: String(count) }),
    );
  });
  return el("div", { class: "reactions" }, ...chips);
}

/**
 * @param {Row} row
 * @param {Tools} tools
 */
function state(row, { acts }) {
  if (row.kind !== "pending") return null;
  if (row.state !== "failed") return el("div", { class: "state pending", text: "Sending …" });
  const why = el("span", { text: `Not sent. ${row.error?.message ?? ""}` });
  const retry = button("Try again", "small", () => acts.retry(row));
  const discard = button("Discard", "small plain", () => acts.discard(row));
  return el("div", { class: "state failed" }, why, retry, discard);
}

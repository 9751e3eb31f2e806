/**
 * A piece of a message: plain text, an address, `code`, or a block of code.
 *
 * @typedef {{ type: "text" | "link" | "code" | "block", text: string, href?: string }} Part
 */

const PIECES = /```(?:[\w+#.-]*\n)?([\s\S]+?)```|`([^`\n]+)`|(https?:\/\/[^\s<>"\p{Cc}]+)/giu;
const TRAILING = new Set(".,;:!?'\"»”’…*_~");
const MAX_ADDRESS = 2_048;
const LONG = 2_000;
const LONG_LINES = 24;
const MAX_JUMBO = 60;
const JUMBO =
  /^(?:(?:\p{RI}\p{RI}|\p{Extended_Pictographic})[\p{EMod}\uFE0F]*(?:\u200D\p{Extended_Pictographic}[\p{EMod}\uFE0F]*)*\s*){1,3}$/u;

/**
 * Splits a body. Put together again, the parts have all of its words. Only http and https become links.
 *
 * @param {string} body
 * @returns {Part[]}
 */
export function partsOf(body) {
  /** @type {Part[]} */
  const parts = [];
  let end = 0;
  for (const match of body.matchAll(PIECES)) {
    addText(parts, body.slice(end, match.index));
    addPiece(parts, match);
    end = match.index + match[0].length;
  }
  addText(parts, body.slice(end));
  return parts;
}

/**
 * @param {Part[]} parts
 * @param {RegExpMatchArray} match
 */
function addPiece(parts, match) {
  const [all, block, code] = match;
  if (block !== undefined) return addBlock(parts, block);
  if (code !== undefined) return void parts.push({ type: "code", text: code });
  if (all.length > MAX_ADDRESS) return addText(parts, all);
  const address = trimmed(all);
  const href = hrefOf(address);
  if (href === null) return addText(parts, all);
  parts.push({ type: "link", text: address, href });
  addText(parts, all.slice(address.length));
}

/**
 * A block stands on lines of its own: the line breaks around it are no text.
 *
 * @param {Part[]} parts
 * @param {string} block
 */
function addBlock(parts, block) {
  const before = parts.at(-1);
  if (before?.type === "text") before.text = before.text.replace(/\n$/, "");
  parts.push({ type: "block", text: block.replace(/\n$/, "") });
}

/**
 * @param {Part[]} parts
 * @param {string} text
 */
function addText(parts, text) {
  const last = parts.at(-1);
  const kept = last?.type === "block" ? text.replace(/^\n/, "") : text;
  if (!kept) return;
  if (last?.type === "text") last.text += kept;
  else parts.push({ type: "text", text: kept });
}

/**
 * Leaves out what belongs to the sentence: its full stop, and a bracket that was opened before. Looks at each letter
 * once, without a pattern that some engines begin anew at every letter: anybody may write a long row of full stops.
 *
 * @param {string} address
 */
export function trimmed(address) {
  let extra = count(address, ")") - count(address, "(");
  let end = address.length;
  for (; end > 0; end -= 1) {
    const letter = address.charAt(end - 1);
    if (letter === ")" && extra > 0) extra -= 1;
    else if (!TRAILING.has(letter)) break;
  }
  return address.slice(0, end);
}

/**
 * @param {string} text
 * @param {string} letter
 */
function count(text, letter) {
  return text.split(letter).length - 1;
}

/** @param {string} address */
function hrefOf(address) {
  try {
    const url = new URL(address);
    const safe = url.protocol === "https:" || url.protocol === "http:";
    return safe && url.hostname ? url.href : null;
  } catch {
    return null;
  }
}

/**
 * Whether a body is shown folded at first.
 *
 * @param {string} body
 */
export function isLong(body) {
  return body.length > LONG || body.split("\n", LONG_LINES + 1).length > LONG_LINES;
}

/**
 * One to three emoji and nothing else: shown large.
 *
 * @param {string} body
 */
export function isJumbo(body) {
  return body.length <= MAX_JUMBO && JUMBO.test(body.trim());
}

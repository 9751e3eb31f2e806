/** What the page asks for over HTTP. Paths are relative: it works wherever it is served. */

/**
 * @typedef {{ room_uuid: string, users: string[], room_name: string, created_at: string }} Room
 * @typedef {{ message_uuid: string, content: string, room: string, user: string, created_at: string }} Message
 * @typedef {{ id: number, username: string }} Person
 */

const JSON_BODY = { "Content-Type": "application/json" };

/** The server said no; its message is for people. */
export class Refusal extends Error {
  /**
   * @param {number} status 0: the server was not reached
   * @param {string} text
   */
  constructor(status, text) {
    super(text);
    this.status = status;
  }
}

/**
 * @param {string} method
 * @param {string} path below the page, such as `api/rooms/`
 * @param {unknown} [body]
 * @returns {Promise<any>} what the JSON of the answer says; null without any
 */
export async function ask(method, path, body) {
  const sent = body === undefined ? {} : { headers: JSON_BODY, body: JSON.stringify(body) };
  const response = await reached(fetch(path, { method, ...sent }));
  const text = await reached(response.text());
  const said = text ? read(text) : null;
  if (!response.ok) throw new Refusal(response.status, reason(said, response.status));
  return said;
}

/**
 * @template T
 * @param {Promise<T>} answer
 * @returns {Promise<T>}
 */
async function reached(answer) {
  try {
    return await answer;
  } catch {
    throw new Refusal(0, "The server cannot be reached.");
  }
}

/** @param {string} text */
function read(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/**
 * @param {unknown} said `{"detail": text}`, or texts by field
 * @param {number} status
 */
function reason(said, status) {
  if (typeof said === "object" && said !== null) {
    const texts = Object.values(said).flat();
    if (texts.length > 0) return texts.join(" ");
  }
  return `The server answered ${status}.`;
}

/** A server's base URL (`http` or `https`), and the addresses that follow from it. */
export class Address {
  /**
   * @param {string} url absolute, or in a page a path of its own origin (`/chat`)
   * @throws {TypeError}
   */
  constructor(url) {
    const parts = parsed(url);
    if (!["http:", "https:"].includes(parts.protocol) || !parts.hostname) throw unusable();
    if (parts.username || parts.password || parts.search || parts.hash) {
      throw new TypeError("The server's address has no user, query or fragment.");
    }
    const place = parts.host + parts.pathname.replace(/\/+$/, "");
    this.url = `${parts.protocol}//${place}`;
    this.api = `${this.url}/api/v1/`;
    this.socket = `${parts.protocol.replace("http", "ws")}//${place}/ws`;
  }
}

/**
 * Only what says what it is: a browser takes `127.0.0.1:8000` for a path beside the page.
 *
 * @param {string} url
 */
function parsed(url) {
  if (!/^(https?:\/\/|\/)/i.test(url)) throw unusable();
  try {
    return new URL(url, globalThis.location?.href);
  } catch {
    throw unusable();
  }
}

function unusable() {
  return new TypeError(
    "Give the server's address as `url`, with http:// or https:// in front, like this: http://127.0.0.1:8000",
  );
}

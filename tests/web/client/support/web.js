import assert from "node:assert/strict";

/** @typedef {{ method: string, path: string, headers: Record<string, string>, body: any, credentials: string }} Asked */

/** A server's REST API as the test has it: `fetch` goes into the client. */
export class FakeWeb {
  /** @type {Asked[]} */
  asked = [];
  /** `POST auth/refresh` → what it answers. @type {Record<string, (asked: Asked) => any>} */
  routes = {};

  /** @type {typeof globalThis.fetch} */
  fetch = async (url, request = {}) => {
    const { method = "GET", body, credentials, headers, signal } = request;
    const path = String(url).replace(/^.*\/api\/v1\//, "");
    const fields = typeof body === "string" ? JSON.parse(body) : null;
    const given = /** @type {Record<string, string>} */ (headers ?? {});
    const one = { method, path, headers: given, body: fields, credentials: credentials ?? "" };
    this.asked.push(one);
    const route = this.routes[`${method} ${path.replace(/\?.*/, "")}`];
    assert(route, `nobody answers ${method} ${path}`);
    const gone = new Promise((_, reject) => {
      signal?.addEventListener("abort", () => reject(new DOMException("", "AbortError")));
    });
    return Promise.race([route(one), gone]);
  };

  /** @param {string} path */
  count(path) {
    return this.asked.filter((one) => one.path === path).length;
  }
}

/**
 * @param {unknown} body
 * @param {number} [status]
 */
export function json(body, status = 200) {
  return new Response(body === null ? null : JSON.stringify(body), { status });
}

/**
 * @param {string} code
 * @param {number} status
 * @param {Record<string, string>} [headers]
 */
export function problem(code, status, headers = {}) {
  const body = { code, title: "No", detail: `No: ${code}.`, fields: { x: "y" } };
  return new Response(JSON.stringify(body), { status, headers });
}

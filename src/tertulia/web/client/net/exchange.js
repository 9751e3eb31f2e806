import { atEnd, secondsOf } from "./clock.js";
import { ApiError, ConnectionLost } from "./errors.js";

/** Seconds that one exchange may take. */
export const TIMEOUT = 15;

/**
 * @typedef {object} Exchange
 * @property {typeof globalThis.fetch} fetch
 * @property {import("./types.js").Clock} clock
 * @property {AbortSignal | undefined} [ended] no request outlives it: its reason is thrown
 */

/**
 * One request, and what it is answered.
 *
 * @param {Exchange} parts
 * @param {string} url
 * @param {RequestInit} request
 * @param {number} [seconds]
 * @returns {Promise<any>} the JSON of the answer; null when it has no body
 * @throws {ApiError} the server refused
 * @throws {ConnectionLost} it did not answer in time
 */
export async function exchange({ fetch, clock, ended }, url, request, seconds = TIMEOUT) {
  ended?.throwIfAborted();
  const abort = new AbortController();
  const over = atEnd(ended, () => abort.abort());
  const timer = clock.setTimeout(() => abort.abort(), seconds * 1000);
  try {
    const response = await fetch(url, { ...request, redirect: "error", signal: abort.signal });
    return answered(response, await response.text());
  } catch (error) {
    if (error instanceof ApiError) throw error;
    ended?.throwIfAborted();
    const name = error instanceof Error ? error.name : "Error";
    throw new ConnectionLost(`The server does not answer (${name}).`);
  } finally {
    over();
    clock.clearTimeout(timer);
  }
}

/**
 * @param {Response} response
 * @param {string} text
 */
function answered(response, text) {
  const body = text ? parsed(text) : null;
  if (!response.ok) throw problem(response, body);
  if (body === undefined) {
    const message = "This is no Tertulia server: its answer is not JSON.";
    throw new ApiError("internal", message, { status: response.status });
  }
  return body;
}

/**
 * @param {Response} response
 * @param {any} body
 */
function problem({ status, headers }, body) {
  const wait = retryAfter(headers.get("Retry-After"));
  if (typeof body !== "object" || body === null) {
    const code = [502, 503, 504].includes(status) ? "unavailable" : "internal";
    return new ApiError(code, `The server answered ${status}.`, { status, retryAfter: wait });
  }
  return new ApiError(
    String(body.code ?? "internal"),
    String(body.detail || body.title || "The server gave no reason."),
    { status, retryAfter: secondsOf(body.retry_after) ?? wait, fields: body.fields ?? {} },
  );
}

/**
 * @param {string} text
 * @returns {unknown} undefined when it is not JSON
 */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * The seconds of a `Retry-After` header; null when there is none, or it is a date.
 *
 * @param {string | null} header
 */
export function retryAfter(header) {
  const seconds = header === null || header.trim() === "" ? NaN : Number(header);
  return Number.isFinite(seconds) ? Math.max(0, seconds) : null;
}

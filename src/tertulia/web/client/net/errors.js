/**
 * What can go wrong for a client.
 *
 *     ApiError         the server refused one command or request
 *     ConnectionLost   the line was cut, or never came up; nothing is known about the answer
 *     Stopped          the client will not come back by itself: signed out, or closed
 *     OutboxFull       too many posts wait for an answer
 */

import { secondsOf } from "./clock.js";

/** Base of all errors of this package. */
export class TertuliaError extends Error {
  // Written out, because bundlers shorten the names of classes.
  name = "TertuliaError";
}

/** The server said no. */
export class ApiError extends TertuliaError {
  name = "ApiError";

  /**
   * @param {string} code stable, for programs (docs/protocol.md, section 7)
   * @param {string} message for people
   * @param {{ status?: number | null, retryAfter?: number | null, fields?: Record<string, string> }} [more]
   *   `status`: of HTTP, null on the socket; `retryAfter`: seconds; `fields`: name → what is wrong
   */
  constructor(code, message, { status = null, retryAfter = null, fields = {} } = {}) {
    super(message);
    this.code = code;
    this.status = status;
    this.retryAfter = retryAfter;
    this.fields = fields;
  }

  /**
   * From the `error` of a reply.
   *
   * @param {Record<string, any>} body
   */
  static of(body) {
    return new ApiError(
      String(body.code ?? "internal"),
      String(body.message ?? "The server gave no reason."),
      { retryAfter: secondsOf(body.retry_after), fields: body.fields ?? {} },
    );
  }
}

/**
 * Codes after which the same command may be repeated as it is (a post: with the same client_id).
 *
 * @type {ReadonlySet<string>}
 */
export const AGAIN = new Set(["rate_limited", "busy", "unavailable", "outcome_unknown"]);

/** The line was cut before the answer came, or could not be opened. */
export class ConnectionLost extends TertuliaError {
  name = "ConnectionLost";

  /**
   * @param {string} message
   * @param {number | null} [retryAfter] seconds, if the server asked to wait
   */
  constructor(message, retryAfter = null) {
    super(message);
    this.retryAfter = retryAfter;
  }
}

/** The client ended for good. */
export class Stopped extends TertuliaError {
  name = "Stopped";

  /**
   * @param {string} message
   * @param {number | null} [code] the close code (4500 and above), or null when it was closed here
   */
  constructor(message, code = null) {
    super(message);
    this.code = code;
  }
}

/** Too many posts wait for an answer: wait for some before you post more. */
export class OutboxFull extends TertuliaError {
  name = "OutboxFull";
}

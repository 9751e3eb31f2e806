import { moderates } from "./rights.js";
import { lastRow } from "./timeline.js";

/**
 * Whether I may write in a room now. `now` is always given, in milliseconds since 1970, as the reader's clock has it.
 *
 * @typedef {import("./types.js").Room} Room
 * @typedef {import("./types.js").Row} Row
 *
 * @typedef {object} Silence
 * @property {"archived" | "outsider" | "muted"} kind
 * @property {number | null} until when it ends by itself, if it does
 */

/** Milliseconds: a post that took longer waited for the line, and says nothing about the server's clock. */
const PROMPT = 5_000;

/**
 * Why I cannot write here, or nothing: I can.
 *
 * @param {Room | null} room
 * @param {number} now
 * @returns {Silence | null}
 */
export function silenceOf(room, now) {
  if (!room) return null;
  if (room.archived) return { kind: "archived", until: null };
  if (!room.role) return { kind: "outsider", until: null };
  const until = Date.parse(room.muted_until ?? "");
  return until > now ? { kind: "muted", until } : null;
}

/**
 * Whether slow mode is for me: who moderates is exempt.
 *
 * @param {Room | null} room
 * @param {{ is_staff?: boolean }} me
 */
export function isSlow(room, me) {
  return Boolean(room?.slow_mode) && !moderates(room) && !me.is_staff;
}

/** When my next post may be made, in a room in slow mode. */
export class Pace {
  /** How much later it is here than at the server. */
  #skew = 0;
  #refusedUntil = 0;
  /** What was told of refused posts already. @type {WeakSet<Error>} */
  #told = new WeakSet();

  /**
   * A post of mine was stored.
   *
   * @param {{ created_at: string }} message
   * @param {number} sent when
   * @param {number} now
   */
  stored({ created_at: time }, sent, now) {
    if (now - sent < PROMPT) this.#skew = now - Date.parse(time);
  }

  /**
   * Until when I have to wait; null: I have not. `until` is null while a post is on its way.
   *
   * @param {Room} room
   * @param {readonly Row[]} rows
   * @param {{ id: string, is_staff?: boolean }} me
   * @param {number} now
   * @returns {{ until: number | null } | null}
   */
  wait(room, rows, me, now) {
    if (!isSlow(room, me)) return null;
    for (const row of rows) if (row.error) this.#heed(row.error, now);
    if (lastRow(rows, (row) => row.state === "pending")) return { until: null };
    const until = Math.max(this.#refusedUntil, this.#due(room, rows, me, now));
    return until > now ? { until } : null;
  }

  /**
   * A post of mine was refused; the server said how long to wait.
   *
   * @param {Error & { code?: unknown, retryAfter?: number | null }} error
   * @param {number} now
   */
  #heed(error, now) {
    if (error.code !== "slow_mode" || this.#told.has(error)) return;
    this.#told.add(error);
    this.#refusedUntil = now + (error.retryAfter ?? 1) * 1000;
  }

  /**
   * After my last post; not one from before the room's settings changed, for it may have been in no hurry then.
   *
   * @param {Room} room
   * @param {readonly Row[]} rows
   * @param {{ id: string }} me
   * @param {number} now
   */
  #due({ slow_mode: seconds = 0, changed_seq: changed = 0 }, rows, me, now) {
    const last = lastRow(rows, (row) => row.kind === "message" && row.sender?.id === me.id);
    if (!last || (last.seq ?? 0) <= changed) return 0;
    const due = Date.parse(last.created_at) + this.#skew + seconds * 1000;
    return Math.min(due, now + seconds * 1000);
  }
}

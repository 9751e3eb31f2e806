/** @typedef {import("./types.js").Frame} Frame */

/**
 * A command that the server has to be told so that a room becomes right again.
 *
 * @typedef {{ cmd: "subscribe" | "unsubscribe", room: string, seq: number | null }} Need
 */

/**
 * What a frame led to: the `events` that were applied, in order (`changes` comes as its items), and `needs`.
 *
 * @typedef {{ events: Frame[], needs: Need[] }} Step
 */

/**
 * @param {Frame[]} [events]
 * @param {Need[]} [needs]
 * @returns {Step}
 */
export function step(events = [], needs = []) {
  return { events, needs };
}

/**
 * What a frame holds, as it would have come live.
 *
 * @param {Frame} frame
 * @returns {Frame[]}
 */
export function itemsOf(frame) {
  return frame.ev === "changes" ? frame.items : [frame];
}

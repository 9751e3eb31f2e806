/** How far from an end still counts as being there, in CSS pixels. */
export const NEAR_END = 60;
export const NEAR_TOP = 600;

/** @typedef {{ scrollTop: number, scrollHeight: number, clientHeight: number }} Box */

/** @param {Box} box */
export function atEnd({ scrollTop, scrollHeight, clientHeight }) {
  return scrollHeight - scrollTop - clientHeight <= NEAR_END;
}

/** @param {Box} box */
export function nearTop({ scrollTop }) {
  return scrollTop < NEAR_TOP;
}

/** Times as people read them. `now` is always given: nothing here asks the clock. */

const DAY = 86_400_000;
const UNITS = /** @type {const} */ ([
  [86_400, "day"],
  [3_600, "hour"],
  [60, "minute"],
  [1, "second"],
]);

/**
 * Midnight of that day, where the reader is.
 *
 * @param {Date} time
 */
export function dayOf(time) {
  return new Date(time.getFullYear(), time.getMonth(), time.getDate()).getTime();
}

/**
 * @param {Date} time
 * @param {Date} now
 */
export function dayText(time, now) {
  const days = Math.round((dayOf(now) - dayOf(time)) / DAY);
  if (days === 0) return "Today";
  if (days === 1) return "Yesterday";
  const year = time.getFullYear() === now.getFullYear() ? undefined : "numeric";
  return time.toLocaleDateString("en", { weekday: "long", day: "numeric", month: "long", year });
}

/** @param {Date} time */
export function clockText(time) {
  return time.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" });
}

/**
 * Hours and minutes only, where there is little space.
 *
 * @param {Date} time
 */
export function narrowText(time) {
  const kept = ["hour", "literal", "minute"];
  const parts = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
  return parts
    .formatToParts(time)
    .filter(({ type }) => kept.includes(type))
    .map(({ value }) => value)
    .join("")
    .trim();
}

/** @param {Date} time */
export function fullText(time) {
  return time.toLocaleString(undefined, { dateStyle: "full", timeStyle: "short" });
}

/**
 * Short, for the list of rooms: the time today, the weekday this week, else the date.
 *
 * @param {Date} time
 * @param {Date} now
 */
export function shortText(time, now) {
  const days = Math.round((dayOf(now) - dayOf(time)) / DAY);
  if (days <= 0) return clockText(time);
  if (days < 7) return time.toLocaleDateString("en", { weekday: "short" });
  return time.toLocaleDateString("en", { day: "numeric", month: "short" });
}

/**
 * "Next try in 5 s.", or nothing when no try is planned.
 *
 * @param {number | null} retryAt
 * @param {number} now
 */
export function retryText(retryAt, now) {
  if (retryAt === null) return "";
  const seconds = Math.ceil((retryAt - now) / 1000);
  return seconds > 0 ? `Next try in ${seconds} s.` : "Trying now …";
}

/**
 * "every 30 seconds", "every hour".
 *
 * @param {number} seconds
 */
export function everyText(seconds) {
  const [size, name] = UNITS.find(([unit]) => seconds % unit === 0) ?? UNITS[3];
  return seconds === size ? `every ${name}` : `every ${seconds / size} ${name}s`;
}

/**
 * What is left of a wait, short: "12 s", "10 min", "3 h".
 *
 * @param {number} milliseconds
 */
export function leftText(milliseconds) {
  const seconds = Math.ceil(milliseconds / 1000);
  if (seconds <= 120) return `${seconds} s`;
  return seconds <= 7_200 ? `${Math.ceil(seconds / 60)} min` : `${Math.ceil(seconds / 3_600)} h`;
}

/**
 * The time when something ends, with its day unless that is today.
 *
 * @param {Date} time
 * @param {Date} now
 */
export function untilText(time, now) {
  const clock = clockText(time);
  return dayOf(time) === dayOf(now) ? clock : `${dayText(time, now)}, ${clock}`;
}

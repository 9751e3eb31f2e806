const AWAY_MS = 5 * 60_000;

/**
 * Says `away` when the page was out of sight for five minutes, `online` when it is seen again.
 *
 * @param {import("../net/session.js").Client} client
 * @returns {() => void} Ends it.
 */
export function watchAbsence(client) {
  let away = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const say = (/** @type {boolean} */ now) => {
    if (now === away) return;
    away = now;
    void Promise.resolve(client.setPresence(now ? "away" : "online")).catch(() => {});
  };
  const onChange = () => {
    clearTimeout(timer);
    if (document.hidden) timer = setTimeout(() => say(true), AWAY_MS);
    else say(false);
  };
  document.addEventListener("visibilitychange", onChange);
  return () => {
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", onChange);
  };
}

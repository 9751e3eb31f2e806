import { local, remember } from "./storage.js";

const KEY = "tertulia-theme";

/** @typedef {"system" | "light" | "dark"} Theme */

/** @returns {Theme} */
export function chosenTheme() {
  const kept = local()?.getItem(KEY);
  return kept === "light" || kept === "dark" ? kept : "system";
}

/** @param {Theme} theme */
export function chooseTheme(theme) {
  if (theme === "system") {
    local()?.removeItem(KEY);
    delete document.documentElement.dataset.theme;
    return;
  }
  remember(KEY, theme);
  document.documentElement.dataset.theme = theme;
}

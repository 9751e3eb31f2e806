import { nameOf } from "../model/people.js";
import { messageOf } from "../model/problems.js";
import { choices } from "./choices.js";
import { openDialog } from "./dialog.js";
import { el } from "./element.js";
import { button, name, userAvatar } from "./parts.js";
import { chooseTheme, chosenTheme } from "./theme.js";

/** @param {import("./shell.js").Context} context */
export function openSettings({ me, signOut, say }) {
  openDialog("Settings", (close) => {
    const leave = () => {
      close();
      signOut().catch((error) => say(messageOf(error)));
    };
    const lines = el(
      "span",
      {},
      el("strong", {}, name(nameOf(me), "")),
      el("small", {}, "@", name(me.username, "")),
    );
    const who = el(
      "div",
      { class: "result" },
      userAvatar(me),
      lines,
      button("Sign out", "small", leave),
    );
    return [who, themes()];
  });
}

function themes() {
  /** @type {readonly (readonly [import("./theme.js").Theme, string])[]} */
  const options = [
    ["system", "As the system"],
    ["light", "Light"],
    ["dark", "Dark"],
  ];
  return choices("Theme", options, chosenTheme(), chooseTheme);
}

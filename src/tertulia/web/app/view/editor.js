import { el } from "./element.js";
import { isEnter } from "./keys.js";

/**
 * Edits a message in its place: Enter saves, Escape leaves it as it was.
 *
 * @param {HTMLElement} node The message's row.
 * @param {import("../model/types.js").Row} row
 * @param {import("./acts.js").MessageActs} acts
 * @param {() => void} onDone
 */
export function openEditor(node, row, acts, onDone) {
  const text = el("textarea", {
    class: "input",
    "aria-label": "Edit message",
    dir: "auto",
    rows: "1",
    value: row.body ?? "",
  });
  const done = () => {
    node.classList.remove("editing");
    onDone();
  };
  const save = async () => {
    const body = text.value.trim();
    if (!body || body === row.body || (await acts.change(row, text.value))) done();
  };
  const on = { click: () => void save() };
  const keep = el("button", { type: "button", class: "button small main", text: "Save", on });
  const leave = el("button", {
    type: "button",
    class: "button small plain",
    text: "Cancel",
    on: { click: done },
  });
  text.addEventListener("keydown", (event) => {
    if (event.key === "Escape") done();
    if (!isEnter(event)) return;
    event.preventDefault();
    void save();
  });
  node.classList.add("editing");
  const main = /** @type {HTMLElement} */ (node.querySelector(".message-main"));
  main.replaceChildren(el("div", { class: "editor" }, text, el("div", {}, keep, leave)));
  text.focus();
  text.setSelectionRange(text.value.length, text.value.length);
}

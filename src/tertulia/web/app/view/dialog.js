import { el } from "./element.js";
import { iconButton } from "./parts.js";

let made = 0;

/**
 * Opens a dialog over the page: Escape, the cross and a click beside it close it, and the focus goes back.
 *
 * @param {string} title
 * @param {(close: () => void) => Node[]} content
 * @param {() => void} [onClose]
 * @returns {HTMLDialogElement}
 */
export function openDialog(title, content, onClose = () => {}) {
  const id = `dialog-${++made}`;
  const dialog = el("dialog", { class: "dialog", "aria-labelledby": id });
  const close = () => dialog.close();
  const heading = el("h2", { id, class: "wraps", dir: "auto", text: title });
  const head = el("header", { class: "dialog-head" }, heading, iconButton("close", "Close", close));
  dialog.append(head, el("div", { class: "dialog-body" }, ...content(close)));
  dialog.addEventListener("mousedown", (event) => {
    if (event.target === dialog && isOutside(dialog, event)) close();
  });
  dialog.addEventListener("close", () => {
    dialog.remove();
    onClose();
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/**
 * @param {HTMLElement} node
 * @param {MouseEvent} event
 */
function isOutside(node, event) {
  const box = node.getBoundingClientRect();
  const beside = event.clientX < box.left || event.clientX > box.right;
  return beside || event.clientY < box.top || event.clientY > box.bottom;
}

/**
 * Asks before something that cannot be undone.
 *
 * @param {string} title
 * @param {string} text
 * @param {string} label What the button says.
 * @param {() => void} onYes
 */
export function confirmDialog(title, text, label, onYes) {
  openDialog(title, (close) => {
    const yes = () => {
      close();
      onYes();
    };
    const no = el("button", {
      type: "button",
      class: "button",
      text: "Cancel",
      autofocus: true,
      on: { click: close },
    });
    const doIt = el("button", {
      type: "button",
      class: "button danger",
      text: label,
      on: { click: yes },
    });
    return [el("p", { class: "wraps", text }), el("div", { class: "dialog-foot" }, no, doIt)];
  });
}

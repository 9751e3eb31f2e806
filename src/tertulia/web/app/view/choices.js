import { el } from "./element.js";

let made = 0;

/**
 * A few choices side by side, one of which holds.
 *
 * @template {string} Value
 * @param {string} label
 * @param {readonly (readonly [Value, string])[]} options
 * @param {Value} chosen
 * @param {(value: Value) => void} onChoose
 */
export function choices(label, options, chosen, onChoose) {
  const group = `choices-${++made}`;
  const items = options.map(([value, text]) => {
    const on = { change: () => onChoose(value) };
    const input = el("input", { type: "radio", name: group, value, checked: value === chosen, on });
    return el("label", { class: "choice" }, input, text);
  });
  const box = el("div", { class: "choices" }, ...items);
  return el("fieldset", { class: "field" }, el("legend", { text: label }), box);
}

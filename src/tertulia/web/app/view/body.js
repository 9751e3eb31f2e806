import { partsOf } from "../model/links.js";
import { el } from "./element.js";

/**
 * A message's text as nodes: only text, links to http(s) and code.
 *
 * @param {string} body
 * @returns {(Node | string)[]}
 */
export function bodyNodes(body) {
  return partsOf(body).map((part) => {
    if (part.type === "link") return link(part.text, part.href ?? "");
    if (part.type === "code") return el("code", { text: part.text });
    if (part.type === "block") return el("pre", {}, el("code", { text: part.text }));
    return part.text;
  });
}

/**
 * @param {string} text
 * @param {string} href
 */
function link(text, href) {
  const properties = { href, target: "_blank", rel: "noopener noreferrer", dir: "ltr" };
  return el("a", { ...properties, data: { stop: href }, text });
}

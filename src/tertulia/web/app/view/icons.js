const SPACE = "http://www.w3.org/2000/svg";

/** Lines on a field of 24 by 24. */
const SHAPES = {
  plus: "M12 5v14M5 12h14",
  close: "M6 6l12 12M18 6L6 18",
  back: "M15 5l-7 7 7 7",
  down: "M12 5v14M6 13l6 6 6-6",
  send: "M5 12h13M12 5l7 7-7 7",
  search: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM20 20l-4-4",
  settings:
    "M4 7h8M18 7h2M4 17h2M12 17h8M15 4.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5zM9 14.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5z",
  people:
    "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2.5 20c.5-4 3-6 6.5-6s6 2 6.5 6M16 4.5a3.5 3.5 0 0 1 0 6.5M18 14.5c2 .8 3.2 2.5 3.5 5.5",
  compass: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM15.5 8.5l-2 5-5 2 2-5z",
  hash: "M9 4L7 20M17 4l-2 16M4.5 9h16M3.5 15h16",
  lock: "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  smile:
    "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM8.5 14c.8 1.5 2 2.2 3.5 2.2s2.7-.7 3.5-2.2M9 9.5v.01M15 9.5v.01",
  reply: "M9 6l-5 5 5 5M4 11h9c4 0 7 2 7 7",
  edit: "M4 20h4L19 9l-4-4L4 16zM13 7l4 4",
  trash: "M5 7h14M10 7V4.5h4V7M7 7l1 13h8l1-13M10.5 11v5M13.5 11v5",
  info: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 11v5M12 8v.01",
};

const FRONT = "M19 3a16 16 0 1 1-7.6 30.1l-6.9 2.2a1.2 1.2 0 0 1-1.5-1.5l2.1-6.5A16 16 0 0 1 19 3z";
const BACK = "M30 14a15 15 0 0 1 12.6 23.2l2 6.1a1.2 1.2 0 0 1-1.5 1.5l-6.4-2A15 15 0 1 1 30 14z";

/** @typedef {keyof typeof SHAPES} IconName */

/** @param {IconName} name */
export function icon(name) {
  return drawing("icon", "0 0 24 24", [["", SHAPES[name]]]);
}

/** The sign of Tertulia: two who talk. */
export function mark() {
  return drawing("mark", "0 0 48 48", [
    ["mark-back", BACK],
    ["mark-front", FRONT],
  ]);
}

/**
 * @param {string} className
 * @param {string} box
 * @param {[string, string][]} paths
 */
function drawing(className, box, paths) {
  const svg = document.createElementNS(SPACE, "svg");
  svg.setAttribute("class", className);
  svg.setAttribute("viewBox", box);
  svg.setAttribute("aria-hidden", "true");
  for (const [name, shape] of paths) svg.append(path(name, shape));
  return svg;
}

/**
 * @param {string} className
 * @param {string} shape
 */
function path(className, shape) {
  const line = document.createElementNS(SPACE, "path");
  if (className) line.setAttribute("class", className);
  line.setAttribute("d", shape);
  return line;
}

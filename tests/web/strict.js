/**
 * Nothing goes wrong unheard: `node --test --import ./strict.js`. What node itself only mentions when it comes after the
 * end of a test (a promise that nobody looks at), and what is written into the console as an error or a warning, fails
 * the file in which it happened.
 */

import { format } from "node:util";

/** @type {string[]} */
const complaints = [];

process.on("unhandledRejection", (error) => complaints.push(format("nobody looked at:", error)));

for (const level of /** @type {const} */ (["error", "warn"])) {
  // eslint-disable-next-line no-console -- this is what looks after it
  console[level] = (...words) => void complaints.push(`console.${level}: ${format(...words)}`);
}

process.on("exit", () => {
  if (!complaints.length) return;
  process.stderr.write(`${complaints.join("\n")}\n`);
  process.exitCode = 1;
});

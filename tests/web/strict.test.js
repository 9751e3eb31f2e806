import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

const STRICT = new URL("./strict.js", import.meta.url).href;

/**
 * What becomes of a file of tests with this in it.
 *
 * @param {string} body
 */
function outcome(body) {
  const folder = mkdtempSync(join(tmpdir(), "tertulia-strict-"));
  const file = join(folder, "one.test.mjs");
  writeFileSync(file, `import { test } from "node:test";\n${body}`);
  const env = { ...process.env };
  delete env.NODE_TEST_CONTEXT; // it is a run of its own
  try {
    const args = ["--import", STRICT, "--test", file];
    return spawnSync(process.execPath, args, { env, encoding: "utf8" });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

for (const [name, body, said] of /** @type {const} */ ([
  [
    "a rejection after its test",
    `test("a", () => void setTimeout(() => Promise.reject(new Error("lost")), 5));`,
    "lost",
  ],
  [
    "a rejection in between",
    `test("a", async () => { Promise.reject(new Error("lost")); await 0; });`,
    "lost",
  ],
  ["an error in the console", `test("a", () => console.error("oh %s", "no"));`, "oh no"],
  ["a warning in the console", `test("a", () => console.warn("careful"));`, "careful"],
]))
  test(`${name} fails the run`, () => {
    const { status, stdout } = outcome(body);
    assert.notEqual(status, 0);
    assert.match(stdout, new RegExp(said));
  });

test("what is in order passes", () => {
  assert.equal(outcome(`test("a", () => console.log("fine"));`).status, 0);
});

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const KEPT = join(ROOT, "src/tertulia/web/client/types");
const TSC = join(ROOT, "node_modules/.bin/tsc");

const run = promisify(execFile);

/**
 * @param {string} folder
 * @returns {Promise<Record<string, string>>} path → text
 */
async function texts(folder) {
  const names = await readdir(folder, { recursive: true });
  const found = names.filter((name) => name.endsWith(".d.ts")).sort();
  const read = found.map(async (name) => [name, await readFile(join(folder, name), "utf8")]);
  return Object.fromEntries(await Promise.all(read));
}

test("the types are those of the code: npm run types", async () => {
  const folder = await mkdtemp(join(tmpdir(), "tertulia-types-"));
  try {
    await run(TSC, ["-p", join(ROOT, "tsconfig.types.json"), "--outDir", folder]);
    assert.deepEqual(await texts(KEPT), await texts(folder));
  } finally {
    await rm(folder, { recursive: true });
  }
});

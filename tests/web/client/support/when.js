import assert from "node:assert/strict";

/**
 * Waits until something holds that needs no time, only turns.
 *
 * @param {() => unknown | Promise<unknown>} condition
 * @param {string} [what]
 */
export async function when(condition, what = String(condition)) {
  for (let turn = 0; turn < 2_000; turn += 1) {
    if (await condition()) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.fail(`never: ${what}`);
}

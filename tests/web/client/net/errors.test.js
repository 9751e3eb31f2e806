import assert from "node:assert/strict";
import { test } from "node:test";

import { LONGEST } from "../../../../src/tertulia/web/client/net/clock.js";
import {
  ApiError,
  ConnectionLost,
  OutboxFull,
  Stopped,
  TertuliaError,
} from "../../../../src/tertulia/web/client/net/errors.js";

test("names survive a bundler, which shortens those of classes", () => {
  const errors = [
    new ApiError("busy", "Wait."),
    new ConnectionLost("Cut."),
    new Stopped("Over."),
    new OutboxFull("Full."),
  ];
  assert.deepEqual(
    errors.map(({ name }) => name),
    ["ApiError", "ConnectionLost", "Stopped", "OutboxFull"],
  );
  assert.ok(errors.every((error) => error instanceof TertuliaError));
});

test("waits that make no sense are none", () => {
  const waits = [2.5, 0, 3e6, -1, "soon", NaN, null, undefined];
  assert.deepEqual(
    waits.map((retry_after) => ApiError.of({ code: "busy", retry_after }).retryAfter),
    [2.5, 0, LONGEST, null, null, null, null, null],
  );
});

import assert from "node:assert/strict";
import { test } from "node:test";

import { Address } from "../../../../src/tertulia/web/client/net/address.js";

test("what follows from a server's address", () => {
  const address = new Address("https://chat.example.org/talk/");
  assert.equal(address.url, "https://chat.example.org/talk");
  assert.equal(address.api, "https://chat.example.org/talk/api/v1/");
  assert.equal(address.socket, "wss://chat.example.org/talk/ws");
  assert.equal(new Address("http://[::1]:8000").socket, "ws://[::1]:8000/ws");
});

for (const url of [
  "",
  "ftp://example.org",
  "example.org:8000",
  "http://ana:secret@example.org",
  "http://example.org/?token=x",
  "http://example.org/#x",
  "http://",
]) {
  test(`not an address: ${url}`, () => {
    assert.throws(() => new Address(url), TypeError);
  });
}

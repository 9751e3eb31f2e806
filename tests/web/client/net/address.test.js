import assert from "node:assert/strict";
import { test } from "node:test";

import { Address } from "../../../../src/tertulia/web/client/net/address.js";
import { createClient } from "../../../../src/tertulia/web/client/tertulia.js";

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
  "127.0.0.1:8000",
  "localhost:8000",
  "null",
  "http://ana:secret@example.org",
  "http://example.org/?token=x",
  "http://example.org/#x",
  "http://",
]) {
  test(`not an address: ${url}`, () => {
    assert.throws(() => new Address(url), TypeError);
  });
}

test("in a page, too, an address without a scheme is none, and a path is one", (context) => {
  const faked = /** @type {any} */ (globalThis);
  faked.location = { href: "https://page.example.org/a/b", origin: "https://page.example.org" };
  context.after(() => delete faked.location);
  for (const url of ["127.0.0.1:8000", "localhost:8000", "chat.example.org", "chat"]) {
    assert.throws(() => new Address(url), /http:\/\/ or https:\/\/ in front.*http:\/\/127/);
    assert.throws(() => createClient({ url, getToken: () => "" }), TypeError);
  }
  assert.equal(new Address("/chat").url, "https://page.example.org/chat");
  assert.equal(new Address("HTTPS://Chat.example.org").url, "https://chat.example.org");
});

/** The end of a client: nobody waits, nothing goes on, and nothing keeps a process alive. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { test } from "node:test";

import { Stopped } from "../../../src/tertulia/web/client/tertulia.js";
import { settle } from "./support/clock.js";
import { ME, ReferenceRoom } from "./support/reference.js";
import { Staged } from "./support/staged.js";

const LATER = { error: { code: "rate_limited", message: "Later.", retry_after: 3600 } };
const CLIENT = new URL("../../../src/tertulia/web/client/tertulia.js", import.meta.url);

/** A client that looks at a room in which another one has said something. */
async function looking() {
  const room = new ReferenceRoom("room-1");
  room.join(2);
  room.post(2, "post");
  room.read.set(ME, 0);
  const staged = await new Staged().greet([room]);
  const handle = staged.client.room(room.id);
  const opened = handle.open();
  await staged.follow(room);
  await opened;
  return { staged, handle, client: staged.client };
}

test("who was told to come later hears of the end at once, and no timer is left", async () => {
  const { staged, handle, client } = await looking();
  const edited = assert.rejects(handle.edit(1, "x"), Stopped);
  const { stored } = handle.send("x");
  handle.read(1);
  await staged.clock.advance(1);
  for (const cmd of ["edit", "post", "read"]) staged.line.answer(cmd, LATER);
  await settle();
  assert(staged.clock.waiting >= 3);
  await client.close();
  assert.equal(staged.clock.waiting, 0);
  await edited;
  await assert.rejects(stored, Stopped);
  const { length } = staged.line.said;
  await staged.clock.advance(7200);
  assert.equal(staged.line.said.length, length);
});

test("who waits for an answer of REST, or for a page of the list, hears of the end, too", async () => {
  const staged = new Staged();
  staged.web.routes["GET rooms"] = () => new Promise(() => {});
  await staged.greet([], { more: true });
  staged.web.routes["GET users"] = () => new Promise(() => {});
  const asked = assert.rejects(staged.client.people({ q: "a" }), Stopped);
  await settle();
  await staged.client.close();
  await asked;
  await settle();
  assert.equal(staged.clock.waiting, 0);
  await assert.rejects(staged.client.people({ q: "a" }), Stopped);
  await staged.clock.advance(100);
  assert.equal(staged.web.count("rooms?hidden=true"), 1);
});

test("the end by the server is the end of all timers as well", async () => {
  const { staged, handle } = await looking();
  const edited = assert.rejects(handle.edit(1, "x"), Stopped);
  await settle();
  staged.line.answer("edit", LATER);
  await settle();
  staged.line.end(4501, "Signed out.");
  await edited;
  await settle();
  assert.equal(staged.clock.waiting, 0);
});

for (const when of ["while a token is asked for", "while the list is asked for again", "offline"]) {
  test(`closed ${when}, it leaves no timer`, async () => {
    const getToken = () => /** @type {Promise<string>} */ (new Promise(() => {}));
    const staged = new Staged(when === "while a token is asked for" ? { getToken } : {});
    staged.web.routes["GET rooms"] = () => new Response("", { status: 500 });
    if (when === "while a token is asked for") staged.client.start();
    else await staged.greet([], { more: true });
    if (when === "offline") staged.line.end(1006);
    await settle();
    assert(staged.clock.waiting > 0);
    await staged.client.close();
    await settle();
    assert.equal(staged.clock.waiting, 0);
  });
}

test("a process whose client is closed ends", async () => {
  const script = `
    import { createClient } from ${JSON.stringify(CLIENT.href)};
    const client = createClient({ url: "http://127.0.0.1:1", getToken: () => new Promise(() => {}) });
    client.start();
    const asked = client.people({}).catch((error) => console.log(error.name));
    setTimeout(() => void client.close(), 10);
    await asked;
  `;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: "pipe",
    timeout: 20_000, // getToken may take 30 seconds
  });
  let said = "";
  child.stdout.on("data", (text) => (said += text));
  assert.equal(await new Promise((resolve) => child.once("exit", resolve)), 0);
  assert.equal(said, "Stopped\n");
});

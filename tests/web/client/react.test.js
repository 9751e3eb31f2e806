import assert from "node:assert/strict";
import { test } from "node:test";
import { act, createElement, memo } from "react";
import { renderToString } from "react-dom/server";

import { draw, page } from "./support/page.js";
import { settle } from "./support/clock.js";
import { Talk } from "./support/talk.js";
import {
  TertuliaProvider,
  useClient,
  useConnection,
  useMessages,
  usePresence,
  useRoom,
  useRooms,
  useStore,
  useTyping,
  useUnread,
  useUser,
} from "../../../src/tertulia/web/client/react.js";

/**
 * @param {Talk} talk
 * @param {import("react").FunctionComponent<any>} component
 * @param {object} [props]
 */
function inside(talk, component, props = {}) {
  return createElement(
    TertuliaProvider,
    { client: talk.client },
    createElement(component, { key: "it", ...props }),
  );
}

/** @param {() => unknown} work */
const doing = (work) => act(async () => void (await work()));

/** Who I am, what is there and how much is new. */
function Overview() {
  const unread = useUnread();
  const rooms = useRooms().map(({ title, unread: news }) => `${title}:${news}`);
  const there = Object.keys(usePresence());
  const { state } = useConnection();
  return [useUser()?.username ?? "nobody", state, ...rooms, unread.messages, ...there].join(" ");
}

/** @param {{ id: string | null, read?: boolean }} props */
function Log({ id, read = false }) {
  const { rows, ready, loading, error } = useMessages(id, { read });
  const { users } = useTyping(id);
  const bodies = rows.map(({ body }) => body);
  const state = [ready && "ready", loading && "loading", error && `${error.name} ${error.message}`];
  return [...bodies, ...state.filter(Boolean), ...users.map(({ username }) => username)].join(" ");
}

test("the provider starts its client, and hooks show what it knows", async () => {
  const talk = new Talk();
  const drawn = await draw(inside(talk, Overview));
  assert.equal(drawn.text, "nobody connecting 0");
  await doing(() => talk.online("general", "tea"));
  assert.equal(drawn.text, "ana online tea:1 general:1 2");
  const users = [{ user: "ben", status: "online" }];
  await doing(() => talk.line.tell({ ev: "presence", users }));
  assert.equal(drawn.text, "ana online tea:1 general:1 2 ben");
  await drawn.close();
  assert.equal(talk.sockets.all.length, 1, "effects that ran twice made one connection");
  assert.equal(talk.line.closed, null, "the client outlives what is drawn");
});

test("a room is open while somebody looks at it", async () => {
  const talk = new Talk();
  const drawn = await draw(inside(talk, Log, { id: "tea" }));
  assert.equal(drawn.text, "loading");
  await doing(() => talk.online("tea"));
  assert.deepEqual(talk.asked, ["tea"]);
  await doing(() => talk.answer());
  assert.equal(drawn.text, "First ready");
  await doing(() => talk.say("tea", 2, "Second"));
  assert.equal(drawn.text, "First Second ready");
  const users = [{ id: "ben", number: 2, username: "ben" }];
  await doing(() => talk.line.tell({ ev: "typing", room: "tea", users, count: 1 }));
  assert.equal(drawn.text, "First Second ready ben");
  await drawn.close();
  assert.deepEqual(talk.asked, ["tea"]);
});

test("each that looks opens it once and closes it once, though effects run twice", async () => {
  const talk = new Talk();
  const room = talk.client.room("tea");
  let opened = 0;
  let most = 0;
  const [open, close] = [room.open.bind(room), room.close.bind(room)];
  room.open = () => ((most = Math.max(most, (opened += 1))), open());
  room.close = () => ((opened -= 1), close());
  const drawn = await draw(inside(talk, Log, { id: "tea" }));
  assert.equal(opened, 2, "messages and typing");
  await drawn.show(inside(talk, Log, { id: "tea", read: true }));
  assert.equal(opened, 2);
  await drawn.show(inside(talk, Log, { id: "general" }));
  assert.deepEqual([opened, most], [0, 2]);
  await drawn.show(inside(talk, Log, { id: "tea" }));
  await drawn.show(inside(talk, Log, { id: null }));
  assert.equal(drawn.text, "");
  assert.equal(opened, 0);
  await drawn.close();
});

test("a room that is not there is an error, until another one is shown", async () => {
  const talk = new Talk();
  const drawn = await draw(inside(talk, Log, { id: "secret" }));
  await doing(() => talk.online("tea"));
  await doing(() => {
    talk.line.answer("subscribe");
    talk.line.tell({ ev: "gone", room: "secret" });
  });
  assert.equal(drawn.text, "ApiError There is no such room.");
  await drawn.show(inside(talk, Log, { id: "tea" }));
  await doing(() => talk.answer());
  assert.equal(drawn.text, "First ready");
  await drawn.close();
});

test("a client that has ended is an error", async () => {
  const talk = new Talk();
  const drawn = await draw(inside(talk, Log, { id: "tea" }));
  await doing(() => talk.client.close());
  assert.match(drawn.text, /^(loading )?Stopped/);
  await drawn.close();
});

test("what was sent is a row at once", async () => {
  const talk = new Talk();
  const drawn = await draw(inside(talk, Log, { id: "tea" }));
  await doing(() => talk.online("tea"));
  await doing(() => talk.answer());
  await doing(() => void talk.client.room("tea").send("Mine"));
  assert.equal(drawn.text, "First Mine ready");
  await drawn.close();
});

test("what is shown is read, if that was asked for, and only while the page is looked at", async () => {
  const talk = new Talk();
  const tree = (/** @type {boolean} */ read) => inside(talk, Log, { id: "tea", read });
  const drawn = await draw(tree(false));
  const unread = () => talk.client.unread.getSnapshot().messages;
  await doing(() => talk.online("tea"));
  await doing(() => talk.answer());
  assert.equal(unread(), 1);
  await drawn.show(tree(true));
  assert.equal(unread(), 0);
  const hide = (/** @type {boolean} */ hidden) => {
    const value = hidden ? "hidden" : "visible";
    Object.defineProperty(page.document, "visibilityState", { value, configurable: true });
    page.document.dispatchEvent(new page.Event("visibilitychange"));
  };
  await doing(() => hide(true));
  await doing(() => talk.say("tea", 2, "Psst"));
  assert.equal(unread(), 1);
  await doing(() => hide(false));
  assert.equal(unread(), 0);
  await drawn.close();
});

test("without a provider, hooks take a client or a room", async () => {
  const talk = new Talk();
  const room = talk.client.room("tea");
  function Bare() {
    const titles = useRooms(talk.client).map(({ title }) => title);
    const bodies = useMessages(room).rows.map(({ body }) => body);
    const same = useRoom("tea", talk.client) === room;
    return [...titles, ...bodies, same, useTyping(room).count, useUnread(talk.client).rooms].join();
  }
  const drawn = await draw(createElement(Bare));
  talk.client.start();
  await doing(() => talk.online("tea"));
  await doing(() => talk.answer());
  assert.equal(drawn.text, "tea,First,true,0,1");
  await drawn.close();
});

test("without either, they say what is missing", () => {
  const missing = { message: /<TertuliaProvider client=/ };
  for (const Bad of [() => useRooms(), () => useClient(), () => useMessages("tea")]) {
    assert.throws(() => renderToString(createElement(() => void Bad())), missing);
  }
});

test("what did not change is not drawn again", async () => {
  const talk = new Talk();
  let times = 0;
  /** @param {{ view: import("../../../src/tertulia/web/client/react.js").Messages }} props */
  const Count = ({ view }) => ((times += 1), view.rows.length);
  const Counted = memo(Count);
  function Parent() {
    useUnread();
    useConnection();
    return createElement(Counted, { view: useMessages("tea") });
  }
  const drawn = await draw(inside(talk, Parent));
  await doing(() => talk.online("tea", "general"));
  await doing(() => talk.answer());
  const before = times;
  await doing(() => talk.say("general", 2, "elsewhere"));
  await doing(() => talk.line.end(1006));
  assert.equal(times, before);
  await drawn.close();
});

test("any store is a value", async () => {
  const talk = new Talk();
  const { members } = talk.client.room("tea");
  const Names = () => useStore(members).items.map(({ user }) => user.username);
  const Nothing = () => useStore(null, "none");
  const Both = () => [createElement(Names, { key: 1 }), createElement(Nothing, { key: 2 })];
  const drawn = await draw(inside(talk, () => [Log({ id: "tea" }), " ", Both()]));
  await doing(() => talk.online("tea"));
  await doing(() => talk.answer());
  assert.equal(drawn.text, "First ready ananone");
  await drawn.close();
});

test("a server renders the page without a connection, and the browser goes on from there", async () => {
  const talk = new Talk();
  const both = () => [Overview(), " ", Log({ id: "tea" })];
  const html = renderToString(inside(talk, both));
  assert.equal(talk.sockets.all.length, 0);
  assert.equal(html.replaceAll("<!-- -->", ""), "nobody offline 0 ");

  const faster = new Talk(); // it knows everything before the page is taken over
  faster.client.start();
  await faster.online("tea");
  const drawn = await draw(inside(faster, both), html);
  await doing(() => faster.answer());
  assert.equal(drawn.text, "ana online tea:1 1 First ready");
  assert.deepEqual(drawn.complaints, []);
  await drawn.close();
  await settle();
});

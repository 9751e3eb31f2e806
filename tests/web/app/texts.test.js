import assert from "node:assert/strict";
import { test } from "node:test";

import { isJumbo, isLong, partsOf, trimmed } from "../../../src/tertulia/web/app/model/links.js";
import { noticePieces } from "../../../src/tertulia/web/app/model/notices.js";
import {
  hueOf,
  initialsOf,
  listOf,
  nameOf,
  pictureOf,
} from "../../../src/tertulia/web/app/model/people.js";
import { excerptOf, previewOf } from "../../../src/tertulia/web/app/model/preview.js";
import { messageOf, problemOf } from "../../../src/tertulia/web/app/model/problems.js";
import { dayText, retryText, shortText } from "../../../src/tertulia/web/app/model/times.js";
import { typingText } from "../../../src/tertulia/web/app/model/typing.js";

const ANA = { id: "ana", username: "ana", name: "Ana Morales" };
const BEN = { id: "ben", username: "ben" };

/** @param {string} body */
function links(body) {
  return partsOf(body).flatMap(({ type, href }) => (type === "link" ? [href] : []));
}

test("a picture that was uploaded is looked for where the page is from", () => {
  for (const server of [
    "http://127.0.0.1:8000",
    "https://chat.example.org",
    "https://a.example/talk",
  ])
    assert.equal(
      pictureOf({ ...ANA, avatar: `${server}/avatars/aB_-9/256.webp` }),
      "/avatars/aB_-9/",
    );
  for (const avatar of [
    undefined,
    "https://a.example/a.png",
    "https://a.example/avatars/a/b/256.webp",
    "https://a.example/avatars/a/256.webp?x",
    "https://a.example/avatars/../256.webp",
  ])
    assert.equal(pictureOf({ ...ANA, avatar }), undefined, avatar);
  assert.equal(pictureOf(null), undefined);
});

test("addresses become links, without the sentence around them", () => {
  assert.deepEqual(links("see https://a.example/x?y=1."), ["https://a.example/x?y=1"]);
  assert.deepEqual(links("(https://a.example/x)"), ["https://a.example/x"]);
  assert.deepEqual(links("https://a.example/w_(x)"), ["https://a.example/w_(x)"]);
  assert.deepEqual(links('"http://a.example" and HTTPS://B.example'), [
    "http://a.example/",
    "https://b.example/",
  ]);
});

test("nothing but http and https is a link", () => {
  for (const body of [
    "javascript:alert(1)",
    "data:text/html,x",
    "file:///etc/passwd",
    "//a.example",
    "https://",
    "http://[",
    "ht\ntps://a.example",
  ])
    assert.deepEqual(links(body), [], body);
});

test("no link in code", () => {
  assert.deepEqual(links("`https://a.example` ```https://b.example```"), []);
  assert.deepEqual(partsOf("a `b` c"), [
    { type: "text", text: "a " },
    { type: "code", text: "b" },
    { type: "text", text: " c" },
  ]);
});

test("a block of code stands on lines of its own", () => {
  assert.deepEqual(partsOf("so:\n```js\nlet a;\n```\nthere"), [
    { type: "text", text: "so:" },
    { type: "block", text: "let a;" },
    { type: "text", text: "there" },
  ]);
});

test("no body takes long to look through", () => {
  const size = 16_384;
  for (const unit of [
    "`",
    "```a",
    "```",
    "(",
    "https://a.example/)",
    "https://a.",
    "😀",
    "*_~.,",
    "http://",
  ]) {
    const start = performance.now();
    partsOf(unit.repeat(Math.ceil(size / unit.length)));
    partsOf("https://a.example/" + unit.repeat(Math.ceil(size / unit.length)) + "x");
    isJumbo(unit.repeat(Math.ceil(size / unit.length)));
    assert.ok(performance.now() - start < 250, unit);
  }
});

test("the end of an address is found in one go, whatever engine reads it", () => {
  const address = "https://a.example/";
  for (const end of [")", ")).", ".)", ".", "*_~.,"]) {
    assert.equal(trimmed(address + end.repeat(200_000)), address);
    assert.equal(trimmed(address + end.repeat(200_000) + "x").at(-1), "x");
  }
  assert.equal(trimmed(`${address}(${")".repeat(200_000)}`), `${address}()`);
});

test("a few emoji alone are shown large", () => {
  assert.ok(isJumbo("🎉"));
  assert.ok(isJumbo("👩‍👩‍👧 ❤️ 🇪🇸"));
  assert.ok(!isJumbo("🎉🎉🎉🎉"));
  assert.ok(!isJumbo("yes 🎉"));
  assert.ok(!isJumbo("12"));
});

test("long bodies are folded", () => {
  assert.ok(isLong("x".repeat(2_001)));
  assert.ok(isLong("\n".repeat(24)));
  assert.ok(!isLong("x".repeat(2_000)));
});

test("names and initials", () => {
  assert.equal(nameOf(BEN), "ben");
  assert.equal(nameOf({ ...BEN, deleted: true }), "Deleted account");
  assert.equal(nameOf(null), "Deleted account");
  assert.equal(initialsOf("Ana Maria Morales"), "AM");
  assert.equal(initialsOf("ليلى حسن"), "لح");
  assert.equal(initialsOf("👩‍🚀 x"), "👩‍🚀X");
  assert.equal(initialsOf("…"), "?");
  assert.equal(hueOf("a"), hueOf("a"));
  assert.ok(hueOf("0197a1b0") < 8);
});

test("lists of names", () => {
  assert.equal(listOf(["Ana"]), "Ana");
  assert.equal(listOf(["Ana", "Ben"]), "Ana and Ben");
  assert.equal(listOf(["Ana", "Ben", "Cleo", "Dan"]), "Ana, Ben and 2 others");
});

test("who types", () => {
  assert.equal(typingText({ users: [], count: 0 }, "ana"), "");
  assert.equal(typingText({ users: [BEN], count: 1 }, "ana"), "ben is typing …");
  assert.equal(typingText({ users: [ANA, BEN], count: 2 }, "ana"), "ben is typing …");
  assert.equal(typingText({ users: [], count: 12 }, "ana"), "12 people are typing …");
});

/** @param {any} notice */
function sentence(notice) {
  return noticePieces(notice)
    .map((piece) => piece.text)
    .join("");
}

test("notices are sentences", () => {
  assert.equal(sentence({ type: "joined", users: [ANA, BEN] }), "Ana Morales and ben joined");
  assert.equal(sentence({ type: "removed", users: [BEN], by: ANA }), "Ana Morales removed ben");
  assert.equal(sentence({ type: "added", users: [BEN] }), "ben was added");
  assert.equal(sentence({ type: "role", users: [BEN], role: "admin" }), "ben is now an admin");
  assert.equal(sentence({ type: "renamed", title: "Square" }), "The room is called Square");
  assert.equal(sentence({ type: "of the future" }), "Something happened here.");
  assert.equal(sentence({ type: "constructor" }), "Something happened here.");
});

test("the last message in a line", () => {
  /** @type {any} */
  const room = { kind: "public", last_message: { kind: "message", sender: BEN, body: "a\n\nb" } };
  assert.equal(previewOf(room, "ana"), "ben: a b");
  assert.equal(previewOf(room, "ben"), "You: a b");
  assert.equal(previewOf({ ...room, kind: "direct" }, "ana"), "a b");
  assert.equal(excerptOf("😀".repeat(200), 3), "😀😀😀…");
});

test("times as people read them", () => {
  const now = new Date(2026, 0, 5, 9, 0);
  assert.equal(dayText(new Date(2026, 0, 5, 0, 1), now), "Today");
  assert.equal(dayText(new Date(2026, 0, 4, 23, 59), now), "Yesterday");
  assert.equal(dayText(new Date(2026, 0, 3), now), "Saturday, January 3");
  assert.equal(dayText(new Date(2025, 11, 31), now), "Wednesday, December 31, 2025");
  assert.equal(shortText(new Date(2026, 0, 3), now), "Sat");
  assert.equal(shortText(new Date(2025, 10, 3), now), "Nov 3");
  assert.equal(retryText(null, 0), "");
  assert.equal(retryText(4_200, 0), "Next try in 5 s.");
  assert.equal(retryText(0, 1), "Trying now …");
});

test("what is wrong stands at its field, if the form has it", () => {
  const taken = { code: "username_taken", message: "Taken.", fields: { username: "Taken." } };
  assert.deepEqual(problemOf(taken, ["username"]), { message: "", fields: { username: "Taken." } });
  assert.deepEqual(problemOf(taken, ["title"]), { message: "Taken.", fields: {} });
  const weak = { code: "weak_password", message: "Longer!" };
  assert.deepEqual(problemOf(weak, ["password"]), { message: "", fields: { password: "Longer!" } });
  assert.match(messageOf(new TypeError("fetch failed")), /cannot be reached/);
});

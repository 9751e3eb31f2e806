import assert from "node:assert/strict";
import { test } from "node:test";

import { ConnectionLost } from "../../../../src/tertulia/web/client/net/errors.js";
import { Session } from "../../../../src/tertulia/web/client/net/session.js";
import { FakeClock, settle } from "../support/clock.js";
import { FakeBrowser } from "../support/tabs.js";
import { FakeWeb, json, problem } from "../support/web.js";

const ANA = { id: "ana", username: "ana" };
const BEN = { id: "ben", username: "ben" };

/** A server with one cookie for all tabs. */
class World {
  clock = new FakeClock();
  browser = new FakeBrowser();
  web = new FakeWeb();
  /** Whose cookie the browser has. @type {typeof ANA | null} */
  cookie = ANA;
  number = 0;

  constructor() {
    const { routes } = this.web;
    routes["POST auth/refresh"] = () =>
      this.cookie ? json(this.tokens()) : problem("unauthorized", 401);
    routes["POST auth/login"] = ({ body }) => {
      if (body.password !== "right") return problem("wrong_credentials", 401);
      this.cookie = body.username === "ana" ? ANA : BEN;
      return json({ user: this.cookie, tokens: this.tokens() });
    };
    routes["POST auth/register"] = routes["POST auth/login"];
    routes["POST auth/logout"] = () => {
      this.cookie = null;
      return json(null, 204);
    };
    routes["GET me"] = () => json(this.cookie);
  }

  tokens() {
    this.number += 1;
    return { access: `access-${this.number}`, expires_in: 100 };
  }

  /** @param {{ alone?: boolean }} [how] `alone`: without locks and channels */
  tab({ alone = false } = {}) {
    const tab = this.browser.tab();
    const { locks, BroadcastChannel } = alone ? { locks: null, BroadcastChannel: null } : tab;
    const { clock, web } = this;
    return new Session({ url: "http://x", fetch: web.fetch, clock, locks, BroadcastChannel });
  }
}

/**
 * @template T
 * @param {World} world
 * @param {Promise<T>} work
 * @returns {Promise<T>}
 */
async function finished(world, work) {
  work.catch(() => {});
  await world.clock.advance(2);
  return work;
}

test("it goes on with the session of the browser", async () => {
  const world = new World();
  const session = world.tab();
  assert.equal(session.user.getSnapshot(), null);
  assert.deepEqual(await finished(world, session.resume()), ANA);
  assert.deepEqual(session.user.getSnapshot(), ANA);
  assert.equal(await session.getToken(), "access-1");
  const [refresh, me] = world.web.asked;
  assert.deepEqual([refresh.body, refresh.credentials], [null, "same-origin"]);
  assert.equal(me.headers.Authorization, "Bearer access-1");
});

test("without a session there is nobody, and nobody is asked again", async () => {
  const world = new World();
  world.cookie = null;
  const session = world.tab();
  assert.equal(await finished(world, session.resume()), null);
  assert.equal(await session.getToken(), null);
  assert.equal(world.web.asked.length, 1);
});

test("signing in asks for a cookie", async () => {
  const world = new World();
  world.cookie = null;
  const session = world.tab();
  const wrong = session.login({ username: "ana", password: "wrong" });
  await assert.rejects(finished(world, wrong), { code: "wrong_credentials" });
  const user = await finished(world, session.login({ username: "ana", password: "right" }));
  assert.deepEqual(user, ANA);
  assert.equal(world.web.asked.at(-1)?.body.cookie, true);
  assert.equal(await session.getToken(), "access-1");
});

test("a token is kept for 80 % of its life, and a refused one is replaced", async () => {
  const world = new World();
  const session = world.tab();
  await finished(world, session.resume());
  await world.clock.advance(77);
  assert.equal(await session.getToken(), "access-1");
  await world.clock.advance(2);
  assert.equal(await finished(world, session.getToken()), "access-2");
  assert.equal(await finished(world, session.getToken({ refused: "access-1" })), "access-2");
  assert.equal(await finished(world, session.getToken({ refused: "access-2" })), "access-3");
});

test("one tab renews the token for all", async () => {
  const world = new World();
  const tabs = [world.tab(), world.tab(), world.tab()];
  for (const tab of tabs) await finished(world, tab.resume());
  await world.clock.advance(90);
  const before = world.web.count("auth/refresh");
  const tokens = await finished(world, Promise.all(tabs.map((tab) => tab.getToken())));
  assert.equal(world.web.count("auth/refresh"), before + 1);
  assert.equal(new Set(tokens).size, 1);
});

test("without locks and channels each tab renews alone", async () => {
  const world = new World();
  const tabs = [world.tab({ alone: true }), world.tab({ alone: true })];
  for (const tab of tabs) await finished(world, tab.resume());
  await world.clock.advance(90);
  const tokens = await finished(world, Promise.all(tabs.map((tab) => tab.getToken())));
  assert.equal(new Set(tokens).size, 2);
});

test("a tab that hangs is not waited for", async () => {
  const world = new World();
  const hanging = world.browser.tab();
  void hanging.locks.request("tertulia-session http://x", {}, () => new Promise(() => {}));
  const session = world.tab();
  const resumed = session.resume();
  await world.clock.advance(21);
  assert.deepEqual(await resumed, ANA);
});

test("signing in and out holds in all tabs", async () => {
  const world = new World();
  world.cookie = null;
  const [one, two] = [world.tab(), world.tab()];
  await finished(world, one.login({ username: "ana", password: "right" }));
  assert.deepEqual(two.user.getSnapshot(), ANA);
  assert.equal(await two.getToken(), "access-1");
  await finished(world, two.logout());
  await settle();
  assert.equal(one.user.getSnapshot(), null);
  assert.equal(await one.getToken(), null);
  await finished(world, one.login({ username: "ben", password: "right" }));
  assert.deepEqual(two.user.getSnapshot(), BEN);
});

test("signing out that does not reach the server is none", async () => {
  const world = new World();
  const session = world.tab();
  await finished(world, session.resume());
  world.web.routes["POST auth/logout"] = () => Promise.reject(new TypeError("no network"));
  await assert.rejects(finished(world, session.logout()), ConnectionLost);
  assert.deepEqual(session.user.getSnapshot(), ANA);
  world.web.routes["POST auth/logout"] = () => problem("unauthorized", 401);
  await finished(world, session.logout());
  assert.equal(session.user.getSnapshot(), null);
});

test("a session that is over is over in all tabs when they ask", async () => {
  const world = new World();
  const session = world.tab();
  await finished(world, session.resume());
  world.cookie = null;
  await world.clock.advance(90);
  assert.equal(await finished(world, session.getToken()), null);
  assert.equal(session.user.getSnapshot(), null);
});

test("a lost answer is asked for again soon; a lost network is told", async () => {
  const world = new World();
  const session = world.tab();
  let lost = 2;
  const answer = world.web.routes["POST auth/refresh"];
  world.web.routes["POST auth/refresh"] = (asked) =>
    lost-- > 0 ? Promise.reject(new TypeError("lost")) : answer(asked);
  assert.deepEqual(await finished(world, session.resume()), ANA);
  lost = Infinity;
  await world.clock.advance(90);
  await assert.rejects(finished(world, session.getToken()), ConnectionLost);
  assert.deepEqual(session.user.getSnapshot(), ANA, "nobody was signed out");
});

test("what comes back after signing out means nothing", async () => {
  const world = new World();
  const session = world.tab({ alone: true });
  await finished(world, session.resume());
  await world.clock.advance(90);
  /** @type {(value?: unknown) => void} */
  let go = () => {};
  const answer = world.web.routes["POST auth/refresh"];
  world.web.routes["POST auth/refresh"] = (asked) =>
    new Promise((resolve) => (go = resolve)).then(() => answer(asked));
  const asked = session.getToken();
  await settle();
  const cookie = world.cookie;
  await finished(world, session.logout());
  world.cookie = cookie;
  go();
  assert.equal(await asked, null);
  assert.equal(session.user.getSnapshot(), null);
});

test("signing in again as the same one is told: the session may have been ended from elsewhere", async () => {
  const world = new World();
  const session = world.tab();
  await finished(world, session.resume());
  let told = 0;
  session.user.subscribe(() => (told += 1));
  const again = { ...ANA };
  world.web.routes["POST auth/login"] = () => json({ user: again, tokens: world.tokens() });
  await finished(world, session.login({ username: "ana", password: "right" }));
  await settle();
  assert.equal(session.user.getSnapshot()?.id, "ana");
  assert.equal(told, 1);
});

test("signing out goes by the token that the page has, and by the cookie when that is not good", async () => {
  const world = new World();
  const session = world.tab();
  await finished(world, session.resume());
  await finished(world, session.logout());
  const first = world.web.asked.filter(({ path }) => path.endsWith("auth/logout"));
  assert.deepEqual(
    first.map(({ headers }) => headers.Authorization),
    ["Bearer access-1"],
  );
  world.cookie = ANA;
  const other = world.tab();
  await finished(world, other.resume());
  world.web.routes["POST auth/logout"] = ({ headers }) =>
    headers.Authorization ? problem("unauthorized", 401) : json(null, 204);
  await finished(world, other.logout());
  assert.equal(other.user.getSnapshot(), null);
});

test("a renewal that is somebody else's is asked who it is", async () => {
  const world = new World();
  world.tokens = () => {
    const payload = btoa(JSON.stringify({ sub: world.cookie?.id, n: (world.number += 1) }));
    return { access: `h.${payload}.s`, expires_in: 100 };
  };
  const session = world.tab();
  await finished(world, session.resume());
  world.cookie = BEN; // by a page that told nobody
  await finished(world, session.getToken({ refused: (await session.getToken()) ?? "" }));
  assert.equal(session.user.getSnapshot()?.id, "ben");
});

import assert from "node:assert/strict";
import { test } from "node:test";

import { Store } from "../../../../src/tertulia/web/client/model/store.js";
import { View } from "../../../../src/tertulia/web/client/model/view.js";

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("listeners are told once, after all that happened", async () => {
  const store = new Store(0);
  /** @type {number[]} */
  const heard = [];
  const end = store.subscribe(() => heard.push(store.getSnapshot()));
  store.set(1);
  store.set(2);
  assert.deepEqual(heard, []);
  await turn();
  assert.deepEqual(heard, [2]);
  store.set(2);
  await turn();
  assert.deepEqual(heard, [2]);
  end();
  store.set(3);
  await turn();
  assert.deepEqual(heard, [2]);
});

test("who leaves while others are told hears nothing", async () => {
  const store = new Store(0);
  let heard = 0;
  /** @type {() => void} */
  let endOther = () => {};
  store.subscribe(() => endOther());
  endOther = store.subscribe(() => (heard += 1));
  store.set(1);
  await turn();
  assert.equal(heard, 0);
});

test("the same listener twice is two", async () => {
  const store = new Store(0);
  let heard = 0;
  const listener = () => (heard += 1);
  store.subscribe(listener)();
  store.subscribe(listener);
  store.subscribe(listener);
  store.set(1);
  await turn();
  assert.equal(heard, 2);
});

test("a listener that fails stops no other one, and is told to the console", async (t) => {
  /** @type {unknown[]} */
  const errors = [];
  const real = globalThis.queueMicrotask;
  const careful = (/** @type {() => void} */ work) => {
    try {
      work();
    } catch (error) {
      errors.push(error);
    }
  };
  t.mock.method(globalThis, "queueMicrotask", (/** @type {() => void} */ work) =>
    real(() => careful(work)),
  );
  const store = new Store(0);
  let heard = 0;
  store.subscribe(() => {
    throw new Error("mine");
  });
  store.subscribe(() => (heard += 1));
  store.set(1);
  await turn();
  assert.equal(heard, 1);
  assert.deepEqual(errors, [new Error("mine")]);
});

test("a view is made when somebody looks, and kept while it says the same", async () => {
  let made = 0;
  let value = [1, 2];
  const view = new View(() => {
    made += 1;
    return [...value];
  });
  let told = 0;
  view.subscribe(() => (told += 1));
  const first = view.getSnapshot();
  assert.equal(view.getSnapshot(), first);
  assert.equal(made, 1);
  for (let times = 0; times < 100; times += 1) view.changed();
  assert.equal(made, 1);
  assert.equal(view.getSnapshot(), first);
  await turn();
  assert.deepEqual([made, told], [2, 1]);
  value = [1, 3];
  view.changed();
  assert.deepEqual(view.getSnapshot(), [1, 3]);
  assert(Object.isFrozen(view.getSnapshot()));
});

test("null and objects are views, too", () => {
  /** @type {{ a: number } | null} */
  let value = null;
  const view = new View(() => value && { .../** @type {any} */ (value) });
  assert.equal(view.getSnapshot(), null);
  value = { a: 1 };
  view.changed();
  const one = view.getSnapshot();
  view.changed();
  assert.equal(view.getSnapshot(), one);
});

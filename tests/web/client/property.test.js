/** Whatever happens in whatever order, after any drops and reconnects: the view of a client equals a fresh one. */

import { after, before, test } from "node:test";

import { missing, Server } from "./support/server.js";
import { World } from "./support/world.js";

const PROVING = process.env.TERTULIA_PROVE === "1";
const SEEDS = PROVING ? 60 : 4;
const ACTS = PROVING ? 400 : 120;
const FIRST = Number(process.env.TERTULIA_SEED ?? (PROVING ? Date.now() % 1e6 : 1));

const server = new Server();
const skip = missing();

before(async () => {
  if (!skip) await server.start();
});

after(async () => {
  if (!skip) await server.stop();
});

for (let seed = FIRST; seed < FIRST + SEEDS; seed += 1) {
  test(`seed ${seed}`, { skip, timeout: 120_000 }, async () => {
    const world = new World(server, seed);
    try {
      await world.start();
      await world.live(ACTS);
      await world.check();
    } finally {
      await world.stop();
    }
  });
}

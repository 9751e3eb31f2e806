import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
const PYTHON = process.env.TERTULIA_PYTHON ?? join(ROOT, ".venv/bin/python");

const GENEROUS = {
  TERTULIA_POST_RATE: "10000",
  TERTULIA_POST_BURST: "100000",
  TERTULIA_COMMAND_RATE: "10000",
  TERTULIA_REGISTRATIONS_PER_MINUTE: "100000",
  TERTULIA_LOGINS_PER_MINUTE: "100000",
  TERTULIA_REQUESTS_PER_MINUTE: "1000000",
  TERTULIA_LOG_LEVEL: "warning",
};

/** Why no server can be started here; false if one can. */
export const missing = () => {
  if (!existsSync(PYTHON)) return "there is no .venv: make test makes one";
  return globalThis.WebSocket ? false : "this Node has no WebSocket";
};

/** A real server process on a port and a directory of its own. */
export class Server {
  /** @type {import("node:child_process").ChildProcess | null} */
  #process = null;
  #folder = "";

  async start() {
    this.#folder = await mkdtemp(join(tmpdir(), "tertulia-js-"));
    const port = await freePort();
    this.url = `http://127.0.0.1:${port}`;
    const args = ["-m", "tertulia", "serve", "--port", String(port), "--data-dir", this.#folder];
    this.#process = spawn(PYTHON, args, {
      cwd: this.#folder,
      env: { ...process.env, ...GENEROUS },
      stdio: "ignore",
    });
    await this.#answers();
    return this;
  }

  async stop() {
    const ended = new Promise((resolve) => this.#process?.once("exit", resolve));
    this.#process?.kill("SIGKILL");
    await ended;
    await rm(this.#folder, { recursive: true, force: true });
  }

  /**
   * @param {string} path
   * @param {{ method?: string, token?: string, body?: unknown }} [request]
   * @returns {Promise<any>}
   */
  async call(path, { method = "POST", token, body } = {}) {
    const headers = { ...(token && { Authorization: `Bearer ${token}` }) };
    const response = await fetch(`${this.url}/api/v1/${path}`, {
      method,
      headers: { ...headers, ...(body ? { "Content-Type": "application/json" } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    if (!response.ok)
      throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response.status === 204 ? null : response.json();
  }

  /**
   * A new account.
   *
   * @param {string} username
   * @returns {Promise<{ id: string, token: string }>}
   */
  async register(username) {
    const body = { username, password: "correct horse battery" };
    const { user, tokens } = await this.call("auth/register", { body });
    return { id: user.id, token: tokens.access };
  }

  async #answers() {
    for (let tries = 0; tries < 600; tries += 1) {
      if (this.#process?.exitCode !== null) throw new Error("the server ended at its start");
      const answer = await fetch(`${this.url}/readyz`).catch(() => null);
      if (answer?.ok) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error("the server does not answer");
  }
}

/** @returns {Promise<number>} */
function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

import { createClient, createSession } from "../../client/tertulia.js";

/**
 * The only part of the page that knows the server: everything else gets what is made here.
 *
 * @typedef {ReturnType<typeof createSession>} Session
 * @typedef {ReturnType<typeof createClient>} Client
 * @typedef {ReturnType<Client["room"]>} RoomHandle
 */

/** @returns {Session} */
export function openSession() {
  return createSession({ url: location.origin });
}

/**
 * A client for whoever is signed in. It has to be started.
 *
 * @param {Session} session
 * @returns {Client}
 */
export function openClient(session) {
  return createClient({ url: location.origin, getToken: session.getToken });
}

/**
 * Where an invitation leads; it fails when the invitation is not good.
 *
 * @param {Client} client
 * @param {string} code
 * @returns {Promise<import("../model/types.js").Place | null>} Null: to the server itself.
 */
export async function lookUpInvite(client, code) {
  const answer = await client.rest.ask("GET", `invites/${encodeURIComponent(code)}`);
  return answer.room ?? null;
}

/**
 * @param {Client} client
 * @param {string} code
 */
export async function joinByInvite(client, code) {
  await client.rest.ask("POST", `invites/${encodeURIComponent(code)}/join`);
}

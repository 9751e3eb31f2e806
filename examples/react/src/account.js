/** An account of the chat server itself, for this example. Your product asks its own backend for a token instead. */

export const url = import.meta.env.VITE_TERTULIA_URL ?? "http://127.0.0.1:8000";

/** Sign in (`login`) or up (`register`). Gives the `getToken` of a client; tokens are in memory and nowhere else. */
export async function enter(way, fields) {
  let { tokens } = await ask(way, fields);
  let isUsed = false;
  return async () => {
    if (isUsed && tokens) tokens = await ask("refresh", { refresh: tokens.refresh });
    isUsed = true;
    return tokens?.access ?? null; // null: signed out
  };
}

async function ask(what, fields) {
  const body = JSON.stringify(fields);
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch(`${url}/api/v1/auth/${what}`, { method: "POST", headers, body });
  if (answer.status === 401 && what === "refresh") return null;
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.detail ?? said.title);
  return said;
}

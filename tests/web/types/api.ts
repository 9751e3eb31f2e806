/** The whole API as somebody uses it who writes TypeScript, as strict as it gets. Nobody runs it: tsc looks at it. */

import {
  ApiError,
  ConnectionLost,
  createClient,
  createSession,
  OutboxFull,
  Stopped,
  TertuliaError,
} from "tertulia";
import type {
  Client,
  ClientOptions,
  Connection,
  Member,
  Message,
  MessageRow,
  MessagesView,
  Notice,
  Notify,
  PendingRow,
  Readable,
  Role,
  Room,
  RoomSummary,
  Row,
  Session,
  TypingView,
  Unread,
  User,
} from "tertulia";

/** Exactly this type, neither more nor less. */
type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

function is<T extends true>(): T | undefined {
  return undefined;
}

// Signing in.

const session: Session = createSession({ url: "https://chat.example.org", device: "a test" });
const options: ClientOptions = { url: "https://chat.example.org", getToken: session.getToken };
const client: Client = createClient(options);

createClient({ getToken: async ({ refused }) => (refused === undefined ? "token" : "another") });
createClient({ getToken: () => null, follow: true, storage: null });
createClient({ getToken: () => "token", clock: undefined as never, random: () => 0.5 });
// @ts-expect-error there is no client without tokens
createClient({ url: "https://chat.example.org" });
// @ts-expect-error a token is a text
createClient({ getToken: () => 7 });
// @ts-expect-error no such option
createClient({ getToken: () => "token", folow: true });

export async function signing(): Promise<void> {
  const known = await session.resume();
  const name: string | undefined = known?.username;
  await session.login({ username: name ?? "ana", password: "secret" });
  await session.register({ username: "ana", password: "secret", email: "ana@example.org" });
  // @ts-expect-error a password belongs to it
  await session.login({ username: "ana" });
  await session.logout();
  session.user.getSnapshot()?.id.toUpperCase();
  session.close();
}

// Stores.

is<Same<typeof client.rooms, Readable<readonly RoomSummary[]>>>();
is<Same<typeof client.unread, Readable<Unread>>>();
is<Same<typeof client.connection, Readable<Connection>>>();
is<Same<typeof client.user, Readable<User | null>>>();
is<Same<typeof client.blocked, Readable<readonly string[]>>>();

export function stores(): () => void {
  const end = client.rooms.subscribe(() => undefined);
  const [first] = client.rooms.getSnapshot();
  // @ts-expect-error there may be no room at all
  first.title.trim();
  // @ts-expect-error nobody changes a snapshot
  client.rooms.getSnapshot().push(first);
  // @ts-expect-error nor a store
  client.rooms = client.rooms;
  // @ts-expect-error stores are only read
  client.user.set(null);
  const status: "online" | "away" | undefined = client.presence.getSnapshot()["id"];
  const { state, retryAt, error } = client.connection.getSnapshot();
  // @ts-expect-error no such state
  if (state === "closed") return end;
  const until: Date | null = retryAt === null ? null : new Date(retryAt);
  const why: string | undefined = error?.message ?? status ?? until?.toISOString();
  // @ts-expect-error who signs out has no user
  client.user.getSnapshot().id;
  return why === undefined ? end : () => undefined;
}

export function summary(room: RoomSummary): (string | number | boolean | null)[] {
  const role: Role | null = room.role;
  const notify: Notify = room.notify;
  // @ts-expect-error there may be none
  room.last_message.body;
  return [
    ...[room.id, room.title, room.name, room.description, room.kind, role, notify, room.owner],
    ...[room.unread, room.mentions, room.message_count, room.member_count, room.unread_from],
    ...[room.archived, room.hidden, room.slow_mode, room.partner?.username ?? null],
    ...[room.last_message?.body ?? null, room.read_index, room.muted_until, room.created_at],
  ];
}

// A room.

const room: Room = client.room("id");
is<Same<typeof room.messages, Readable<MessagesView>>>();
is<Same<typeof room.info, Readable<RoomSummary | null>>>();
is<Same<typeof room.typing, Readable<TypingView>>>();

export function row(one: Row): string {
  switch (one.kind) {
    case "pending":
      is<Same<typeof one, PendingRow>>();
      // @ts-expect-error it has no place yet
      one.index.toFixed();
      return one.state === "failed" ? `${one.body}: ${one.error?.message}` : one.body;
    case "notice":
      return noticed(one.notice);
    case "message":
      // @ts-expect-error null when it was deleted
      one.body.trim();
      return `${one.sender?.username}: ${one.body ?? "deleted"} ${one.key} ${one.reactions?.[0]?.count}`;
  }
}

function noticed(notice: Notice | undefined): string {
  // @ts-expect-error nobody does that here
  if (notice?.type === "exploded") return "";
  return `${notice?.type} ${notice?.users?.map((user) => user.username).join()} ${notice?.by?.id}`;
}

export async function acting(): Promise<void> {
  await room.open();
  const gained: number = await room.older();
  await room.older(gained);
  const { client_id, stored } = room.send("Hello", { reply_to: 1 });
  const message: Message = await stored;
  room.retry(client_id);
  const given: boolean = room.discard(client_id);
  const edited: Message = await room.edit(1, given ? "yes" : "no");
  await room.remove(edited.index ?? 1);
  await room.react(1, "👍");
  await room.react(1, "👍", false);
  await room.pin(1);
  room.read(message.index ?? 0);
  await room.markUnread(2);
  await room.markUnread(null);
  room.typingNow();
  room.typingNow(false);
  await room.join();
  await room.leave();
  await room.change({ title: "Square", slow_mode: 10, metadata: { a: 1 } });
  await room.set({ notify: "mentions", hidden: true });
  room.close();
}

export async function notLikeThis(): Promise<void> {
  // @ts-expect-error an index, not an id
  await room.edit("id", "text");
  // @ts-expect-error no such level
  await room.set({ notify: "sometimes" });
  // @ts-expect-error a post has a text
  room.send();
  // @ts-expect-error `stored` is what to wait for
  await room.send("Hello").then();
  // @ts-expect-error seconds
  await room.change({ slow_mode: "10" });
  // @ts-expect-error no such status
  client.setPresence("busy");
  // @ts-expect-error rooms of a third kind are direct: `direct`
  await client.createRoom({ kind: "direct" });
}

export async function around(): Promise<void> {
  client.start();
  await client.ready();
  const made: Room = await client.createRoom({ name: "plans", kind: "private", description: "" });
  const direct: Room = await client.direct("user");
  const joined: Room = await client.join(made.id);
  const { items, next } = await client.directory({ q: "pla", cursor: null });
  const people: User[] = (await client.people({ q: "an" })).items;
  client.setPresence("away");
  await client.block(people[0]?.id ?? direct.id, false);
  await client.rest.ask("GET", `rooms/${joined.id}/pins`, null, { cursor: next });
  await client.forget();
  client.tryNow();
  await client.close();
  const known: Member | undefined = joined.members.getSnapshot().items[0];
  const read: number | undefined = joined.receipts.getSnapshot()[known?.user.id ?? ""]?.read_index;
  const typing: number = joined.typing.getSnapshot().count + (read ?? 0) + items.length;
  const rows: readonly Row[] = joined.messages.getSnapshot().rows;
  const keys: string[] = rows.map((one) => one.key).slice(typing);
  const last: MessageRow | undefined = rows.find((one) => one.kind !== "pending");
  if (keys.length && last) return;
}

// Errors.

export function explained(error: unknown): string {
  if (error instanceof ApiError) {
    const { code, status, retryAfter, fields } = error;
    const seconds: number | null = retryAfter;
    return `${code} ${status ?? ""} ${seconds} ${fields["body"] ?? ""} ${error.message}`;
  }
  if (error instanceof Stopped) return `${error.code}`;
  if (error instanceof ConnectionLost || error instanceof OutboxFull) return error.message;
  // @ts-expect-error only some have a code
  if (error instanceof TertuliaError) return error.code;
  return "";
}

import type { Client, Room, Row, TertuliaError } from "tertulia";
import { createClient } from "tertulia";
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
} from "tertulia/react";
import type { Messages } from "tertulia/react";

const client: Client = createClient({
  url: "http://127.0.0.1:8000",
  getToken: async () => "token",
});

export function App() {
  return (
    <TertuliaProvider client={client}>
      <Talk id="tea" />
      <p>more than one child</p>
    </TertuliaProvider>
  );
}

function Talk({ id }: { id: string | null }) {
  const room: Room = useRoom("tea");
  const view: Messages = useMessages(id, { read: true });
  const error: Error | null = view.error;
  const { state, retryAt, error: end } = useConnection();
  const ended: TertuliaError | null = end;
  const words: readonly string[] = useRooms().map(({ title }) => title);
  const there: "online" | "away" | undefined = usePresence()["ben"];
  const members: number = useStore(room.members).items.length;
  const info: string | undefined = useStore(room.info)?.title;
  const nobody: readonly string[] | "none" = useStore(
    null as typeof client.blocked | null,
    "none" as const,
  );
  const count: number = useUnread(useClient()).messages + useTyping(room).count + (retryAt ?? 0);
  // @ts-expect-error a number is no room
  useMessages(7);
  // @ts-expect-error snapshots are not to be changed
  view.rows.push();
  const notes = [error?.message, ended?.message, state, words, there, members, info, nobody, count];
  return (
    <ul>
      {notes.join()} {useUser()?.username}
      {view.rows.map((row) => (
        <li key={row.key}>{text(row)}</li>
      ))}
    </ul>
  );
}

function text(row: Row): string {
  switch (row.kind) {
    case "pending":
      return `${row.body} ${row.state}`;
    case "message":
      return row.body ?? "";
    case "notice":
      return row.notice?.type ?? "";
  }
}

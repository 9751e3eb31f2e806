import { useState } from "react";
import { useMessages, useRoom, useStore, useTyping } from "tertulia/react";

const name = (user) => user?.name ?? user?.username ?? "Somebody";

export function Room({ id }) {
  const room = useRoom(id);
  const info = useStore(room.info);
  const { rows, more, error } = useMessages(room, { read: true });
  const { users, count } = useTyping(room);
  const typing = users.length ? users.map(name).join(", ") : `${count} people`;
  if (error) return <p role="alert">{error.message}</p>;
  return (
    <section>
      <h1>{info?.title}</h1>
      <div className="log">
        <ol>
          {more && <button onClick={() => room.older()}>Older messages</button>}
          {rows.map((row) => (
            <Row key={row.key} row={row} room={room} />
          ))}
        </ol>
      </div>
      <p className="typing">{count > 0 && `${typing} typing …`}</p>
      <Composer room={room} />
    </section>
  );
}

function Row({ row, room }) {
  if (row.kind === "notice") {
    const { type, users = [], by } = row.notice;
    return <li className="quiet">{`${users.map(name).join(", ") || name(by)}: ${type}`}</li>;
  }
  if (row.kind === "message") {
    return (
      <li>
        <b>{name(row.sender)}</b> {row.body ?? <i>deleted</i>}
      </li>
    );
  }
  return (
    <li className="quiet">
      {row.body} {row.state === "failed" ? row.error?.message : "…"}
      {row.state === "failed" && (
        <>
          <button onClick={() => room.retry(row.client_id)}>Try again</button>
          <button onClick={() => room.discard(row.client_id)}>Discard</button>
        </>
      )}
    </li>
  );
}

function Composer({ room }) {
  const [text, setText] = useState("");
  const change = (event) => {
    setText(event.target.value);
    room.typingNow(event.target.value !== "");
  };
  const submit = (event) => {
    event.preventDefault();
    if (!text.trim()) return;
    room.send(text);
    setText("");
  };
  return (
    <form onSubmit={submit}>
      <input value={text} onChange={change} placeholder="Message" aria-label="Message" />
      <button>Send</button>
    </form>
  );
}

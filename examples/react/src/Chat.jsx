import { useEffect, useState } from "react";
import { useClient, useConnection, useRooms, useUnread, useUser } from "tertulia/react";

import { Room } from "./Room.jsx";

export function Chat({ onLeave }) {
  const user = useUser();
  const { state, error } = useConnection();
  const { messages } = useUnread();
  const [chosen, choose] = useState(null);
  return (
    <main>
      <nav aria-label="Rooms">
        <Rooms chosen={chosen} onChoose={choose} />
        <p role="status">{error?.message ?? (state === "online" ? `${messages} unread` : state)}</p>
        <button onClick={onLeave}>Sign out {user?.username}</button>
      </nav>
      {chosen ? <Room key={chosen} id={chosen} /> : <p className="empty">Choose a room.</p>}
    </main>
  );
}

function Rooms({ chosen, onChoose }) {
  const client = useClient();
  const mine = useRooms();
  const others = usePublicRooms().filter(({ id }) => !mine.some((room) => room.id === id));
  const join = (id) => client.join(id).then(() => onChoose(id));
  return (
    <ul>
      {mine.map(({ id, title, unread }) => (
        <li key={id}>
          <button aria-current={id === chosen} onClick={() => onChoose(id)}>
            {title} {unread > 0 && <b>{unread}</b>}
          </button>
        </li>
      ))}
      {others.map(({ id, title }) => (
        <li key={id}>
          <button onClick={() => join(id)}>Join {title}</button>
        </li>
      ))}
    </ul>
  );
}

function usePublicRooms() {
  const client = useClient();
  const [rooms, setRooms] = useState([]);
  useEffect(() => {
    client.directory().then(
      ({ items }) => setRooms(items),
      () => {},
    );
  }, [client]);
  return rooms;
}

/** Tertulia's stores as React hooks: `tertulia/react`, for React 18 and later. */

import {
  createContext,
  createElement,
  useContext,
  useEffect,
  useMemo,
  useState,
  useSyncExternalStore,
} from "react";

/**
 * @template T
 * @typedef {import("./model/listeners.js").Readable<T>} Readable
 */

/**
 * @typedef {import("./client.js").Client} Client
 * @typedef {import("./client.js").Connection} Connection
 * @typedef {import("./client.js").Unread} Unread
 * @typedef {import("./model/types.js").MessagesView} MessagesView
 * @typedef {import("./model/types.js").RoomSummary} RoomSummary
 * @typedef {import("./model/types.js").TypingView} TypingView
 * @typedef {import("./model/types.js").User} User
 * @typedef {import("./room.js").Room} Room
 *
 * @typedef {Room | string | null | undefined} WhichRoom a room, or the id of one of the provider's client; nothing: no
 *   room (yet)
 *
 * @typedef {MessagesView & { error: Error | null }} Messages `error`: why the room could not be opened; an `ApiError`
 *   `not_found` when it is not there for me, `Stopped` when the client has ended
 */

/** What is shown before anything is known, and by a server that renders the page: it is always the same object. */
const NOTHING = Object.freeze({
  connection: /** @type {Connection} */ (
    Object.freeze({ state: "offline", retryAt: null, error: null })
  ),
  messages: /** @type {MessagesView} */ (
    Object.freeze({
      rows: Object.freeze([]),
      more: false,
      loading: false,
      ready: false,
      gone: false,
    })
  ),
  presence: /** @type {Readonly<Record<string, "online" | "away">>} */ (Object.freeze({})),
  rooms: /** @type {readonly RoomSummary[]} */ (Object.freeze([])),
  typing: /** @type {TypingView} */ (Object.freeze({ users: Object.freeze([]), count: 0 })),
  unread: /** @type {Unread} */ (Object.freeze({ rooms: 0, messages: 0, mentions: 0 })),
});

const Here = createContext(/** @type {Client | null} */ (null));

/**
 * Gives all hooks below it a client, and starts it (not where a server renders). Who made the client closes it, when
 * the user signs out: not an effect, because React may run effects twice, and a closed client stays closed.
 *
 * @param {{ client: Client, children?: import("react").ReactNode }} props
 * @returns {import("react").ReactElement}
 */
export function TertuliaProvider({ client, children }) {
  useEffect(() => client.start(), [client]);
  return createElement(Here.Provider, { value: client }, children);
}

/**
 * The provider's client.
 *
 * @returns {Client} always the same object
 */
export function useClient() {
  return useClientOr(undefined);
}

/**
 * @param {string} id
 * @param {Client} [client] the provider's, if none is given; so for all hooks
 * @returns {Room} always the same object, to act with: `room.send(text)`. It is not opened by this.
 */
export function useRoom(id, client) {
  return useClientOr(client).room(id);
}

/**
 * My rooms, last active first, with what is unread in each.
 *
 * @param {Client} [client]
 */
export function useRooms(client) {
  return useStore(useClientOr(client).rooms, NOTHING.rooms);
}

/**
 * How much is unread in all my rooms together.
 *
 * @param {Client} [client]
 */
export function useUnread(client) {
  return useStore(useClientOr(client).unread, NOTHING.unread);
}

/**
 * Whether the line is up.
 *
 * @param {Client} [client]
 */
export function useConnection(client) {
  return useStore(useClientOr(client).connection, NOTHING.connection);
}

/**
 * Who is there, by user id; who is not named is offline.
 *
 * @param {Client} [client]
 */
export function usePresence(client) {
  return useStore(useClientOr(client).presence, NOTHING.presence);
}

/**
 * Who I am; null until the server has said so.
 *
 * @param {Client} [client]
 * @returns {User | null}
 */
export function useUser(client) {
  return useStore(useClientOr(client).user, null);
}

/**
 * The messages of a room, which is open for as long as any component looks at it.
 *
 * @param {WhichRoom} room
 * @param {{ read?: boolean }} [options] `read`: the newest message counts as read while the page is looked at; for a
 *   view that shows it
 * @returns {Messages} the same object until something changes
 */
export function useMessages(room, { read = false } = {}) {
  const opened = useWhichRoom(room);
  const error = useOpen(opened);
  const view = useStore(opened?.messages, NOTHING.messages);
  useRead(opened, view, read);
  return useMemo(() => ({ ...view, error }), [view, error]);
}

/**
 * Who types in a room, without me; opens the room, too.
 *
 * @param {WhichRoom} room
 */
export function useTyping(room) {
  const opened = useWhichRoom(room);
  useOpen(opened);
  return useStore(opened?.typing, NOTHING.typing);
}

/**
 * The value of any store: `useStore(room.members)`, `useStore(client.blocked)`.
 *
 * @template T
 * @template [Empty=T]
 * @param {Readable<T> | null | undefined} store
 * @param {Empty} [empty] while there is no store, and while a server renders the page; always the same object
 * @returns {T | Empty}
 */
export function useStore(store, empty) {
  const getEmpty = () => /** @type {T | Empty} */ (empty);
  const get = store?.getSnapshot ?? getEmpty;
  return useSyncExternalStore(store?.subscribe ?? never, get, empty === undefined ? get : getEmpty);
}

/** @param {Client | undefined} client */
function useClientOr(client) {
  const here = useContext(Here);
  const found = client ?? here;
  if (!found) throw new Error("There is no client: render a <TertuliaProvider client={…}> above.");
  return found;
}

/**
 * @param {WhichRoom} which
 * @returns {Room | null}
 */
function useWhichRoom(which) {
  const client = useContext(Here);
  if (typeof which !== "string") return which ?? null;
  if (!client) throw new Error("A room's id needs a <TertuliaProvider client={…}> above.");
  return client.room(which);
}

/**
 * Opens a room for as long as the component is there.
 *
 * @param {Room | null} room
 * @returns {Error | null} why that failed
 */
function useOpen(room) {
  const [failed, setFailed] = useState(/** @type {{ room: Room, error: Error } | null} */ (null));
  useEffect(() => {
    if (!room) return undefined;
    let isHere = true;
    const opened = room.open().then(
      () => null,
      (error) => ({ room, error }),
    );
    void opened.then((outcome) => isHere && setFailed(outcome));
    return () => {
      isHere = false;
      room.close();
    };
  }, [room]);
  return failed && failed.room === room ? failed.error : null;
}

/**
 * @param {Room | null} room
 * @param {MessagesView} view
 * @param {boolean} isOn
 */
function useRead(room, view, isOn) {
  const index = isOn && view.ready ? newest(view) : 0;
  useEffect(() => {
    if (!room || !index) return undefined;
    const page = globalThis.document; // there is none in React Native
    const read = () => void (page?.visibilityState !== "hidden" && room.read(index));
    read();
    page?.addEventListener("visibilitychange", read);
    return () => page?.removeEventListener("visibilitychange", read);
  }, [room, index]);
}

/**
 * @param {MessagesView} view
 * @returns {number} the index of its newest message; 0: there is none
 */
function newest({ rows }) {
  for (let place = rows.length - 1; place >= 0; place -= 1) {
    const row = rows[place];
    if (row && row.kind !== "pending" && row.index !== null) return row.index;
  }
  return 0;
}

const never = () => () => {};

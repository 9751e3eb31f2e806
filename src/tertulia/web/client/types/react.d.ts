/** Tertulia's stores as React hooks: `tertulia/react`, for React 18 and later. */
export type Readable<T> = import("./model/listeners.js").Readable<T>;
export type Client = import("./client.js").Client;
export type Connection = import("./client.js").Connection;
export type Unread = import("./client.js").Unread;
export type MessagesView = import("./model/types.js").MessagesView;
export type RoomSummary = import("./model/types.js").RoomSummary;
export type TypingView = import("./model/types.js").TypingView;
export type User = import("./model/types.js").User;
export type Room = import("./room.js").Room;
export type WhichRoom = Room | string | null | undefined;
export type Messages = MessagesView & {
    error: Error | null;
};
/**
 * Gives all hooks below it a client, and starts it (not where a server renders). Who made the client closes it, when
 * the user signs out: not an effect, because React may run effects twice, and a closed client stays closed.
 *
 * @param {{ client: Client, children?: import("react").ReactNode }} props
 * @returns {import("react").ReactElement}
 */
export declare function TertuliaProvider({ client, children }: {
    client: Client;
    children?: import("react").ReactNode;
}): import("react").ReactElement;
/**
 * The provider's client.
 *
 * @returns {Client} always the same object
 */
export declare function useClient(): Client;
/**
 * @param {string} id
 * @param {Client} [client] the provider's, if none is given; so for all hooks
 * @returns {Room} always the same object, to act with: `room.send(text)`. It is not opened by this.
 */
export declare function useRoom(id: string, client?: Client): Room;
/**
 * My rooms, last active first, with what is unread in each.
 *
 * @param {Client} [client]
 */
export declare function useRooms(client?: Client): readonly import("./model/types.js").RoomSummary[];
/**
 * How much is unread in all my rooms together.
 *
 * @param {Client} [client]
 */
export declare function useUnread(client?: Client): import("./client.js").Unread;
/**
 * Whether the line is up.
 *
 * @param {Client} [client]
 */
export declare function useConnection(client?: Client): import("./client.js").Connection;
/**
 * Who is there, by user id; who is not named is offline.
 *
 * @param {Client} [client]
 */
export declare function usePresence(client?: Client): Readonly<Record<string, "away" | "online">>;
/**
 * Who I am; null until the server has said so.
 *
 * @param {Client} [client]
 * @returns {User | null}
 */
export declare function useUser(client?: Client): User | null;
/**
 * The messages of a room, which is open for as long as any component looks at it.
 *
 * @param {WhichRoom} room
 * @param {{ read?: boolean }} [options] `read`: the newest message counts as read while the page is looked at; for a
 *   view that shows it
 * @returns {Messages} the same object until something changes
 */
export declare function useMessages(room: WhichRoom, { read }?: {
    read?: boolean;
}): Messages;
/**
 * Who types in a room, without me; opens the room, too.
 *
 * @param {WhichRoom} room
 */
export declare function useTyping(room: WhichRoom): import("./model/types.js").TypingView;
/**
 * The value of any store: `useStore(room.members)`, `useStore(client.blocked)`.
 *
 * @template T
 * @template [Empty=T]
 * @param {Readable<T> | null | undefined} store
 * @param {Empty} [empty] while there is no store, and while a server renders the page; always the same object
 * @returns {T | Empty}
 */
export declare function useStore<T, Empty = T>(store: Readable<T> | null | undefined, empty?: Empty): T | Empty;

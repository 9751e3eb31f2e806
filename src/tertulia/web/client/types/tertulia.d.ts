/** The client library of Tertulia: rooms, timelines, presence and posts that arrive, as stores. */
export { createClient } from "./client.js";
export { ApiError, ConnectionLost, OutboxFull, Stopped, TertuliaError } from "./net/errors.js";
export { createSession } from "./net/session.js";
export type Client = import("./client.js").Client;
export type ClientOptions = import("./client.js").ClientOptions;
export type Connection = import("./client.js").Connection;
export type Unread = import("./client.js").Unread;
export type Session = import("./net/session.js").Session;
export type GetToken = import("./net/tokens.js").GetToken;
export type Room = import("./room.js").Room;
export type Member = import("./model/types.js").Member;
export type MembersView = import("./model/types.js").MembersView;
export type Message = import("./model/types.js").Message;
export type MessageRow = import("./model/types.js").MessageRow;
export type MessagesView = import("./model/types.js").MessagesView;
export type Notice = import("./model/types.js").Notice;
export type Notify = import("./model/types.js").Notify;
export type PendingRow = import("./model/types.js").PendingRow;
export type Presence = import("./model/types.js").Presence;
export type Reaction = import("./model/types.js").Reaction;
export type Receipt = import("./model/types.js").Receipt;
export type Role = import("./model/types.js").Role;
export type RoomResource = import("./model/types.js").RoomResource;
export type RoomSummary = import("./model/types.js").RoomSummary;
export type Row = import("./model/types.js").Row;
export type TypingView = import("./model/types.js").TypingView;
export type User = import("./model/types.js").User;
export type Readable<T> = import("./model/listeners.js").Readable<T>;
/**
 * @typedef {import("./client.js").Client} Client
 * @typedef {import("./client.js").ClientOptions} ClientOptions
 * @typedef {import("./client.js").Connection} Connection
 * @typedef {import("./client.js").Unread} Unread
 * @typedef {import("./net/session.js").Session} Session
 * @typedef {import("./net/tokens.js").GetToken} GetToken
 * @typedef {import("./room.js").Room} Room
 * @typedef {import("./model/types.js").Member} Member
 * @typedef {import("./model/types.js").MembersView} MembersView
 * @typedef {import("./model/types.js").Message} Message
 * @typedef {import("./model/types.js").MessageRow} MessageRow
 * @typedef {import("./model/types.js").MessagesView} MessagesView
 * @typedef {import("./model/types.js").Notice} Notice
 * @typedef {import("./model/types.js").Notify} Notify
 * @typedef {import("./model/types.js").PendingRow} PendingRow
 * @typedef {import("./model/types.js").Presence} Presence
 * @typedef {import("./model/types.js").Reaction} Reaction
 * @typedef {import("./model/types.js").Receipt} Receipt
 * @typedef {import("./model/types.js").Role} Role
 * @typedef {import("./model/types.js").RoomResource} RoomResource
 * @typedef {import("./model/types.js").RoomSummary} RoomSummary
 * @typedef {import("./model/types.js").Row} Row
 * @typedef {import("./model/types.js").TypingView} TypingView
 * @typedef {import("./model/types.js").User} User
 */
/**
 * @template T
 * @typedef {import("./model/listeners.js").Readable<T>} Readable
 */

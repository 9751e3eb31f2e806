/** The client library of Tertulia: rooms, timelines, presence and posts that arrive, as stores. */

export { createClient } from "./client.js";
export { ApiError, ConnectionLost, OutboxFull, Stopped, TertuliaError } from "./net/errors.js";
export { createSession } from "./net/session.js";

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

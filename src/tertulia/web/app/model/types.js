/**
 * The shapes that the page reads. Names are those of the wire.
 *
 * @typedef {{ id: string, number?: number, username: string, name?: string, avatar?: string, is_bot?: boolean,
 *   is_staff?: boolean, deleted?: boolean }} User
 * @typedef {{ emoji: string, count: number, users: string[] }} Reaction
 * @typedef {{ type: string, users?: User[], by?: User, title?: string, role?: string }} Notice
 *
 * @typedef {object} Row A message, a notice, or a post that waits (`pending`).
 * @property {string} key Stays the same when a waiting post becomes its message.
 * @property {"message" | "notice" | "pending"} kind
 * @property {string} created_at
 * @property {number | null} [index]
 * @property {number} [seq]
 * @property {User | null} [sender]
 * @property {string | null} [body]
 * @property {Notice} [notice]
 * @property {number | null} [reply_to]
 * @property {string} [client_id]
 * @property {string[]} [mentions]
 * @property {boolean} [mentions_room]
 * @property {Reaction[]} [reactions]
 * @property {string} [edited_at]
 * @property {string} [deleted_at]
 * @property {"pending" | "failed"} [state]
 * @property {Error | null} [error]
 *
 * @typedef {object} Place A room as far as its name and picture go.
 * @property {string} id
 * @property {"public" | "private" | "direct"} kind
 * @property {string | null} name
 * @property {string} title
 * @property {string} description
 * @property {number} member_count
 * @property {User | null} [partner]
 *
 * @typedef {Place & { joined?: boolean }} Found A room in the directory.
 *
 * @typedef {object} Standing
 * @property {number} unread
 * @property {number} mentions
 * @property {number} message_count
 * @property {Omit<Row, "key"> | null} [last_message]
 * @property {string | null} [role] None: not a member.
 * @property {string} [notify]
 * @property {boolean} archived
 * @property {string | null} [muted_until]
 * @property {number} [slow_mode] Seconds between two posts of mine.
 * @property {number} [changed_seq] Of the settings.
 *
 * @typedef {Place & Standing} Room A room in my list.
 *
 * @typedef {{ user: User, role: string, left_at?: string }} Member
 * @typedef {{ state: "online" | "connecting" | "offline", retryAt: number | null, error: Error | null }} Connection
 */

export {};

/**
 * What the server says, with its wire names (docs/protocol.md). A field that is absent is none. Times are ISO 8601
 * in UTC. Nobody changes these objects: a new version is a new one.
 *
 * @typedef {Record<string, any>} Frame one JSON object of the protocol
 *
 * @typedef {"owner" | "admin" | "moderator" | "member"} Role
 * @typedef {"all" | "mentions" | "none"} Notify
 * @typedef {"online" | "away" | "offline"} Presence
 *
 * @typedef {object} User
 * @property {string} id
 * @property {number} number
 * @property {string} username
 * @property {string} [name]
 * @property {string} [avatar] a URL
 * @property {string} [external_id]
 * @property {boolean} [is_bot]
 * @property {boolean} [deleted] the account is gone: show it as that
 *
 * @typedef {object} Reaction
 * @property {string} emoji
 * @property {number} count
 * @property {string[]} users ids of the first 50
 *
 * @typedef {object} Notice what happened
 * @property {"joined" | "left" | "added" | "removed" | "banned" | "role" | "renamed" | "archived" | "unarchived"} type
 * @property {User[]} [users]
 * @property {User} [by]
 * @property {string} [title]
 * @property {Role} [role]
 *
 * @typedef {object} Message a message, or a notice, which has no index
 * @property {string} id
 * @property {"message" | "notice"} kind
 * @property {number | null} index
 * @property {number} seq
 * @property {number} changed_seq
 * @property {User | null} sender
 * @property {string | null} body null when it was deleted, and of a notice
 * @property {string} created_at
 * @property {number} [after] the index behind which a notice stands
 * @property {Notice} [notice]
 * @property {number} [reply_to]
 * @property {string} [client_id]
 * @property {string[]} [mentions] user ids
 * @property {boolean} [mentions_room]
 * @property {Reaction[]} [reactions]
 * @property {Record<string, any>} [metadata]
 * @property {string} [pinned_at]
 * @property {string} [edited_at]
 * @property {string} [deleted_at]
 *
 * @typedef {Message & { key: string }} MessageRow `key` stays the same from the moment it is sent
 *
 * @typedef {object} PendingRow a post of mine that is not stored yet
 * @property {string} key
 * @property {"pending"} kind
 * @property {string} client_id
 * @property {string} body
 * @property {number | null} reply_to
 * @property {"pending" | "failed"} state failed: it waits for `retry` or `discard`
 * @property {Error | null} error why it failed
 * @property {string} created_at
 *
 * @typedef {MessageRow | PendingRow} Row
 *
 * @typedef {object} Member
 * @property {User} user
 * @property {Role} role
 * @property {string} joined_at
 * @property {number} changed_seq
 * @property {string} [left_at]
 * @property {string} [muted_until]
 *
 * @typedef {object} Me how I stand in a room
 * @property {Role} role
 * @property {number} read_index
 * @property {number} delivered_index
 * @property {number} unread
 * @property {number} mentions
 * @property {string} joined_at
 * @property {Notify} notify
 * @property {boolean} hidden
 * @property {string} [muted_until]
 * @property {number} [unread_from]
 *
 * @typedef {object} RoomResource a room as REST and `ready` have it
 * @property {string} id
 * @property {number} number
 * @property {"public" | "private" | "direct"} kind
 * @property {string | null} name
 * @property {string} title
 * @property {string} description
 * @property {number} member_count
 * @property {number} message_count
 * @property {number} first_index
 * @property {number} head_seq
 * @property {number} changed_seq
 * @property {string} created_at
 * @property {boolean} archived
 * @property {number} slow_mode
 * @property {number} [retention_days]
 * @property {string} [external_id]
 * @property {Record<string, any>} [metadata]
 * @property {Me} [me]
 * @property {User} [partner]
 * @property {Message} [last_message]
 * @property {boolean} [joined] in the directory only
 *
 * @typedef {object} RoomSummary a room as a list shows it
 * @property {string} id
 * @property {"public" | "private" | "direct"} kind
 * @property {string | null} name
 * @property {string} title what people see: the title, the name, or the other one of a direct room
 * @property {string} description
 * @property {User | null} partner the other one of a direct room
 * @property {string | null} owner a user id, as far as it is known
 * @property {number} unread
 * @property {number} mentions 100 means "100 or more"
 * @property {number} message_count the index of the newest message
 * @property {number} first_index older messages are not kept
 * @property {Message | null} last_message
 * @property {number} member_count
 * @property {Role | null} role null: I am no member
 * @property {number | null} read_index up to where I have read; null: I am no member
 * @property {string | null} muted_until
 * @property {Notify} notify
 * @property {boolean} hidden
 * @property {number | null} unread_from the message from which on I marked it as unread
 * @property {boolean} archived
 * @property {number} slow_mode seconds between two posts of a member
 * @property {number} changed_seq the `seq` of the last change of its settings
 * @property {number | null} retention_days
 * @property {string | null} external_id
 * @property {Record<string, any> | null} metadata
 * @property {string} created_at
 *
 * @typedef {object} Receipt how far a member has read, and received
 * @property {number} read_index
 * @property {number} delivered_index
 *
 * @typedef {object} MessagesView
 * @property {readonly Row[]} rows oldest first; what is not stored yet stands at the end
 * @property {boolean} more there is something older: `older()`
 * @property {boolean} loading a page is on its way
 * @property {boolean} ready the newest page is here
 * @property {boolean} gone the room is not there for me (any more)
 *
 * @typedef {{ users: readonly User[], count: number }} TypingView who types, without me; large rooms only count
 * @typedef {{ complete: boolean, items: readonly Member[] }} MembersView large rooms tell no members
 *
 * @typedef {"info" | "messages" | "members" | "receipts" | "typing"} Part of a room, that changed
 */

export {};

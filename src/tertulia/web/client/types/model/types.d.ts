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
export type Frame = Record<string, any>;
export type Role = "owner" | "admin" | "moderator" | "member";
export type Notify = "all" | "mentions" | "none";
export type Presence = "online" | "away" | "offline";
export type User = {
    id: string;
    number: number;
    username: string;
    name?: string;
    /**
     * a URL
     */
    avatar?: string;
    external_id?: string;
    is_bot?: boolean;
    /**
     * the account is gone: show it as that
     */
    deleted?: boolean;
};
export type Reaction = {
    emoji: string;
    count: number;
    /**
     * ids of the first 50
     */
    users: string[];
};
export type Notice = {
    type: "joined" | "left" | "added" | "removed" | "banned" | "role" | "renamed" | "archived" | "unarchived";
    users?: User[];
    by?: User;
    title?: string;
    role?: Role;
};
export type Message = {
    id: string;
    kind: "message" | "notice";
    index: number | null;
    seq: number;
    changed_seq: number;
    sender: User | null;
    /**
     * null when it was deleted, and of a notice
     */
    body: string | null;
    created_at: string;
    /**
     * the index behind which a notice stands
     */
    after?: number;
    notice?: Notice;
    reply_to?: number;
    client_id?: string;
    /**
     * user ids
     */
    mentions?: string[];
    mentions_room?: boolean;
    reactions?: Reaction[];
    metadata?: Record<string, any>;
    pinned_at?: string;
    edited_at?: string;
    deleted_at?: string;
};
export type MessageRow = Message & {
    key: string;
};
export type PendingRow = {
    key: string;
    kind: "pending";
    client_id: string;
    body: string;
    reply_to: number | null;
    /**
     * failed: it waits for `retry` or `discard`
     */
    state: "pending" | "failed";
    /**
     * why it failed
     */
    error: Error | null;
    created_at: string;
};
export type Row = MessageRow | PendingRow;
export type Member = {
    user: User;
    role: Role;
    joined_at: string;
    changed_seq: number;
    left_at?: string;
    muted_until?: string;
};
export type Me = {
    role: Role;
    read_index: number;
    delivered_index: number;
    unread: number;
    mentions: number;
    joined_at: string;
    notify: Notify;
    hidden: boolean;
    muted_until?: string;
    unread_from?: number;
};
export type RoomResource = {
    id: string;
    number: number;
    kind: "public" | "private" | "direct";
    name: string | null;
    title: string;
    description: string;
    member_count: number;
    message_count: number;
    first_index: number;
    head_seq: number;
    changed_seq: number;
    created_at: string;
    archived: boolean;
    slow_mode: number;
    retention_days?: number;
    external_id?: string;
    metadata?: Record<string, any>;
    me?: Me;
    partner?: User;
    last_message?: Message;
    /**
     * in the directory only
     */
    joined?: boolean;
};
export type RoomSummary = {
    id: string;
    kind: "public" | "private" | "direct";
    name: string | null;
    /**
     * what people see: the title, the name, or the other one of a direct room
     */
    title: string;
    description: string;
    /**
     * the other one of a direct room
     */
    partner: User | null;
    /**
     * a user id, as far as it is known
     */
    owner: string | null;
    unread: number;
    /**
     * 100 means "100 or more"
     */
    mentions: number;
    /**
     * the index of the newest message
     */
    message_count: number;
    /**
     * older messages are not kept
     */
    first_index: number;
    last_message: Message | null;
    member_count: number;
    /**
     * null: I am no member
     */
    role: Role | null;
    /**
     * up to where I have read; null: I am no member
     */
    read_index: number | null;
    muted_until: string | null;
    notify: Notify;
    hidden: boolean;
    /**
     * the message from which on I marked it as unread
     */
    unread_from: number | null;
    archived: boolean;
    /**
     * seconds between two posts of a member
     */
    slow_mode: number;
    /**
     * the `seq` of the last change of its settings
     */
    changed_seq: number;
    retention_days: number | null;
    external_id: string | null;
    metadata: Record<string, any> | null;
    created_at: string;
};
export type Receipt = {
    read_index: number;
    delivered_index: number;
};
export type MessagesView = {
    /**
     * oldest first; what is not stored yet stands at the end
     */
    rows: readonly Row[];
    /**
     * there is something older: `older()`
     */
    more: boolean;
    /**
     * a page is on its way
     */
    loading: boolean;
    /**
     * the newest page is here
     */
    ready: boolean;
    /**
     * the room is not there for me (any more)
     */
    gone: boolean;
};
export type TypingView = {
    users: readonly User[];
    count: number;
};
export type MembersView = {
    complete: boolean;
    items: readonly Member[];
};
export type Part = "info" | "messages" | "members" | "receipts" | "typing";
export {};

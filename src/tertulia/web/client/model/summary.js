/** @typedef {import("./types.js").RoomSummary} RoomSummary */

const SETTINGS = {
  kind: /** @type {RoomSummary["kind"]} */ ("private"),
  name: null,
  description: "",
  owner: null,
  archived: false,
  slow_mode: 0,
  changed_seq: 0,
  retention_days: null,
  external_id: null,
  metadata: null,
  created_at: "",
};

const MINE = {
  role: null,
  read_index: null,
  muted_until: null,
  notify: /** @type {RoomSummary["notify"]} */ ("all"),
  hidden: false,
  unread_from: null,
};

/**
 * A room as a list shows it.
 *
 * @param {import("./state.js").RoomState} room
 * @returns {RoomSummary}
 */
export function summary(room) {
  return {
    ...filled(SETTINGS, room.settings),
    ...filled(MINE, room.me ?? {}),
    id: room.id,
    title: room.title,
    partner: room.partner,
    unread: room.unread,
    mentions: room.mentions,
    message_count: room.messageCount,
    first_index: room.firstIndex,
    last_message: room.lastMessage,
    member_count: room.memberCount,
  };
}

/**
 * The fields of `empty`, with what is known of them.
 *
 * @template {Record<string, any>} T
 * @param {T} empty
 * @param {Record<string, any>} known
 * @returns {T}
 */
function filled(empty, known) {
  const fields = Object.entries(empty).map(([name, none]) => [name, known[name] ?? none]);
  return /** @type {T} */ (Object.fromEntries(fields));
}

/** What a view of a room says, in the words in which recordings tell it. */

const QUIET = ["notify", "hidden", "unread_from", "muted_until"];

/** @param {import("../../../../src/tertulia/web/client/model/room.js").RoomModel} view */
export function seen(view) {
  const { state, cursor } = view;
  const { me, members } = state;
  return {
    cursor,
    settings: state.settings,
    message_count: state.messageCount,
    member_count: state.memberCount,
    first_index: state.firstIndex,
    role: me && me.role,
    read_index: me && me.read_index,
    unread: state.unread,
    mentions: state.mentions,
    quiet:
      me && Object.fromEntries(QUIET.map((name) => [name, /** @type {any} */ (me)[name] ?? null])),
    last_message: state.lastMessage,
    partner: state.partner,
    members: Object.fromEntries(members.present.map((member) => [member.user.id, member])),
    floor: state.timeline.floor,
    messages: state.timeline.rows.map(({ key: _key, ...row }) => row),
    members_complete: members.complete,
    title: state.title,
  };
}

/**
 * Names of what differs: how far back one has read is no difference, and what is known of members and owner counts
 * only where both know all.
 *
 * @param {Record<string, any>} one
 * @param {Record<string, any>} other
 * @param {string[]} [names] only these
 */
export function differences(one, other, names = Object.keys(other)) {
  const floor = Math.max(one.floor ?? 0, other.floor ?? 0);
  const complete = one.members_complete && other.members_complete;
  const shown = (/** @type {Record<string, any>} */ view) => ({
    ...view,
    floor: null,
    members_complete: null,
    messages: view.messages?.filter((/** @type {any} */ row) => row.seq >= floor),
    members: complete ? view.members : null,
    settings: complete ? view.settings : { ...view.settings, owner: null },
  });
  const [mine, theirs] = [plain(shown(one)), plain(shown(other))];
  return names.filter((name) => JSON.stringify(mine[name]) !== JSON.stringify(theirs[name]));
}

/**
 * With sorted keys, so that two that say the same look the same.
 *
 * @param {any} value
 * @returns {any}
 */
export function plain(value) {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, plain(value[key])]),
  );
}

/**
 * Where two values differ, and how.
 *
 * @param {any} one
 * @param {any} other
 * @param {string} [path]
 * @returns {string[]}
 */
export function places(one, other, path = "") {
  if (isObject(one) && isObject(other)) {
    const names = new Set([...Object.keys(one), ...Object.keys(other)]);
    return [...names].flatMap((name) => places(one[name], other[name], `${path}.${name}`));
  }
  const [mine, theirs] = [JSON.stringify(plain(one)), JSON.stringify(plain(other))];
  return mine === theirs ? [] : [`${path}: ${mine} instead of ${theirs}`];
}

/**
 * @param {any} value
 * @returns {value is Record<string, any>}
 */
function isObject(value) {
  return typeof value === "object" && value !== null;
}

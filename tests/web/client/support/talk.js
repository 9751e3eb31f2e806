import { createClient } from "../../../../src/tertulia/web/client/tertulia.js";
import { FakeClock, settle } from "./clock.js";
import { FakeSockets, ready } from "./sockets.js";

const ANA = { id: "ana", number: 1, username: "ana" };
const NOW = "2026-01-01T12:00:00.000000Z";

/** Ana's client, and the server, which the test plays: it answers what it is asked by `answer`. */
export class Talk {
  clock = new FakeClock();
  sockets = new FakeSockets();
  client = createClient({
    url: "http://chat.example.org",
    getToken: () => "token",
    storage: null,
    clock: this.clock,
    random: () => 0.5,
    WebSocket: this.sockets.WebSocket,
    indexedDB: null,
    locks: null,
    BroadcastChannel: null,
    wake: () => () => {},
  });

  get line() {
    return this.sockets.last;
  }

  /** @param {string[]} rooms mine */
  async online(...rooms) {
    await settle();
    this.line.open();
    await settle();
    this.line.answer("hello");
    this.line.tell(ready({ user: ANA, rooms: rooms.map((id) => resource(id, 1)) }));
    await settle();
  }

  /** The rooms for which `subscribe` was said, each as often as it was. */
  get asked() {
    return this.line.all("subscribe").map(({ room }) => room);
  }

  /** Answer the last `subscribe`: the room has one message. */
  async answer() {
    const { room } = this.line.last("subscribe");
    this.line.answer("subscribe");
    const member = { user: ANA, role: "member", joined_at: NOW, changed_seq: 1 };
    const members = [{ ...member, read_index: 0, delivered_index: 1 }];
    const snapshot = { room: resource(room, 1), messages: [message(1, "First")], members };
    this.line.tell({ ev: "reload", room, seq: 2, snapshot });
    await settle();
  }

  /**
   * Ben says something.
   *
   * @param {string} room
   * @param {number} index
   * @param {string} body
   */
  async say(room, index, body) {
    const one = message(index, body);
    this.line.tell({ ev: "message", room, seq: one.seq, message: one });
    await settle();
  }
}

/**
 * @param {number} index
 * @param {string} body
 */
function message(index, body) {
  const seq = index + 1;
  const sender = { id: "ben", number: 2, username: "ben" };
  const head = { id: `message-${index}`, kind: "message", index, seq, changed_seq: seq };
  return { ...head, sender, body, created_at: NOW };
}

/**
 * @param {string} id
 * @param {number} count of its messages
 */
function resource(id, count) {
  const me = { role: "member", read_index: 0, delivered_index: count, unread: count, mentions: 0 };
  const mine = { ...me, joined_at: NOW, notify: "all", hidden: false };
  const named = { id, number: 1, kind: "public", name: id, title: id, description: "" };
  const counts = { member_count: 1, message_count: count, first_index: 1, head_seq: count + 1 };
  const times = { changed_seq: 1, created_at: NOW, archived: false, slow_mode: 0 };
  return { ...named, ...counts, ...times, me: mine };
}

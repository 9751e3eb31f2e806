/** The page: rooms on one side, the room that is open on the other. */

import { Refusal, ask } from "./api.js";
import { get, text } from "./elements.js";
import { Line } from "./line.js";
import { Log } from "./log.js";
import { RoomList } from "./rooms.js";
import { signIn, signOut, signUp, whoAmI } from "./person.js";

/**
 * @typedef {import("./api.js").Room} Room
 * @typedef {import("./api.js").Person} Person
 */

const LOOK_AGAIN = 15_000;
const CUT_OFF = "Connection lost. Trying again…";

const entry = get("entry", HTMLFormElement);
const say = get("say", HTMLFormElement);
const box = get("box", HTMLTextAreaElement);
const alert = get("alert", HTMLElement);
const log = new Log(get("messages", HTMLElement), get("log", HTMLElement));
const list = new RoomList(get("rooms", HTMLElement), open);

/** @type {Person | null} */
let me = null;
/** @type {Room[]} */
let rooms = [];
/** @type {Room | null} */
let room = null;
/** @type {Line | null} */
let line = null;
/** What was sent last: it comes back into the box if it is refused. */
let last = "";

/**
 * Does something, and says what went wrong.
 *
 * @param {() => Promise<unknown>} work
 */
async function attempt(work) {
  alert.textContent = "";
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    alert.textContent = error.message;
    if (error.status === 401 && me !== null) become(null);
  }
}

/**
 * The next round may do better.
 *
 * @param {unknown} error
 */
function ignore(error) {
  if (!(error instanceof Refusal)) throw error;
}

/** @param {Person | null} person */
function become(person) {
  me = person;
  log.me = person?.username ?? "";
  log.clear();
  get("me", HTMLElement).textContent = log.me;
  get("leave", HTMLElement).hidden = person === null;
  get("new", HTMLElement).hidden = person === null;
  if (room === null) close();
  else open(room);
}

async function loadRooms() {
  rooms = await ask("GET", "api/rooms/");
  const found = rooms.find((each) => each.room_uuid === room?.room_uuid);
  if (room !== null && found === undefined) close();
  else if (found !== undefined) room = found;
  showRooms();
}

function showRooms() {
  list.show(rooms, room?.room_uuid);
  get("people", HTMLElement).textContent = room?.users.join(", ") ?? "";
}

/** @param {"rooms" | "room"} place what is seen where both do not fit */
function show(place) {
  document.body.dataset.place = place;
  get("room", HTMLElement).hidden = room === null;
  get("nothing", HTMLElement).hidden = room !== null || me === null;
  entry.hidden = room !== null || me !== null;
  say.hidden = me === null;
  get("enter", HTMLElement).hidden = me !== null || (place === "room" && room === null);
  document.title = room === null ? "Channels" : `${room.room_name} · Channels`;
}

/** No room is open any more. */
function close() {
  line?.close();
  line = room = null;
  log.clear();
  showRooms();
  show("rooms");
}

/** @param {Room} wanted */
function open(wanted) {
  line?.close();
  if (room?.room_uuid !== wanted.room_uuid) log.clear();
  room = wanted;
  get("name", HTMLElement).textContent = wanted.room_name;
  get("line", HTMLElement).textContent = "";
  showRooms();
  show("room");
  line = me === null ? null : new Line(address(wanted), listener(wanted));
  if (line === null) attempt(() => load(wanted));
  else box.focus();
}

/**
 * Its name; its id where another room in the list is called the same, and where a browser would take it for a path.
 *
 * @param {Room} wanted
 */
function address(wanted) {
  const alike = rooms.filter((each) => each.room_name === wanted.room_name);
  const plain = alike.length < 2 && !/^\.{1,2}$/.test(wanted.room_name);
  return plain ? wanted.room_name : wanted.room_uuid;
}

/** @param {Room} wanted */
async function load(wanted) {
  const found = await ask("GET", `api/messages/?room_uuid=${wanted.room_uuid}`);
  if (room?.room_uuid === wanted.room_uuid) log.load(found);
}

/**
 * @param {Room} wanted
 * @returns {import("./line.js").Listener}
 */
function listener(wanted) {
  const status = get("line", HTMLElement);
  return {
    opened() {
      status.textContent = "";
      attempt(() => Promise.all([load(wanted), loadRooms()]));
    },
    said({ message_uuid, message, user, created_at }) {
      log.add({ message_uuid, content: message, room: wanted.room_name, user, created_at });
    },
    refused(reason) {
      alert.textContent = reason;
      box.value ||= last;
    },
    lost() {
      status.textContent = CUT_OFF;
    },
    shut() {
      status.textContent = CUT_OFF;
      attempt(async () => {
        if ((await whoAmI()) === null) become(null);
        else await loadRooms();
      });
    },
  };
}

entry.onsubmit = (event) => {
  event.preventDefault();
  const way = event.submitter instanceof HTMLButtonElement && event.submitter.value === "up";
  attempt(async () => {
    const enter = way ? signUp : signIn;
    become(await enter(text(entry, "username"), text(entry, "password")));
    entry.reset();
    await loadRooms();
  });
};

get("make", HTMLFormElement).onsubmit = (event) => {
  event.preventDefault();
  const form = get("make", HTMLFormElement);
  const users = text(form, "users")
    .split(/[\s,]+/)
    .filter((name) => name !== "");
  const body = { room_name: text(form, "room_name"), ...(users.length > 0 && { users }) };
  attempt(async () => {
    const made = await ask("POST", "api/rooms/", body);
    form.reset();
    get("new", HTMLDetailsElement).open = false;
    await loadRooms();
    open(made);
  });
};

say.onsubmit = (event) => {
  event.preventDefault();
  const message = box.value;
  if (room === null || me === null || message.trim() === "") return;
  const { room_uuid } = room;
  const { id, username } = me;
  attempt(async () => {
    if (line === null || !line.send({ message, username: id }))
      await ask("POST", "api/messages/", { room: room_uuid, content: message, user: username });
    last = message;
    say.reset();
  });
};

say.onkeydown = (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  say.requestSubmit();
};

get("back", HTMLElement).onclick = () => (room === null ? show("rooms") : close());
get("enter", HTMLElement).onclick = () => {
  close();
  show("room");
  entry.querySelector("input")?.focus();
};
get("leave", HTMLElement).onclick = () =>
  attempt(async () => {
    await signOut();
    become(null);
    await loadRooms();
  });

setInterval(() => {
  if (document.visibilityState === "visible") loadRooms().catch(ignore);
}, LOOK_AGAIN);

attempt(async () => {
  become(await whoAmI());
  await loadRooms();
});

"""What a client knows of one room. Pure: no clock, no line; frames in, state out."""

from collections.abc import Mapping
from enum import Enum
from typing import Any, cast

from tertulia.client import compare
from tertulia.client.timeline import Page, Timeline, place
from tertulia.domain.mentions import MENTIONS_CEILING
from tertulia.protocol.resources import MemberResource, MessageResource, MyRoomResource, UserResource

Frame = dict[str, Any]
"""A frame of docs/protocol.md, decoded."""

MAX_MEMBERS = 1_000
_SETTINGS = (
    "kind", "name", "title", "description", "owner", "changed_seq", "number", "created_at", "archived", "slow_mode",
)  # fmt: skip
_OPTIONAL = ("retention_days", "external_id", "metadata")
"""Settings that are none when they are absent."""
_STANDING = frozenset(("role", "muted_until", "joined_at"))


class Outcome(Enum):
    """What became of a frame."""

    APPLIED = "applied"
    IGNORED = "ignored"  # older than the cursor
    GAP = "gap"  # something is missing: say `subscribe` with the cursor
    LEFT = "left"  # I am no member any more: forget the room


class RoomModel:
    """One room, kept by the rules of docs/protocol.md, section 4.

    `cursor` is the seq up to which everything is here; None while the room is only listed: then `timeline` and
    `members` are empty and the counts come from the list. `members` holds those who left, too (`left_at`), and is
    complete only if `members_complete`: large rooms tell no members, and nobody else's receipts.
    """

    def __init__(self, room: str, user: str | None = None) -> None:
        self.id = room
        self.user = user
        self.blocked: frozenset[str] = frozenset()
        self.timeline = Timeline()
        self._clear()

    def _clear(self) -> None:
        self.cursor: int | None = None
        self.catching_up = False
        self.settings: Frame = {}
        self.me: Frame | None = None
        self.partner: UserResource | None = None
        self.last_message: MessageResource | None = None
        self.message_count = 0
        self.member_count = 0
        self.first_index = 1
        self.members: dict[str, MemberResource] = {}
        self.members_complete = False
        self.receipts: dict[str, tuple[int, int]] = {}
        self.typing: list[UserResource] = []
        self.typing_count = 0
        self._deleted: dict[str, UserResource] = {}
        self._counted_at = self._told_at = self._fresh_at = 0
        self._left = False

    # What a view asks.

    @property
    def title(self) -> str:
        """What people see: the title, the name, or the other one of a direct room."""
        if self.partner is not None:
            return self.partner["username"]
        return str(self.settings.get("title") or self.settings.get("name") or self.id)

    @property
    def messages(self) -> list[MessageResource]:
        """Messages and notices, oldest first, without a hole."""
        return self.timeline.rows

    @property
    def present(self) -> list[MemberResource]:
        """Who is a member now, as far as it is known."""
        return [member for member in self.members.values() if "left_at" not in member]

    @property
    def unread(self) -> int:
        """A subtraction; 0 for who is no member."""
        if self.me is None:
            return 0
        return max(0, self.message_count - max(self._seen, self.first_index - 1))

    @property
    def notify(self) -> str:
        """How much I want to be told: all, mentions, none."""
        return str((self.me or {}).get("notify", "all"))

    @property
    def hidden(self) -> bool:
        """Until a message comes."""
        return bool((self.me or {}).get("hidden", False))

    @property
    def unread_from(self) -> int | None:
        """The message from which on I marked the room as unread."""
        return (self.me or {}).get("unread_from")

    @property
    def _seen(self) -> int:
        """Up to where I have read, or marked something as unread."""
        if self.me is None:
            return 0
        return min(int(self.me["read_index"]), int(self.me.get("unread_from", self.message_count + 1)) - 1)

    @property
    def mentions(self) -> int:
        """Unread messages that mention me; 100 means "100 or more"."""
        if self.me is None or not self.unread:
            return 0
        read = self._seen
        first = self.timeline.at(max(read + 1, self.first_index))
        if first is None or self.timeline.floor is None or first["seq"] < self.timeline.floor:
            return min(int(self.me["mentions"]), self.unread)
        unread = (row for row in self.messages if (row["index"] or 0) > read)
        return min(MENTIONS_CEILING, sum(map(self._mentions_me, unread)))

    def _mentions_me(self, row: MessageResource) -> bool:
        """By my name or by @room; neither by myself, nor @room by somebody whom I block."""
        sender = None if row["sender"] is None else row["sender"]["id"]
        if sender == self.user:
            return False
        whole_room = row.get("mentions_room", False) and sender not in self.blocked
        return whole_room or self.user in row.get("mentions", ())

    # What changes it.

    def listed(self, room: MyRoomResource) -> None:
        """From `ready` or REST: settings and counts. Moves no cursor."""
        self._take_settings(cast(Frame, room))
        self._count(room["member_count"], room["head_seq"])
        self.message_count = max(self.message_count, room["message_count"])
        self._raise_first(room["first_index"])
        self.partner = room.get("partner", self.partner)
        self._take_last(room.get("last_message"))
        if (me := room.get("me")) is not None:
            is_old = self.cursor is not None and room["head_seq"] < self.cursor
            self._take_me(self._as_i_stand(me) if is_old and self.me else me, room["message_count"])

    def apply(self, frame: Frame) -> Outcome:
        """A frame about this room: the rules of the cursor. After GAP nothing was changed."""
        match frame["ev"]:
            case "changes":
                return self._changes(frame)
            case "reload":
                return self._reload(frame)
            case "receipt":
                for one in frame["receipts"]:
                    self.receive(one["user"], one["read_index"], one["delivered_index"])
            case "me":
                if self.me is not None:
                    self._take_me(self._as_i_stand(frame["me"]), frame["message_count"])
            case "typing":
                self.typing = frame.get("users", [])
                self.typing_count = frame["count"]
            case _:
                return self._live(frame)
        return Outcome.APPLIED

    def _live(self, event: Frame) -> Outcome:
        if self.cursor is None:
            self._glance(event)
            return Outcome.LEFT if self._leaves(event) else Outcome.GAP
        if event["seq"] <= self.cursor:
            return Outcome.IGNORED
        if event["seq"] > self.cursor + 1:
            return Outcome.GAP
        self.cursor = event["seq"]
        return self._take(event, event["seq"])

    def _changes(self, frame: Frame) -> Outcome:
        if self.cursor is None:
            for item in frame["items"]:
                self._glance(item)
            return Outcome.GAP
        if frame["from"] > self.cursor:
            self.catching_up = False
            return Outcome.GAP
        news = frame["to"] > self.cursor
        self.catching_up = frame["more"] and (news or self.catching_up)
        self.cursor = max(self.cursor, frame["to"])
        outcomes = [self._take(item, frame["to"]) for item in frame["items"]]
        self._left = self._left or (news and Outcome.LEFT in outcomes)
        return Outcome.LEFT if self._left and not frame["more"] else Outcome.APPLIED

    def _reload(self, frame: Frame) -> Outcome:
        snapshot = frame["snapshot"]
        self.forget()
        self.cursor = self._fresh_at = frame["seq"]
        self.listed(snapshot["room"])
        self.timeline.start([row for row in snapshot["messages"] if place(row) >= self.first_index])
        self.members_complete = "members" in snapshot
        for member in snapshot.get("members", ()):
            self._take_member(member)
            self.receive(member["user"]["id"], member.get("read_index", 0), member.get("delivered_index", 0))
        for row in snapshot["messages"]:
            self._take_last(row)
        return Outcome.APPLIED

    def forget(self) -> None:
        """As before the first frame. Pages of history that were asked for before are not good any more."""
        self._clear()
        self.timeline.forget()

    def put(self, row: MessageResource) -> None:
        """A message from a reply: of two versions the greater `changed_seq` wins. Moves no cursor."""
        if self.cursor is not None:
            self._take_row(row)

    def put_page(self, page: Page, generation: int) -> list[MessageResource] | None:
        """A page of history that was asked for in this `generation` of the timeline: the rows that the view gained.

        None when the timeline began anew since: ask again.
        """
        if generation != self.timeline.generation:
            return None
        kept = [self._as_now(row) for row in page.rows if place(row) >= self.first_index]
        return self.timeline.put_page(page._replace(rows=kept))

    def receive(self, user: str, read_index: int, delivered_index: int) -> None:
        """Positions only grow."""
        if self.me is not None and user == self.user:
            self.me["read_index"] = max(self.me["read_index"], read_index)
            self.me["delivered_index"] = max(self.me["delivered_index"], delivered_index, read_index)
        if user in self.members:
            read, delivered = self.receipts.get(user, (0, 0))
            self.receipts[user] = max(read, read_index), max(delivered, delivered_index, read_index)

    def look(self, index: int) -> bool:
        """I read up to `index` again: a mark before it moves behind it, or ends. Whether there was one."""
        if self.me is None or self.unread_from is None or index < self.unread_from:
            return False
        if index < self.me["read_index"]:
            self.me["unread_from"] = index + 1
        else:
            del self.me["unread_from"]
        return True

    def cut(self) -> None:
        """The line is down: nobody types, nothing is on its way."""
        self.typing, self.typing_count, self.catching_up = [], 0, False

    # The rows.

    def _take(self, event: Frame, at: int) -> Outcome:
        self._take_around(event, at)
        if (row := event.get("message")) is not None:
            self._take_row(row)
        return Outcome.LEFT if self._leaves(event) else Outcome.APPLIED

    def _take_around(self, event: Frame, at: int) -> None:
        """Everything but the rows: settings, members, counts."""
        if (settings := event.get("settings")) is not None:
            self._take_settings(settings)
            self._count(settings["member_count"], at)
            self._raise_first(settings["first_index"])
        for member in event.get("members", ()):
            self._take_member(member, self._fresh_at + 1)
        if "member_count" in event:
            self._count(event["member_count"], at)

    def _as_i_stand(self, me: Mapping[str, Any]) -> Frame:
        """`me` without what `member` events say in their order: it may be older than the last of them."""
        known = self.me or {}
        told = {key: me[key] for key in me if key not in _STANDING}
        return told | {key: known[key] for key in _STANDING if key in known}

    def _take_me(self, me: Mapping[str, Any], message_count: int) -> None:
        """How I stand, as it was when the room had so many messages; what I have read only grows."""
        known, self.me = self.me, dict(me)
        self._told_at = message_count
        if known is not None:
            self.receive(self.user or "", known["read_index"], known["delivered_index"])
        for row in self.messages:
            if (row["index"] or 0) > message_count:
                self._count_mention(row)
                self._hear(row)
        newest = self.last_message
        if newest is not None and (newest["index"] or 0) > message_count:
            self._hear(newest)

    def _hear(self, row: MessageResource) -> None:
        """A new message: the room is not hidden any more; by myself: nothing is marked as unread."""
        if self.me is not None:
            self.me["hidden"] = False
            if row["sender"] is not None and row["sender"]["id"] == self.user:
                self.me.pop("unread_from", None)

    def _take_row(self, row: MessageResource) -> None:
        if place(row) < self.first_index:
            return  # the answer to something that was asked before it became too old
        row = self._as_now(row)
        new = row["index"] is not None and self.timeline.at(row["index"]) is None
        self.timeline.put(row)
        if new and (row["index"] or 0) > self._told_at:
            self._count_mention(row)
        self._take_last(row)

    def _count_mention(self, row: MessageResource) -> None:
        if self.me is not None and self._mentions_me(row):
            self.me["mentions"] = min(MENTIONS_CEILING, self.me["mentions"] + 1)

    def _take_last(self, row: MessageResource | None) -> None:
        """`row` may be the last message, and posting reads up to the post."""
        if row is None or row["index"] is None or row["index"] < self.first_index:
            return
        news = row["index"] > max(self.message_count, self._told_at)
        self.message_count = max(self.message_count, row["index"])
        if news:
            self._hear(row)
        if row["sender"] is not None:
            self.receive(row["sender"]["id"], row["index"], row["index"])
        row, last = self._as_now(row), self.last_message
        if last is None or (row["seq"], row["changed_seq"]) > (last["seq"], last["changed_seq"]):
            self.last_message = row

    def _take_settings(self, settings: Mapping[str, Any]) -> None:
        if settings["changed_seq"] >= self.settings.get("changed_seq", 0):
            self.settings |= {key: settings[key] for key in _SETTINGS if key in settings}
            for key in _OPTIONAL:
                self.settings.pop(key, None)
            self.settings |= {key: settings[key] for key in _OPTIONAL if key in settings}

    def _take_member(self, member: MemberResource, after: int = 0) -> None:
        """Rows that are not known and no newer than `after` are of people who left before the reload."""
        user = member["user"]["id"]
        if user == self.user and self.me is not None:
            self.me["role"], self.me["joined_at"] = member["role"], member["joined_at"]
            self.me.pop("muted_until", None)
            self.me |= {"muted_until": member["muted_until"]} if "muted_until" in member else {}
        if member["user"].get("deleted"):
            self._forget_person(member["user"])
        if member["role"] == "owner" and "left_at" not in member:
            self.settings["owner"] = user
        elif self.settings.get("owner") == user:
            del self.settings["owner"]
        known = self.members.get(user)
        if not self.members_complete or member["changed_seq"] < (known["changed_seq"] if known else after):
            return
        self.members[user] = cast(
            MemberResource,
            {key: value for key, value in member.items() if key not in ("read_index", "delivered_index")},
        )
        if "left_at" in member:
            self.receipts.pop(user, None)
        if len(self.members) > MAX_MEMBERS:
            self.members, self.receipts, self.members_complete = {}, {}, False

    def _forget_person(self, user: UserResource) -> None:
        """The account is deleted: whatever they wrote is shown as by somebody who is gone."""
        self._deleted[user["id"]] = user
        self.timeline.update(self._as_now)
        self.last_message = self.last_message and self._as_now(self.last_message)
        if self.partner is not None and self.partner["id"] == user["id"]:
            self.partner = user

    def _as_now(self, row: MessageResource) -> MessageResource:
        sender = row["sender"]
        gone = self._deleted.get(sender["id"]) if sender is not None else None
        return row if gone is None else {**row, "sender": gone}

    def _leaves(self, event: Frame) -> bool:
        members = event.get("members", ())
        return any(member["user"]["id"] == self.user and "left_at" in member for member in members)

    def _glance(self, event: Frame) -> None:
        """Keep counts, settings and last message of a room that is only listed."""
        self._take_around(event, event["seq"])
        if (row := event.get("message")) is not None:
            if (row["index"] or 0) > self.message_count:
                self._count_mention(row)
            self._take_last(row)

    def _count(self, members: int, at: int) -> None:
        if at >= self._counted_at:
            self.member_count, self._counted_at = members, at

    def _raise_first(self, index: int) -> None:
        if index > self.first_index:
            self.first_index = index
            self.message_count = max(self.message_count, index - 1)  # also of messages that nobody saw here
            self.timeline.drop_below(index)
            if self.last_message is not None and (self.last_message["index"] or 0) < index:
                self.last_message = None

    # For tests and tools.

    def differences(self, other: "RoomModel") -> list[str]:
        """Names of what differs from another view of the room; empty when they say the same."""
        return compare.differences(self, other)

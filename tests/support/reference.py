"""A server's state in a few lines, kept the plain way: what every client's view must come to equal."""

import copy
from typing import Any

Frame = dict[str, Any]
TIME = "2026-01-01T12:00:00.000000Z"
ME = "user-1"


def person(number: int) -> Frame:
    return {"id": f"user-{number}", "number": number, "username": f"user{number}"}


class ReferenceRoom:
    """One room. Every change takes one seq and returns the event that says it. `large`: tells no members."""

    def __init__(self, room: str, *, kind: str = "public", large: bool = False, part: int = 3) -> None:
        self.id = room
        self.large = large
        self.kind = kind
        self.part = part
        self.head = 0
        self.count = 0
        self.title = "first"
        self.settings_seq = 1
        self.first = 1
        self.more: Frame = {}
        self.rows: dict[int, Frame] = {}
        self.members: dict[str, Frame] = {}
        self.read: dict[str, int] = {}
        self.join(1)

    # Changes.

    def post(self, user: int, body: str, client_id: str | None = None, mentions: tuple[str, ...] = ()) -> Frame:
        self.head += 1
        self.count += 1
        row = {
            "id": f"{self.id}-{self.head}",
            "kind": "message",
            "index": self.count,
            "seq": self.head,
            "changed_seq": self.head,
            "sender": person(user),
            "body": body,
            "created_at": TIME,
        }
        row |= {"client_id": client_id} if client_id else {}
        row |= {"mentions": list(mentions)} if mentions else {}
        self.rows[self.head] = row
        self.read[f"user-{user}"] = self.count
        return self._message(row)

    def change(self, index: int, **changes: Any) -> Frame:
        """Edit, delete, react: the row as it is then."""
        self.head += 1
        row = next(row for row in self.rows.values() if row["index"] == index)
        row |= {"changed_seq": self.head, **changes}
        return self._message(row)

    def join(self, user: int) -> Frame:
        self.head += 1
        member: Frame = {"user": person(user), "role": "member", "joined_at": TIME, "changed_seq": self.head}
        self.members[member["user"]["id"]] = member
        self.read[member["user"]["id"]] = self.count
        return self._member(member, self._notice("joined", user))

    def leave(self, user: int) -> Frame:
        self.head += 1
        member = self.members[f"user-{user}"]
        member |= {"changed_seq": self.head, "left_at": TIME}
        return self._member(member, self._notice("left", user))

    def stand(self, user: int, **changes: Any) -> Frame:
        """A role, a mute (None: no more): the member's row as it is then, without a notice."""
        self.head += 1
        member = self.members[f"user-{user}"]
        member |= {"changed_seq": self.head, **changes}
        for key in [key for key, value in changes.items() if value is None]:
            del member[key]
        return self._member(member)

    def set(self, **settings: Any) -> Frame:
        """Settings beside the title; what is not named is none."""
        self.head += 1
        self.settings_seq, self.more = self.head, settings
        return self._said({"ev": "room", "seq": self.head, "settings": self.settings()})

    def trim(self, first: int) -> Frame:
        self.head += 1
        self.settings_seq, self.first = self.head, first
        return self._said({"ev": "room", "seq": self.head, "settings": self.settings()})

    def rename(self, title: str) -> Frame:
        self.head += 1
        self.title = title
        self.settings_seq = self.head
        notice = self._notice("renamed", 1)
        return self._said({"ev": "room", "seq": self.head, "settings": self.settings(), "message": notice})

    # Questions.

    def is_member(self, user: int) -> bool:
        member = self.members.get(f"user-{user}")
        return member is not None and "left_at" not in member

    @property
    def present(self) -> list[Frame]:
        return [member for member in self.members.values() if "left_at" not in member]

    def settings(self) -> Frame:
        return {
            "id": self.id,
            "number": 1,
            "kind": self.kind,
            "name": "room",
            "title": self.title,
            "description": "",
            "member_count": len(self.present),
            "message_count": self.count,
            "first_index": self.first,
            "head_seq": self.head,
            "changed_seq": self.settings_seq,
            "created_at": TIME,
            "archived": False,
            "slow_mode": 0,
            **self.more,
        }

    def listed(self) -> Frame:
        """The room in `ready`."""
        room = self.settings()
        if self.is_member(1):
            read = self.read[ME]
            above = [row for row in self.rows.values() if (row["index"] or 0) > read]
            room["me"] = {
                "role": "member",
                "read_index": read,
                "delivered_index": read,
                "unread": self.count - read,
                "mentions": sum(ME in row.get("mentions", ()) for row in above),
                "joined_at": TIME,
                "notify": "all",
                "hidden": False,
            }
        last = [row for row in self.rows.values() if row["index"] == self.count]
        return copy.deepcopy(room | ({"last_message": last[0]} if last else {}))

    def reload(self, page: int = 4) -> Frame:
        rows = [self.rows[seq] for seq in sorted(self.rows)][-page:]
        snapshot: Frame = {"room": self.listed(), "messages": rows}
        if not self.large:
            snapshot["members"] = [
                member | {"read_index": self.read[user], "delivered_index": self.read[user]}
                for user, member in self.members.items()
                if "left_at" not in member
            ]
        return self._said({"ev": "reload", "seq": self.head, "snapshot": snapshot})

    def changes(self, seq: int) -> list[Frame]:
        """Everything that changed since `seq`, in parts that end on whole seqs."""
        items = [self._message(row) for row in self.rows.values() if row["changed_seq"] > seq]
        items += [self._member(member) for member in self.members.values() if member["changed_seq"] > seq]
        if self.settings_seq > seq:
            items.append(self._said({"ev": "room", "seq": self.settings_seq, "settings": self.settings()}))
        items.sort(key=lambda item: item["seq"])
        frames: list[Frame] = []
        start = seq
        while len(items) > self.part:
            end = items[self.part - 1]["seq"]
            part = [item for item in items if item["seq"] <= end]
            items = items[len(part) :]
            frames.append({"ev": "changes", "room": self.id, "from": start, "to": end, "items": part, "more": True})
            start = end
        last = {"ev": "changes", "room": self.id, "from": start, "to": self.head, "items": items, "more": False}
        return copy.deepcopy([*frames, last])

    def history(self, before: int, limit: int) -> tuple[list[Frame], bool]:
        """`limit` messages, and the notices between them."""
        first, last = max(1, before - limit), min(self.count, before - 1)
        notices = first if first > 1 else 0
        rows = [
            row
            for row in self.rows.values()
            if (first <= row["index"] <= last if row["index"] is not None else notices <= row["after"] <= last)
        ]
        return copy.deepcopy(sorted(rows, key=lambda row: row["seq"])), first > 1

    def _notice(self, what: str, user: int) -> Frame:
        row = {
            "id": f"{self.id}-{self.head}",
            "kind": "notice",
            "index": None,
            "seq": self.head,
            "changed_seq": self.head,
            "sender": None,
            "body": None,
            "created_at": TIME,
            "after": self.count,
            "notice": {"type": what, "users": [person(user)]},
        }
        self.rows[self.head] = row
        return row

    def _message(self, row: Frame) -> Frame:
        return self._said({"ev": "message", "seq": row["changed_seq"], "message": row})

    def _member(self, member: Frame, notice: Frame | None = None) -> Frame:
        event = {
            "ev": "member",
            "seq": member["changed_seq"],
            "members": [member],
            "member_count": len(self.present),
        }
        return self._said(event | ({"message": notice} if notice else {}))

    def _said(self, frame: Frame) -> Frame:
        return copy.deepcopy({"room": self.id, **frame})


def ready(rooms: list[ReferenceRoom], *, epoch: str = "epoch-1", more: bool = False, **others: Any) -> Frame:
    return {
        "ev": "ready",
        "user": person(1),
        "epoch": epoch,
        "boot": "boot-1",
        "heartbeat": {"interval": 25, "timeout": 50},
        "expires_in": 900,
        "rooms": [room.listed() for room in rooms if room.is_member(1)],
        "more": more,
        "presence": [],
        **others,
    }

"""Every query of the hot paths finds its rows by an index: their cost does not grow with the database."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event

from support.databases import ON_POSTGRESQL, ON_SQLITE
from support.heart import Heart, heart
from tertulia.domain.changes import Post
from tertulia.domain.models import User
from tertulia.storage import (
    accounts,
    audit,
    avatars,
    bans,
    blocks,
    changes,
    erasure,
    export,
    invites,
    members,
    membership,
    messages,
    numbered,
    people,
    receipts,
    reports,
    rooms,
    users,
)

TABLES = (
    "messages|members|rooms|users|mentions|reactions|members_1|audit|invites|reports|blocks|room_mentions|bans|avatars"
)


def _silent_rooms(connection: Connection) -> None:
    blocks.add(connection, 1, 1, 1)
    blocks.direct_rooms(connection, 1)


QUERIES: dict[str, tuple[Callable[..., Any], tuple[Any, ...], list[str]]] = {
    # name → function, arguments, indexes that must be used
    "changed since": (
        messages.changed_since,
        (1, 5, 100),
        ["(room=? AND seq>?", "ix_messages_changed (room=? AND changed_seq>?"],
    ),
    "members since": (changes._members_since, (1, 5), ["ix_members_changed (room=? AND changed_seq>?"]),
    "by client ids": (
        messages.by_client_ids,
        ([(1, 1, "a"), (1, 2, "b"), (2, 1, "c")],),
        ["uq_messages_client_id (sender=? AND room=? AND client_id=?"],
    ),
    "by ids": (messages.by_ids, (["a", "b"],), ["(id=?"]),
    "by indexes": (messages.by_indexes, ([(1, 1), (1, 2), (2, 1)],), ["uq_messages_room_index (room=? AND index=?"]),
    "last of": (messages.last_of, ({1: 5, 2: 7},), ["uq_messages_room_index (room=? AND index=?"]),
    "reactions": (messages.reactions_of, ([(1, 1), (2, 1)],), ["(room=? AND index=?"]),
    "some members": (members.some, ([(1, 1), (2, 1)],), ["PRIMARY KEY (room=? AND user=?"]),
    "one member": (members.one, (1, 1), ["PRIMARY KEY (room=? AND user=?"]),
    "named": (members.named, (1, ["ann", "bob"]), ["(username=?", "PRIMARY KEY (room=? AND user=?"]),
    "mention counts": (
        members.mention_counts,
        (1, [1, 2]),
        [
            "mentions USING PRIMARY KEY (user=? AND room=? AND index>?",
            "mentions USING PRIMARY KEY (user=? AND room=? AND index=?",
            "room_mentions USING PRIMARY KEY (room=? AND index>?",
            "blocks USING PRIMARY KEY (user=? AND blocked=?",
        ],
    ),
    "pins": (messages.pinned, (1, 1, None, 50), ["ix_messages_pinned (room=? AND pinned_at>?"]),
    "pins, counted": (messages.count_pinned, (1, 1), ["ix_messages_pinned (room=?"]),
    "bans among": (bans.among, ([(1, 1), (2, 1)],), ["bans USING PRIMARY KEY (room=? AND user=?"]),
    "banned from": (bans.rooms_of, (1, [1, 2]), ["bans USING PRIMARY KEY (room=? AND user=?"]),
    "whom one blocks": (blocks.ids_of, (1, 100), ["blocks USING PRIMARY KEY (user=?"]),
    "invites of a batch": (invites.load, ([1, 2],), ["INTEGER PRIMARY KEY (rowid=?"]),
    "external id": (rooms.by_external_id, ("x",), ["(external_id=?"]),
    "rooms of": (members.rooms_of, (1, 50), ["ix_members_user (user=? AND left_at=?"]),
    "what many follow": (
        members.followed,
        ([1, 2], 50),
        ["ix_members_user (user=? AND left_at=?", "INTEGER PRIMARY KEY (rowid=?"],
    ),
    "who blocks anybody": (blocks.who, ([1, 2],), ["blocks USING PRIMARY KEY (user=?"]),
    "some rooms": (rooms.by_numbers, ([1, 2],), ["INTEGER PRIMARY KEY (rowid=?"]),
    "partners": (members.partners, (1, [1, 2]), ["(room=?"]),
    "companions": (members.companions, (1, 100, 50), ["ix_members_user (user=? AND left_at=?"]),
    "users": (users.by_numbers, ([1, 2],), ["INTEGER PRIMARY KEY (rowid=?"]),
    "locks": (rooms.lock, ([1, 2],), ["INTEGER PRIMARY KEY (rowid=?"]),
    "heads": (rooms.heads, ([1, 2],), ["INTEGER PRIMARY KEY (rowid=?"]),
    "receipts": (receipts.advance, ([(1, 1, 2, 2), (2, 1, 2, 2)],), ["PRIMARY KEY (room=? AND user=?"]),
    "marks": (membership.read_again, ([(1, 1, 2), (2, 1, 2)],), ["PRIMARY KEY (room=? AND user=?"]),
    "how one stands": (membership.views, (1, [1, 2]), ["PRIMARY KEY (user=? AND room=? AND index>?"]),
    "blocked": (blocks.of, (1, 0, 50), ["blocks USING PRIMARY KEY (user=? AND blocked>?"]),
    "who blocks whom": (blocks.among, ([(1, 2), (2, 1)],), ["blocks USING PRIMARY KEY (user=? AND blocked=?"]),
    "silent rooms": (
        _silent_rooms,
        (),
        ["blocks USING PRIMARY KEY (user=?", "(direct_key=?"],
    ),
    "sharing a room": (people.share_room, (1, 2), ["ix_members_user (user=? AND left_at=?"]),
    "everybody of one's rooms": (
        people.everybody_shared,
        (1, 50),
        ["users USING INTEGER PRIMARY KEY (rowid=?", "ix_members_user (user=? AND left_at=?"],
    ),
    "found among few": (
        lambda connection: people.search_shared(connection, 1, "a", None, 50),
        (),
        ["users USING INTEGER PRIMARY KEY (rowid=?"],
    ),
    "found among many": (
        lambda connection: people.search_shared(connection, 1, "a", None, 50, few=0),
        (),
        ["ix_users_search_username (<expr>>? AND <expr><?"],
    ),
    "rooms of a deleted account": (
        erasure.rooms_of,
        (User(1, "x", "ann"),),
        ["ix_members_user (user=?", "ix_audit_actor (actor=?", "uq_messages_client_id (sender=? AND room>?"],
    ),
    "rooms to export": (
        export.rooms_of,
        (1,),
        ["ix_members_user (user=?", "uq_messages_client_id (sender=? AND room>?"],
    ),
    "what is to be blanked": (
        erasure.written_by,
        (1, 1, 1),
        ["uq_messages_room_index (room=? AND index>? AND index<?"],
    ),
    "what is exported": (export.messages_of, (1, 1, 1), ["uq_messages_room_index (room=? AND index>? AND index<?"]),
    "other staff": (accounts.other_staff, (1,), ["ix_users_staff"]),
    "a picture": (avatars.find, ("x", 64), ["avatars USING INDEX sqlite_autoindex_avatars_1 (token=?"]),
    "one's picture": (avatars.of, (1,), ["avatars USING INTEGER PRIMARY KEY (rowid=?"]),
    "invite by code": (invites.by_code, ("x",), ["(code=?"]),
    "good invites": (invites.count_open, (1, 5), ["ix_invites_room (room=?"]),
    "reported already": (reports.of_message, (1, "x"), ["ix_reports_reporter (reporter=?"]),
    "purge": (rooms.purge_slice, (), ["ix_rooms_deleted"]),
    "taken names": (rooms.taken, (["a", "b"],), ["uq_rooms_own_name (name=?"]),
    "by own name": (rooms.by_own_name, ("a",), ["uq_rooms_own_name (name=?"]),
    "own room of a name": (members.room_named, (1, "a"), ["ix_members_user (user=? AND left_at=?"]),
    "first members": (
        members.first_of,
        ([1, 2], 3),
        ["ix_members_joined (room=? AND joined_at<?", "members_1 USING INDEX ix_members_joined (room=?"],
    ),
    "by message number": (numbered.one, (1,), ["messages USING INTEGER PRIMARY KEY (rowid=?"]),
    "by message id": (numbered.one, ("x",), ["messages USING INDEX sqlite_autoindex_messages_1 (id=?"]),
    "by message numbers": (numbered.by_numbers, ([1, 2],), ["messages USING INTEGER PRIMARY KEY (rowid=?"]),
    "places of messages": (numbered.places, ([(1, 1), (2, 1)],), ["uq_messages_room_index (room=? AND index=?"]),
}
IN_ORDER: dict[str, tuple[Callable[..., Any], tuple[Any, ...], list[str]]] = {
    # these must not sort either
    "history": (
        lambda connection: messages.span(connection, 1, 5, 50, notices_after=4),
        (),
        [
            "uq_messages_room_index (room=? AND index>? AND index<?",
            "ix_messages_notices (room=? AND after>? AND after<?",
        ],
    ),
    "newest of a room": (
        numbered.span,
        (1, 5, 50),
        ["uq_messages_room_index (room=? AND index>? AND index<?"],
    ),
    "newest public rooms": (rooms.newest_public, (1, 50), ["ix_rooms_public", "PRIMARY KEY (room=? AND user=?"]),
    "members' page": (members.page, (1, (5, 5), 50), ["ix_members_joined (room=? AND (joined_at,user)>"]),
    "reports of a day": (reports.oldest_since, (1, 5, 20), ["ix_reports_reporter (reporter=? AND created_at>?"]),
    "open reports": (
        lambda connection: reports.page(connection, is_open=True, before=9, limit=50),
        (),
        ["ix_reports_open (number<?"],
    ),
    "audit of a room": (
        lambda connection: audit.page(connection, room_id="x", before=9),
        (),
        ["ix_audit_room (room_id=? AND number<?"],
    ),
    "audit about somebody": (lambda connection: audit.page(connection, user=1), (), ["ix_audit_user (user=?"]),
    "audit by somebody": (lambda connection: audit.page(connection, actor=1), (), ["ix_audit_actor (actor=?"]),
    "bans": (bans.page, (1, None, 50), ["bans USING PRIMARY KEY (room=? AND user>?"]),
    "heirs": (members.heirs, (1, 3), ["ix_members_joined (room=?"]),
}


def _plan(h: Heart, job: Callable[..., Any], arguments: tuple[Any, ...]) -> list[str]:
    """How SQLite answers all statements of `job`."""
    statements: list[tuple[str, Any]] = []

    def executed(_c: object, _cursor: object, statement: str, parameters: Any, _context: object, many: bool) -> None:
        statements.append((statement, parameters[0] if many else parameters))

    def explain(connection: Connection) -> list[str]:
        job(connection, *arguments)
        asked = [(statement, parameters) for statement, parameters in statements if not statement.startswith("BEGIN")]
        raw = connection.connection.dbapi_connection
        assert raw is not None
        steps: list[str] = []
        for statement, parameters in asked:
            cursor = raw.cursor()
            steps += [row[3] for row in cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)]
            cursor.close()
        return steps

    event.listen(h.reading, "before_cursor_execute", executed)
    try:
        return h.read(explain)
    finally:
        event.remove(h.reading, "before_cursor_execute", executed)


@ON_SQLITE
@pytest.mark.parametrize("name", [*QUERIES, *IN_ORDER])
async def test_no_query_reads_a_whole_table(tmp_path: Path, name: str) -> None:
    job, arguments, indexes = (QUERIES | IN_ORDER)[name]
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        room = await h.room(ann)
        await h.accepted(*(Post(room, ann, "x", f"{n}") for n in range(20)))
        steps = _plan(h, job, arguments)
    assert steps
    whole = [
        step for step in steps if re.match(rf"SCAN ({TABLES})\b(?!.*ix_(rooms_deleted|rooms_public|users_staff))", step)
    ]
    assert not whole, steps
    for index in indexes:
        assert any(index in step for step in steps), (index, steps)
    if name in IN_ORDER:
        assert not [step for step in steps if "TEMP B-TREE" in step], steps


@ON_POSTGRESQL
async def test_on_postgresql_an_index_serves_each_query(tmp_path: Path) -> None:
    """Of tables this small it would read the whole; told not to, it finds another way for each of them."""
    async with heart(tmp_path) as h:
        (ann,) = h.people("ann")
        room = await h.room(ann)
        await h.accepted(*(Post(room, ann, "x", f"{n}") for n in range(20)))
        for name, (job, arguments, _) in (QUERIES | IN_ORDER).items():
            plan = "\n".join(_plan_of_server(h, job, arguments))
            whole = re.findall(rf'Seq Scan on "?(?:{TABLES})\b', plan)
            assert not whole, (name, plan)


def _plan_of_server(h: Heart, job: Callable[..., Any], arguments: tuple[Any, ...]) -> list[str]:
    statements: list[tuple[str, Any]] = []

    def executed(_c: object, _cursor: object, statement: str, parameters: Any, _context: object, many: bool) -> None:
        statements.append((statement, parameters[0] if many else parameters))

    def explain(connection: Connection) -> list[str]:
        event.listen(connection, "before_cursor_execute", executed)
        job(connection, *arguments)
        event.remove(connection, "before_cursor_execute", executed)
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        plans = [connection.exec_driver_sql(f"EXPLAIN {statement}", parameters) for statement, parameters in statements]
        return [row[0] for plan in plans for row in plan]

    return h.write(explain)

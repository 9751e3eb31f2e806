"""docs/protocol.md is normative: its examples are of our types, its tables are our tables."""

import json
import re
from pathlib import Path
from typing import get_args

import pytest
from annotated_types import Le

from support.web import http_client
from support.wire import check_frame
from tertulia.domain.emojis import MAX_KINDS, MAX_REACTIONS, SHOWN_USERS
from tertulia.domain.errors import CODES, TITLES, CloseCode
from tertulia.domain.mentions import MAX_MENTIONS
from tertulia.domain.text import MAX_BODY
from tertulia.gateway.catchup import MAX_CHANGES_BYTES
from tertulia.gateway.commands import MAX_FOLLOWED
from tertulia.gateway.flow import IN_FLIGHT, STUCK_SECONDS
from tertulia.gateway.gateway import Limits
from tertulia.gateway.heartbeat import DEAD_SECONDS
from tertulia.gateway.transport import MAX_FRAME
from tertulia.protocol.asyncapi import COMMANDS, EVENTS
from tertulia.protocol.codec import decode_command
from tertulia.protocol.commands import MAX_CURSORS
from tertulia.protocol.fields import PageSize
from tertulia.storage.changes import MAX_ROWS

TEXT = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text()
LINES = re.findall(r"^([→←]) (.*)$", TEXT, re.MULTILINE)
SAID = [line for arrow, line in LINES if arrow == "→"]
HEARD = [line for arrow, line in LINES if arrow == "←"]


def section(number: int) -> str:
    found = re.search(rf"^## {number}\. .*?(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found.group()


def rows(text: str) -> list[list[str]]:
    """The cells of a table, without its head."""
    found = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]
    return [cells for cells in found[1:] if not set(cells[0]) <= {"-"}]


def blocks() -> list[list[tuple[str, str]]]:
    """The lines of each example."""
    found = re.findall(r"^```\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    return [re.findall(r"^([→←]) (.*)$", block, re.MULTILINE) for block in found]


@pytest.mark.parametrize("line", SAID)
def test_what_the_examples_say_is_a_command(line: str) -> None:
    decode_command(line)


def test_what_the_examples_hear_is_a_reply_or_an_event() -> None:
    for block in blocks():
        asked: dict[int, str] = {}
        for arrow, line in block:
            if arrow == "→":
                frame = json.loads(line)
                asked[frame.get("id")] = frame["cmd"]
            else:
                reply = json.loads(line).get("re")
                assert reply is None or reply in asked, line
                check_frame(line, asked.get(reply) if reply is not None else None)


def test_every_line_is_in_an_example() -> None:
    assert sum(map(len, blocks())) == len(LINES) > 30


def test_every_command_and_every_event_has_an_example() -> None:
    assert {json.loads(line)["cmd"] for line in SAID} >= set(COMMANDS) - {"presence"}
    assert {json.loads(line).get("ev") for line in HEARD} - {None} == set(EVENTS)
    for name in COMMANDS:
        assert re.search(rf"`{name}`|### .*\b{name}\b|\*\*{name}\*\*", TEXT), name


@pytest.mark.parametrize("name", COMMANDS)
def test_every_field_of_a_command_is_named(name: str) -> None:
    for field in COMMANDS[name].model_fields:  # type: ignore[attr-defined]
        assert f"`{field}`" in TEXT or f'"{field}":' in TEXT, field


def test_the_bounds_that_are_in_force_are_told() -> None:
    [page] = [limit.le for limit in get_args(PageSize)[1].metadata if isinstance(limit, Le)]
    assert f"1 to {page} messages (50)" in section(3)
    assert f"1 to {MAX_BODY:,} characters" in section(3)
    assert f"at most {MAX_KINDS} kinds and {MAX_REACTIONS:,} reactions" in section(3)
    assert f"the first {SHOWN_USERS} who reacted" in section(3)
    assert f"the first {MAX_MENTIONS} `@`" in section(3)
    assert f"follows {MAX_FOLLOWED:,} rooms" in section(3)
    assert f"At most {IN_FLIGHT} commands" in section(3)
    assert f"at most {MAX_CURSORS:,})" in section(4)
    assert f"more than {MAX_ROWS:,} rows or {MAX_CHANGES_BYTES // 1_000_000} MB" in section(4)
    assert f"{MAX_FRAME // 1024} KiB" in section(2)
    limits = Limits()
    assert f"more than {limits.unsent // 1024**2} MiB unsent, or {STUCK_SECONDS:.0f} s" in section(5)
    assert f"no `hello` within {limits.hello_seconds:.0f} s" in section(5)
    assert f"nothing heard for {DEAD_SECONDS} s" in section(5)
    assert f"may send {limits.command_rate:.0f} commands a second" in section(3)


def test_section_5_is_the_table_of_close_codes() -> None:
    told = {int(cells[0]): cells[2] for cells in rows(section(5))}
    assert told.keys() == {code.value for code in CloseCode}
    for code, answer in told.items():
        if code >= 4000:
            assert answer.startswith("no" if code >= 4500 else "yes"), code


def test_section_7_is_the_table_of_error_codes() -> None:
    told = {cells[0].strip("`"): (int(cells[1]), cells[2]) for cells in rows(section(7))}
    assert told == {code: (status, TITLES[code]) for code, status in CODES.items()}


def routes() -> set[str]:
    """`GET rooms/{}/messages`, as section 6 tells them."""
    table = section(6).split("Who may do what")[0]
    found: set[str] = set()
    for cells in rows(table):
        methods: list[str] = []
        for quoted in re.findall(r"`([^`]*)`", cells[0]):
            words = quoted.split(" ", 1)
            if words[0].startswith(("{", "name", "client")):
                continue
            if len(words) == 1:
                methods.append(words[0])
                continue
            path = re.sub(r"\{[^}]*\}", "{}", words[1].split("?")[0].split(" ")[0])
            found |= {f"{method} {path}" for method in [*methods, words[0]]}
            methods = []
    return found


async def test_section_6_names_the_routes_that_there_are_and_no_others() -> None:
    async with http_client() as http:
        document = (await http.get("/api/openapi.json")).json()
    there = {
        f"{method.upper()} " + re.sub(r"\{[^}]*\}", "{}", path.removeprefix("/api/v1/"))
        for path, methods in document["paths"].items()
        for method in methods
    }
    assert routes() == there - {"GET /healthz", "GET /readyz"}  # not of API v1

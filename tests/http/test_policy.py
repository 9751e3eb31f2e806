"""Every value of every setting of services/policy.py, over REST."""

from pathlib import Path

import pytest

from support.node import Node, Person, node
from support.staff import staff_person
from tertulia.domain.ids import new_id

Answer = tuple[int, str]


async def asked(here: Node, who: Person, method: str, path: str, body: object = None) -> Answer:
    """Status, and the code of the refusal."""
    answer = await here.call(who, method, path, body)
    return answer.status_code, answer.json().get("code", "")


OK, MADE, FORBIDDEN, NOT_FOUND = (200, ""), (201, ""), (403, "forbidden"), (404, "not_found")


@pytest.mark.parametrize(("value", "expected"), [("everyone", MADE), ("staff", FORBIDDEN)])
async def test_public_rooms(tmp_path: Path, value: str, expected: Answer) -> None:
    async with node(tmp_path, public_rooms=value) as here:
        ann, staff = await here.person("ann"), await staff_person(here)
        assert await asked(here, ann, "POST", "rooms", {"name": "a"}) == expected
        assert await asked(here, ann, "POST", "rooms", {"name": "a", "kind": "private"}) == MADE
        assert await asked(here, staff, "POST", "rooms", {"name": "b"}) == MADE


@pytest.mark.parametrize(
    ("value", "friend", "stranger", "nobody"),
    [
        ("everyone", MADE, MADE, NOT_FOUND),
        ("shared", MADE, FORBIDDEN, FORBIDDEN),
        ("nobody", FORBIDDEN, FORBIDDEN, FORBIDDEN),
    ],
)
async def test_direct_rooms(tmp_path: Path, value: str, friend: Answer, stranger: Answer, nobody: Answer) -> None:
    async with node(tmp_path, direct_rooms=value) as here:
        ann, bob, eve = await here.people("ann", "bob", "eve")
        staff = await staff_person(here)
        await here.room(ann, bob)
        assert await asked(here, ann, "PUT", f"users/{bob.id}/direct") == friend
        assert await asked(here, ann, "PUT", f"users/{eve.id}/direct") == stranger
        assert await asked(here, ann, "PUT", f"users/{new_id()}/direct") == nobody
        assert await asked(here, staff, "PUT", f"users/{ann.id}/direct") == MADE
        assert await asked(here, ann, "PUT", f"users/{staff.id}/direct") == OK


@pytest.mark.parametrize(
    ("value", "search", "stranger"),
    [("everyone", OK, OK), ("shared", OK, NOT_FOUND), ("nobody", FORBIDDEN, NOT_FOUND)],
)
async def test_finding_people(tmp_path: Path, value: str, search: Answer, stranger: Answer) -> None:
    async with node(tmp_path, find_people=value) as here:
        ann, bob, eve = await here.people("ann", "bob", "eve")
        staff = await staff_person(here)
        await here.room(ann, bob)
        assert await asked(here, ann, "GET", "users?q=e") == search
        assert await asked(here, ann, "GET", f"users/{bob.id}") == OK
        assert await asked(here, ann, "GET", f"users/{ann.id}") == OK
        assert await asked(here, ann, "GET", f"users/{eve.id}") == stranger
        assert await asked(here, ann, "GET", f"users/{new_id()}") == NOT_FOUND
        assert await asked(here, staff, "GET", f"users/{eve.id}") == OK
        found = await here.call(staff, "GET", "users?q=e")
        assert [user["id"] for user in found.json()["items"]] == [eve.id]

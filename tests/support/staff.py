"""Somebody of the staff of a server."""

from sqlalchemy import Connection

from support.node import Node, Person
from tertulia.storage import accounts


async def make_staff(here: Node, person: Person, *, is_staff: bool = True) -> Person:
    """Whoever they were, they are staff now, or not."""

    def write(connection: Connection) -> None:
        accounts.set_standing(connection, person.number, {"is_staff": is_staff})

    await here.app.db.write(write)
    here.services.people.changed([person.number])
    return person


async def staff_person(here: Node, name: str = "staff") -> Person:
    return await make_staff(here, await here.person(name))

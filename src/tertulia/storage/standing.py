"""What ends when an account is deactivated, deleted, or not of the staff any more: the one place for all edges."""

from sqlalchemy import Connection

from tertulia.domain.errors import Rejection, not_found
from tertulia.domain.models import Role, RoomKind
from tertulia.domain.rights import Act, may, rank_of
from tertulia.storage import invites
from tertulia.storage.accounts import other_staff
from tertulia.storage.engines import hold
from tertulia.storage.users import by_numbers

INVITING = tuple(role for role in Role if may(Act.INVITE, RoomKind.PRIVATE, rank_of(role)))
"""Roles that give the right to invite."""


def end(connection: Connection, number: int, now: int, *, only_staff: bool = False) -> None:
    """To be called before the change, in its transaction; `only_staff`: the account stays as it is.

    The invitations that the user may not make any more end. Raises `forbidden` when nobody of the staff would be left.
    """
    user = by_numbers(connection, [number]).get(number)
    if user is None:
        raise not_found("user")
    if user.is_staff and user.is_active:
        hold(connection, "staff")  # or the last two could take it from each other
        if not other_staff(connection, number):
            raise Rejection("forbidden", "This is the last one of the staff: make somebody else staff first.")
    invites.revoke_all_by(connection, number, now, keep=INVITING if only_staff else ())

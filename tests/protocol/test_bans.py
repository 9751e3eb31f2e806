from tertulia.domain.models import User
from tertulia.protocol.bans import ban_resource

ANA = User(1, "u1", "ana", "ana@example.org")
BEN = User(2, "u2", "ben")


def test_a_ban_says_who_why_and_by_whom() -> None:
    people = [{"id": user.id, "number": user.number, "username": user.username} for user in (ANA, BEN)]
    told = {"user": people[0], "reason": "x", "created_at": "1970-01-01T00:00:00.000001Z"}
    assert ban_resource(ANA, BEN, "x", 1) == {**told, "by": people[1]}
    assert ban_resource(ANA, None, "x", 1) == told

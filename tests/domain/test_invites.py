from dataclasses import replace

import pytest

from tertulia.domain.errors import Rejection
from tertulia.domain.invites import check_invite, is_good, new_code
from tertulia.domain.models import Invite

GOOD = Invite(1, "id", "code", None, None, 0, expires_at=100, max_uses=2, uses=1)


def test_good_until_expired_used_up_or_revoked() -> None:
    assert is_good(GOOD, 99)
    assert not is_good(GOOD, 100)
    assert not is_good(replace(GOOD, uses=2), 99)
    assert not is_good(replace(GOOD, revoked_at=1), 99)
    assert is_good(replace(GOOD, expires_at=None, max_uses=None, uses=1_000_000), 10**18)


def test_what_is_wrong_is_not_told() -> None:
    refusals = set()
    for bad in (None, replace(GOOD, uses=2), replace(GOOD, revoked_at=1), replace(GOOD, expires_at=5)):
        with pytest.raises(Rejection) as refused:
            check_invite(bad, 50)
        refusals.add((refused.value.code, refused.value.message))
    assert len(refusals) == 1
    assert refusals.pop()[0] == "invite_invalid"
    assert check_invite(GOOD, 50) is GOOD


def test_codes_cannot_be_guessed() -> None:
    codes = {new_code() for _ in range(1_000)}
    assert len(codes) == 1_000
    assert all(len(code) * 6 >= 128 and len(code) <= 64 for code in codes)

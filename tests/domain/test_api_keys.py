import re

import pytest

from tertulia.domain.api_keys import SCOPES, check_key_name, check_scopes, hash_key, new_key
from tertulia.domain.errors import Rejection


def test_keys_are_random_and_long() -> None:
    keys = {new_key() for _ in range(100)}
    assert len(keys) == 100
    assert all(re.fullmatch(r"tk_[\w-]{43}", key) for key in keys)  # 256 bits


def test_hashes_tell_keys_apart_and_nothing_else() -> None:
    assert hash_key("tk_a") == hash_key("tk_a") != hash_key("tk_b")
    assert re.fullmatch(r"[0-9a-f]{64}", hash_key("\ud800"))


@pytest.mark.parametrize("name", ["", " ", "x" * 65, "a\nb", "a\x00", "\u202e"])
def test_no_names(name: str) -> None:
    with pytest.raises(Rejection):
        check_key_name(name)


def test_names_and_scopes() -> None:
    assert check_key_name(" the shop ") == "the shop"
    assert check_scopes(SCOPES) == set(SCOPES)
    for scopes in ([], ["all"], ["users", "Users"], [""]):
        with pytest.raises(Rejection) as refused:
            check_scopes(scopes)
        assert "scopes" in refused.value.fields

import pytest

from tertulia.domain.errors import Rejection
from tertulia.domain.rooms import check_room_name


@pytest.mark.parametrize(
    "name",
    ["general", "Tea Room", "x", "日本語", "dm", "DM_x", "a dm_", "../..", "'; --", "👩\u200d🚀x", "می\u200cخواهم"],
)
def test_names_may_be_nearly_anything(name: str) -> None:
    assert check_room_name(name) == name


@pytest.mark.parametrize(
    "name", ["", " ", " a", "a ", "\u3000a", "a\n", "a\tb", "a\x00b", "a\u202eb", "\ud800", "\u2028", "gen\u200deral"]
)
def test_blank_padded_and_unprintable_names_are_refused(name: str) -> None:
    """Two names that look alike must not be two rooms."""
    with pytest.raises(Rejection) as refused:
        check_room_name(name)
    assert list(refused.value.fields) == ["name"]


@pytest.mark.parametrize("name", ["dm_", "dm_1_2", "dm_x"])
def test_names_of_direct_rooms_are_reserved(name: str) -> None:
    with pytest.raises(Rejection, match="reserved"):
        check_room_name(name)


@pytest.mark.parametrize("name", ["0197a1b0-0000-7000-8000-00000000000a", "0197A1B0-0000-7000-8000-00000000000A"])
def test_a_name_is_no_id(name: str) -> None:
    """Who calls rooms by name or id must not be led into another one."""
    with pytest.raises(Rejection, match="look like an id"):
        check_room_name(name)

from typing import get_args

import pytest

from support.decisions import room_state
from tertulia.domain.changes import RoomChange
from tertulia.domain.decisions import _DECISIONS, decide
from tertulia.domain.errors import Rejection


def test_every_change_of_a_room_has_its_decision() -> None:
    assert set(_DECISIONS) == set(get_args(RoomChange))


def test_nothing_is_decided_in_a_deleted_room() -> None:
    state = room_state()
    state.deleted = True
    with pytest.raises(Rejection) as refused:
        decide(state, None)  # type: ignore[arg-type]
    assert refused.value.code == "not_found"

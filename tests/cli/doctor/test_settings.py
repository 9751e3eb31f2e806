from pathlib import Path
from typing import Any

import pytest

from cli.doctor.cases import case, said
from tertulia.cli.doctor.settings import contradiction, look, refused
from tertulia.settings import SettingsError


def test_each_bad_value_is_a_problem() -> None:
    found = refused(SettingsError("TERTULIA_PORT must be a number.\nTERTULIA_HOST must be an address."))
    assert [(finding.level, finding.what) for finding in found] == [
        ("problem", "TERTULIA_PORT must be a number."),
        ("problem", "TERTULIA_HOST must be an address."),
    ]


def test_where_the_settings_come_from(tmp_path: Path) -> None:
    assert look(case(tmp_path).loaded).what == "All settings have their defaults."
    assert look(case(tmp_path, post_rate=5).loaded).what.endswith(": 1 from the environment, the rest defaults.")


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"post_rate": 50, "post_burst": 5}, "TERTULIA_POST_BURST"),
        ({"max_connections": 10, "connections_per_address": 20}, "TERTULIA_CONNECTIONS_PER_ADDRESS"),
        ({"ring_room_kb": 2_048, "ring_node_mb": 1}, "TERTULIA_RING_NODE_MB"),
        ({"allowed_hosts": ("*", "a.example")}, "TERTULIA_ALLOWED_HOSTS"),
    ],
)
def test_settings_that_do_not_go_together(settings: dict[str, Any], named: str, tmp_path: Path) -> None:
    found = said(contradiction(case(tmp_path, **settings).loaded))
    assert found.level == "warning"
    assert named in found.what + found.advice
    assert found.advice

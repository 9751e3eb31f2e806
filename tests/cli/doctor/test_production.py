from pathlib import Path

from cli.doctor.cases import case, said
from tertulia.cli.doctor.production import CHECKS, backup, logging


def test_backups_are_made_by_a_command_that_can_be_pasted(tmp_path: Path) -> None:
    found = backup(case(tmp_path / "a folder"))
    assert found.level == "ok"
    assert "tertulia backup /backup/tertulia-$(date +%F).db`" in found.advice


def test_much_logging(tmp_path: Path) -> None:
    assert logging(case(tmp_path)) is None
    found = said(logging(case(tmp_path, log_level="debug")))
    assert found.level == "warning"


def test_every_check_has_a_name_of_its_own() -> None:
    assert len({name for name, _ in CHECKS}) == len(CHECKS)

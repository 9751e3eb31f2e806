from pathlib import Path

import pytest

from cli.doctor.cases import case, said
from tertulia.cli.doctor import disk
from tertulia.cli.doctor.disk import MB
from tertulia.cli.doctor.finding import Level

MOUNTS = """\
/dev/sda1 / ext4 rw 0 0
server:/export /srv nfs4 rw 0 0
/dev/sdb1 /srv/fast xfs rw 0 0
tmpfs /with\\040space tmpfs rw 0 0
host /over 9p rw 0 0
/dev/sdc1 /over ext4 rw 0 0
"""


@pytest.mark.parametrize(
    ("free", "database", "level"),
    [
        (50 * MB, 1 * MB, "problem"),
        (500 * MB, 1 * MB, "warning"),
        (5_000 * MB, 1 * MB, "ok"),
        (5_000 * MB, 6_000 * MB, "warning"),
    ],
)
def test_space(free: int, database: int, level: Level) -> None:
    assert disk.judge_space(free, database).level == level


def test_here_there_is_space_and_nothing_is_made(tmp_path: Path) -> None:
    found = said(disk.space(case(tmp_path)))
    assert "free" in found.what
    assert disk.log(case(tmp_path)).what == "SQLite's write-ahead log has 0 bytes."
    assert list(tmp_path.iterdir()) == []


def test_a_log_that_has_grown() -> None:
    assert disk.judge_log(64 * MB, running=True).level == "ok"
    assert disk.judge_log(300 * MB, running=True).level == "warning"
    assert "Start the server" in disk.judge_log(300 * MB, running=False).advice


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/data", "ext4"),
        ("/srv/chat", "nfs4"),
        ("/srv/fast/chat", "xfs"),
        ("/srv/faster", "nfs4"),
        ("/with space/x", "tmpfs"),
        ("/over/x", "ext4"),
    ],
)
def test_the_file_system_of_a_path(path: str, kind: str) -> None:
    assert disk.type_of(Path(path), MOUNTS) == kind


@pytest.mark.parametrize(
    ("kind", "level"),
    [
        *((name, "problem") for name in ("nfs", "nfs4", "cifs", "9p", "fuse.sshfs", "fuse.glusterfs")),
        *((name, "warning") for name in ("tmpfs", "overlay")),
        *((name, "ok") for name in ("ext4", "xfs", "btrfs", "zfs", "fuse.something", "")),
    ],
)
def test_file_systems(kind: str, level: Level) -> None:
    assert disk.judge_file_system(kind).level == level


def test_sizes_in_words() -> None:
    assert [disk.readable(size) for size in (0, 1_500, 2 * MB, 1_234 * MB)] == ["0 bytes", "1.5 kB", "2.0 MB", "1.2 GB"]

"""The limit of open files is raised as far as it goes."""

import subprocess
import sys

from tertulia.openfiles import RESERVED, limit_now, sockets_within


def test_limit_is_raised_to_the_hard_one() -> None:
    code = """
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (300, 700))
from tertulia.openfiles import raise_limit
print(raise_limit(), *resource.getrlimit(resource.RLIMIT_NOFILE))
"""
    assert subprocess.check_output([sys.executable, "-c", code], text=True).split() == ["700", "700", "700"]


def test_sockets_leave_room_for_the_other_files() -> None:
    assert sockets_within(1_000) == 1_000 - RESERVED
    assert sockets_within(10) == 1
    assert limit_now() > 0

"""Running the command `tertulia` as people do, in a directory of its own."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

PROGRAM = Path(sys.executable).with_name("tertulia")


def environment(**more: str) -> dict[str, str]:
    """The environment of the tests without settings of Tertulia."""
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith("TERTULIA_")}
    return {**kept, **more}


def tertulia(
    folder: Path,
    *words: str,
    given: str = "",
    before: Sequence[str] = (),
    variables: Mapping[str, str] = MappingProxyType({}),
) -> subprocess.CompletedProcess[str]:
    """Run to the end in `folder`, with `given` on standard input and `variables` in the environment."""
    return subprocess.run(
        [*before, str(PROGRAM), *words],
        cwd=folder,
        env=environment(**variables),
        input=given,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )

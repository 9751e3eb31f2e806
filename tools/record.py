"""Records tests/recordings anew: histories of clients, and the frames of the protocol's document.

    .venv/bin/python tools/record.py            everything
    .venv/bin/python tools/record.py frames     only the frames, after docs/protocol.md changed

The Python and the JavaScript models are tried with them. Record histories anew when the protocol has changed; that
others come out each time is no harm.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.examples import frames
from support.recording import FOLDER, record

STORIES = {
    "talk": (4, 100),
    "quarrel": (41, 100),
    "moving": (10, 100),
    "evening": (9, 100),
    "market": (24, 100),
    "crowd": (30, 2),
    "concert": (14, 3),
}
"""Name → seed, and from how many members on a room is large."""


def main(what: str = "all") -> None:
    (FOLDER / "frames.json").write_text(frames())
    for name, (seed, large) in STORIES.items():
        if what == "all":
            (FOLDER / f"{name}.json").write_text(record(seed, large=large))


if __name__ == "__main__":
    main(*sys.argv[1:])

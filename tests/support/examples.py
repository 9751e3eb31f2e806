"""The examples of docs/protocol.md."""

import json
import re
from pathlib import Path

TEXT = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text()


def frames() -> str:
    """What the server says in them, in the order of the document, one frame a line."""
    heard = [json.loads(line) for line in re.findall(r"^← (.*)$", TEXT, re.MULTILINE)]
    lines = (json.dumps(frame, ensure_ascii=False, separators=(",", ":")) for frame in heard)
    return "[\n" + ",\n".join(lines) + "\n]\n"

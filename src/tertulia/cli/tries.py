"""Lines for a shell with which somebody can try the dialects."""

import shlex
import sys
from collections.abc import Iterator

from tertulia.dialects import DIALECTS
from tertulia.dialects.mounts import PREFIX
from tertulia.domain.models import User

JSON = "python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])'"


def tries(address: str, user: User, password: str, partner: User, room: str) -> Iterator[tuple[str, tuple[str, str]]]:
    """For each dialect its name and two lines: curl, and a socket. `address`: of the server, without a last slash."""
    for name, dialect in DIALECTS.items():
        base = f"{address}{PREFIX}/{name}"
        values = {
            "base": base,
            "ws": f"ws{base.removeprefix('http')}",
            "name": user.username,
            "password": password,
            "email": user.email or "",
            "room": room,
            "partner": partner.id,
            "json": JSON,
            "sockets": f"{shlex.quote(sys.executable)} -m websockets",
        }
        curl, socket = dialect.tries
        yield name, (curl.format(**values), socket.format(**values))

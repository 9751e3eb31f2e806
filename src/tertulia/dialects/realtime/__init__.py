"""realtime: rooms by name, who is in them, direct rooms, edits and deletions. See docs/dialects/realtime.md."""

from tertulia.dialects.dialect import DAY, MINUTE, Dialect
from tertulia.dialects.realtime import accounts, messages, rooms
from tertulia.dialects.realtime.socket import admit
from tertulia.dialects.routes import Routes
from tertulia.dialects.tokens import bearer
from tertulia.services.tokens import Lifetimes

REALTIME = Dialect(
    name="realtime",
    title="realtime",
    summary="Open, private and direct rooms, and a socket for each that tells who is there.",
    routes=Routes(accounts.routes, rooms.routes, messages.routes),
    guard=bearer,
    admit=admit,
    lifetimes=Lifetimes(5 * MINUTE, DAY),
    tries=(
        "TOKEN=$(curl -s {base}/users/auth/login/ -d username={name} -d password={password} | {json} access)",
        "{sockets} '{ws}/ws/chat/{room}/?token='$TOKEN",
    ),
)

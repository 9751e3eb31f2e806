"""channels: rooms with a UUID and a unique name, read by anybody, and a page. See docs/dialects/channels.md."""

from tertulia.dialects.channels import accounts, messages, rooms
from tertulia.dialects.channels.credentials import COOKIE, guard
from tertulia.dialects.channels.pages import FILES
from tertulia.dialects.channels.socket import admit
from tertulia.dialects.dialect import DAY, Dialect
from tertulia.dialects.routes import Routes
from tertulia.services.tokens import Lifetimes

CHANNELS = Dialect(
    name="channels",
    title="channels",
    summary="Rooms with a UUID and a unique name. Anybody may read the open ones; a small page is at the root.",
    routes=Routes(rooms.routes, messages.routes, accounts.routes),
    guard=guard,
    admit=admit,
    lifetimes=Lifetimes(DAY, 14 * DAY),
    cookies=True,
    files=FILES,
    tries=(
        "TOKEN=$(curl -s {base}/api/login/ -d username={name} -d password={password} | {json} token)",
        "{sockets} '{ws}/ws/chat/{room}/?token='$TOKEN",
    ),
    security={
        "cookie": {"type": "apiKey", "in": "cookie", "name": COOKIE},
        "basic": {"type": "http", "scheme": "basic"},
        "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    },
)

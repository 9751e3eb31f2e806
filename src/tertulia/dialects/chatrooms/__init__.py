"""chatrooms: rooms with a unique name, Bearer tokens, a socket for each room. See docs/dialects/chatrooms.md."""

from tertulia.dialects.chatrooms.routes import routes
from tertulia.dialects.chatrooms.socket import admit
from tertulia.dialects.dialect import DAY, HOUR, Dialect
from tertulia.dialects.tokens import bearer
from tertulia.services.tokens import Lifetimes

CHATROOMS = Dialect(
    name="chatrooms",
    title="chatrooms",
    summary="Rooms with a unique name that everybody may enter, and a socket for each room.",
    routes=routes,
    guard=bearer,
    admit=admit,
    lifetimes=Lifetimes(HOUR, 7 * DAY),
    tries=(
        "TOKEN=$(curl -s {base}/api/token/ -d username={name} -d password={password} | {json} access)",
        "{sockets} '{ws}/ws/chat/{room}/?token='$TOKEN",
    ),
)

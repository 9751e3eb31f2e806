"""shh: private rooms whose UUID is the invitation, Bearer tokens or cookies. See docs/dialects/shh.md."""

from tertulia.dialects.dialect import DAY, HOUR, Dialect
from tertulia.dialects.routes import Routes
from tertulia.dialects.shh import accounts, rooms
from tertulia.dialects.shh.credentials import ACCESS, guard
from tertulia.dialects.shh.socket import admit
from tertulia.services.tokens import Lifetimes

SHH = Dialect(
    name="shh",
    title="shh",
    summary="Private rooms that whoever has their UUID may join, with a token or with cookies.",
    routes=Routes(accounts.routes, rooms.routes),
    guard=guard,
    admit=admit,
    lifetimes=Lifetimes(HOUR, 7 * DAY),
    cookies=True,
    tries=(
        "TOKEN=$(curl -s {base}/login/ -d username={name} -d password={password} | {json} token); "
        'ROOM=$(curl -s {base}/rooms/create/ -H "Authorization: Bearer $TOKEN" -d chat_room_name=try-$RANDOM '
        "| {json} room_id)",
        "{sockets} '{ws}/ws/chat/'$ROOM'/?token='$TOKEN",
    ),
    security={
        "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
        "cookie": {"type": "apiKey", "in": "cookie", "name": ACCESS},
    },
)

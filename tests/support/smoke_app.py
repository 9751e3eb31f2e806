"""The smallest application with sockets, for servers that start by name: `support.smoke_app:app`."""

from starlette.types import Receive, Scope, Send

from support.sockets import RecordingPeer, open_admission, plain_http
from tertulia.domain.errors import Rejection
from tertulia.gateway.admission import Accept, Decision, UpgradeRequest
from tertulia.gateway.asgi import WithSockets


async def _http(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        while (message := await receive())["type"] != "lifespan.shutdown":
            await send({"type": f"{message['type']}.complete"})
        await send({"type": "lifespan.shutdown.complete"})
    else:
        await plain_http(scope, receive, send)


async def _echo(_request: UpgradeRequest) -> Decision:
    return Accept(RecordingPeer(echo=True), "tertulia.v1")


async def _nobody(_request: UpgradeRequest) -> Decision:
    raise Rejection("forbidden", "Nobody may come in here.")


_admission = open_admission()
_admission.register("/ws", _echo)
_admission.register("/closed", _nobody)
app = WithSockets(_http, _admission)

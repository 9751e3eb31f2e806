"""The application for any ASGI server: `uvicorn tertulia.asgi:app`. Settings come from the environment and `.env`.

One process only: SQLite has one writer, and rooms live in this process. `tertulia serve` is the faster way.
"""

import signal
from functools import partial

from starlette.types import Receive, Scope, Send

from tertulia import openfiles
from tertulia.app import Application
from tertulia.datadir import ServeLock, open_data_dir
from tertulia.settings import load
from tertulia.storage import schema


class LazyApplication:
    """Builds the application when the server starts up, in the server's own event loop."""

    def __init__(self) -> None:
        self._application: Application | None = None
        self._lock: ServeLock | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        if self._application is None:  # a server without lifespan
            await self._start()
        assert self._application is not None
        await self._application.asgi(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await self._start()
                await send({"type": "lifespan.startup.complete"})
            else:
                await self._stop()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _start(self) -> None:
        loaded = load()
        directory = open_data_dir(loaded.settings.data_dir)
        self._lock = directory.lock()
        self._lock.announce(public=loaded.settings.public_url)  # the port is known to the ASGI server alone
        schema.migrate(loaded.settings.database_url)
        if not loaded.settings.secret_key:
            loaded = loaded.changed("data directory", secret_key=directory.secret_key())
        if not loaded.settings.max_connections:
            carried = openfiles.sockets_within(openfiles.raise_limit())
            loaded = loaded.changed("default", max_connections=carried)
        application = Application(loaded.settings)
        await application.start()
        application.on_history_lost(partial(signal.raise_signal, signal.SIGTERM))  # every ASGI server ends by it
        self._application = application

    async def _stop(self) -> None:
        if self._application is not None:
            await self._application.drain()
            await self._application.stop()
        if self._lock is not None:
            self._lock.release()


app = LazyApplication()

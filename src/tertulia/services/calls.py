"""One request to a webhook: signed, to an address that was checked, in ten seconds or not at all."""

import asyncio
import ssl
from dataclasses import dataclass

import httpx

from tertulia import __version__
from tertulia.clock import Clock
from tertulia.domain.times import SECOND
from tertulia.domain.webhooks import Webhook, signature
from tertulia.services.targets import TargetError, Targets

SECONDS = 10.0
CONNECT_SECONDS = 4.0
"""For one address, when there are several."""
MAX_ANSWER = 4_096
"""Bytes of an answer's body that are read, so that the line can be used again; they are not looked at."""
BODY_SECONDS = 1.0
PER_WEBHOOK = 8
"""Requests to one webhook at a time."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`status` None: there was none, and `error` says why."""

    status: int | None = None
    error: str | None = None

    @property
    def delivered(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def gone(self) -> bool:
        """The receiver wants to hear nothing more, ever."""
        return self.status == 410

    @property
    def reason(self) -> str:
        """What went wrong, for people."""
        if self.status is None:
            return self.error or ""
        return f"status {self.status}" + (" (redirects are not followed)" if 300 <= self.status < 400 else "")


class Calls:
    """Each webhook has lines of its own. No proxies, no cookies, no redirects."""

    def __init__(self, targets: Targets, clock: Clock, *, seconds: float = SECONDS) -> None:
        self._targets = targets
        self._clock = clock
        self._seconds = seconds
        self._lines: dict[tuple[int, str], httpx.AsyncHTTPTransport] = {}
        self._tls: ssl.SSLContext | None = None

    async def check(self, url: str) -> None:
        """Raises `TargetError` if the address cannot be used as things are now."""
        target = httpx.URL(url)
        try:
            async with asyncio.timeout(self._seconds):
                await self._targets.addresses(target.host, _port(target))
        except TimeoutError:
            raise TargetError("the name cannot be looked up") from None

    async def send(self, webhook: Webhook, id_: str, event: str, body: bytes) -> Answer:
        """Never raises but when cancelled."""
        try:
            async with asyncio.timeout(self._seconds):
                return await self._send(webhook, id_, event, body)
        except TimeoutError:
            return Answer(error="no answer in time")
        except TargetError as error:
            return Answer(error=str(error))
        except httpx.ConnectError as error:
            return Answer(error="certificate refused" if _is_tls(error) else "cannot connect")
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            return Answer(error=f"the request failed ({type(error).__name__})")

    async def _send(self, webhook: Webhook, id_: str, event: str, body: bytes) -> Answer:
        target = httpx.URL(webhook.url)
        addresses = await self._targets.addresses(target.host, _port(target))
        line = await self._line(webhook, target)
        for left, address in zip(range(len(addresses) - 1, -1, -1), addresses, strict=True):
            request = self._request(webhook, target, address, {"id": id_, "event": event}, body)
            try:
                return await _exchange(line, request)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                if not left or _is_tls(error):
                    raise
        raise TargetError("the name has no address")

    def _request(
        self, webhook: Webhook, target: httpx.URL, address: str, about: dict[str, str], body: bytes
    ) -> httpx.Request:
        """To the very address that was checked; name and certificate are those of the target."""
        headers = {
            "Host": target.netloc.decode("ascii"),
            "User-Agent": f"Tertulia/{__version__}",
            "Accept-Encoding": "identity",
            "Content-Type": "application/json",
            "Tertulia-Event": about["event"],
            "Tertulia-Delivery": about["id"],
            "Tertulia-Signature": signature(webhook.secret, self._clock.now() // SECOND, body),
        }
        limit = self._seconds
        timeouts = {"connect": min(limit, CONNECT_SECONDS), "read": limit, "write": limit, "pool": limit}
        extensions = {"timeout": timeouts, "sni_hostname": target.host}
        url = target.copy_with(host=address)
        return httpx.Request("POST", url, headers=headers, content=body, extensions=extensions)

    async def _line(self, webhook: Webhook, target: httpx.URL) -> httpx.AsyncHTTPTransport:
        """Not shared between names: a line is verified for one of them."""
        is_tls = target.scheme == "https"
        if is_tls and self._tls is None:
            self._tls = await asyncio.to_thread(httpx.create_ssl_context)  # reads the certificates: slow
        key = (webhook.number, webhook.url)
        if key not in self._lines:
            limits = httpx.Limits(max_connections=PER_WEBHOOK * 2, max_keepalive_connections=PER_WEBHOOK)
            verify = self._tls or True if is_tls else False  # there is nothing to verify, and no context to be made
            self._lines[key] = httpx.AsyncHTTPTransport(verify=verify, trust_env=False, limits=limits)
        return self._lines[key]

    async def keep(self, webhooks: list[Webhook]) -> None:
        """Close the lines of all others."""
        wanted = {(webhook.number, webhook.url) for webhook in webhooks}
        for key in [key for key in self._lines if key not in wanted]:
            await self._lines.pop(key).aclose()

    async def close(self) -> None:
        await self.keep([])
        self._targets.close()


async def _exchange(line: httpx.AsyncHTTPTransport, request: httpx.Request) -> Answer:
    response = await line.handle_async_request(request)
    stream = response.stream
    assert isinstance(stream, httpx.AsyncByteStream)
    try:
        async with asyncio.timeout(BODY_SECONDS):
            await _read_a_little(stream)
    except (httpx.HTTPError, TimeoutError):
        pass  # the status was said, and it is all that counts
    finally:
        await stream.aclose()
    return Answer(response.status_code)


async def _read_a_little(stream: httpx.AsyncByteStream) -> None:
    size = 0
    async for chunk in stream:
        size += len(chunk)
        if size > MAX_ANSWER:
            return


def _port(target: httpx.URL) -> int:
    return target.port or (443 if target.scheme == "https" else 80)


def _is_tls(error: BaseException) -> bool:
    return isinstance(error.__context__, ssl.SSLError) or "CERTIFICATE" in str(error) or "SSL" in str(error)

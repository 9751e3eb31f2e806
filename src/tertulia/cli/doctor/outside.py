"""`--url`: asks the running server as people do, through the proxy."""

import asyncio
import json
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from tertulia.cli.doctor.finding import Finding, ok, problem, warning
from tertulia.client.address import Address
from tertulia.clock import SystemClock
from tertulia.domain.errors import CloseCode

SECONDS = 10.0
SOON_DAYS, LATE_DAYS = 21, 7
PAGE = "see docs/proxy.md"


@dataclass(frozen=True, slots=True)
class Line:
    """Where the server is, and how it is asked: with the certificates of this machine, by no proxy of its own."""

    address: Address
    http: httpx.Client
    tls: ssl.SSLContext

    @property
    def is_secure(self) -> bool:
        return self.address.url.startswith("https:")

    @property
    def origin(self) -> str:
        parts = urlsplit(self.address.url)
        return f"{parts.scheme}://{parts.netloc}"

    def get(self, path: str, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.get(self.address.url + path, headers=named)


def ask(url: str) -> Iterator[tuple[str, Finding]]:
    """Ends early when nothing answers: the rest hangs on it."""
    try:
        address = Address(url)
    except ValueError as error:
        yield "outside", problem(str(error), "Correct --url.")
        return
    tls = ssl.create_default_context()
    with httpx.Client(verify=tls, trust_env=False, timeout=SECONDS) as http:
        line = Line(address, http, tls)
        lives = health(line)
        yield "reached", lives
        if lives.level != "ok":
            return
        here = address.loopback and not line.is_secure
        for name, check in CHECKS if here else (*CHECKS, *FOR_STRANGERS):
            try:
                finding = check(line)
            except (httpx.HTTPError, OSError):
                finding = problem("There was no answer.", "Ask again; look into the logs of the proxy and the server.")
            if finding is not None:
                yield name, finding


def health(line: Line) -> Finding:
    """Whether it is Tertulia that answers."""
    try:
        answer = line.get("/healthz")
    except httpx.ConnectError as error:
        return _unreached(error)
    except httpx.HTTPError:
        return problem(f"{line.address.url} does not answer.", "Look whether a firewall stands before the proxy.")
    if answer.status_code in {502, 503, 504}:
        return problem(
            f"The proxy answers, and does not reach the server ({answer.status_code}).",
            "Start the server; give the proxy its address and port.",
        )
    if answer.status_code != 200 or _json(answer) != {"status": "ok"}:
        return problem(
            f"What answers at {line.address.url} is not Tertulia.", "Look at the proxy's rule for this name."
        )
    return ok(f"{line.address.url} answers.")


def _unreached(error: httpx.ConnectError) -> Finding:
    if "CERTIFICATE" in str(error).upper():
        return problem("The TLS certificate is not good for this name.", "Renew it, or name the host right in it.")
    if isinstance(error.__cause__, socket.gaierror) or "resolve" in str(error) or "not known" in str(error):
        return problem("The name has no address.", "Make an entry for it in the DNS.")
    return problem("Nothing listens there.", "Start the proxy; open its port in the firewall.")


def ready(line: Line) -> Finding:
    if line.get("/readyz").status_code == 200:
        return ok("The server is ready.")
    return problem("The server is not ready.", "Look into its log: it stops, or its database does not answer.")


def host(line: Line) -> Finding:
    """The name reaches the server, and it answers to it."""
    answer = line.get("/api/v1/me")
    content = _json(answer)
    if isinstance(content, dict) and content.get("code") == "host_refused":
        return problem(
            "The server does not answer to the name that arrives.",
            f"Add {urlsplit(line.address.url).hostname} to TERTULIA_ALLOWED_HOSTS, and let the proxy pass `Host` on; "
            f"{PAGE}.",
        )
    if answer.status_code != 401:
        return problem(f"The API answers {answer.status_code} to who has not signed in.", f"Pass /api/v1/ on; {PAGE}.")
    return ok("The server answers to this name.")


def scheme(line: Line) -> Finding:
    """A page of the server's own may call it only if the server knows the scheme and the name that people see."""
    answer = line.get("/api/v1/me", origin=line.origin)
    if answer.headers.get("access-control-allow-origin") == line.origin:
        return ok("The scheme and the name that people see arrive.")
    return problem(
        "The server does not see the scheme and the name that people see: its own pages are refused.",
        f"Pass X-Forwarded-Proto and Host on, and set TERTULIA_TRUSTED_PROXIES to the proxy's address; {PAGE}.",
    )


def upgrade(line: Line) -> Finding:
    """A socket opens, takes a frame and answers, here with the close code for a token that is not good."""
    advice = f"Pass `Upgrade` and `Connection` on for /ws, with HTTP/1.1; {PAGE}."
    try:
        asyncio.run(_hello(line))
    except InvalidStatus as error:
        return problem(f"/ws answers {error.response.status_code}, and opens no socket.", advice)
    except ConnectionClosed as error:
        if error.rcvd is not None and error.rcvd.code == CloseCode.UNAUTHORIZED:
            return ok("Sockets open.")
        return problem("A socket opens and breaks.", "Look for a limit of the proxy on connections or time.")
    except (OSError, WebSocketException):
        pass
    return problem("A socket does not open, or does not answer.", advice)


async def _hello(line: Line) -> None:
    """Until the server closes it, and not longer than `SECONDS`, whatever it says meanwhile (TimeoutError)."""
    tls = line.tls if line.is_secure else None
    opening = connect(
        line.address.socket, ssl=tls, proxy=None, compression=None, user_agent_header=None, close_timeout=1
    )
    async with asyncio.timeout(SECONDS), opening as opened:
        await opened.send(json.dumps({"cmd": "hello", "id": 1, "token": "doctor"}))
        while True:
            await opened.recv()


def spoofing(line: Line) -> Finding:
    """The metrics show it: they are for this machine only, and a stranger must not pass for it."""
    if line.get("/metrics").status_code == 200:
        return problem(
            "Strangers can read /metrics.",
            f"Let the proxy set X-Forwarded-For and pass `Host` on, and answer 404 for /metrics; {PAGE}.",
        )
    told = {"x_forwarded_for": "127.0.0.1", "x_forwarded_host": "localhost", "x_real_ip": "127.0.0.1"}
    if line.get("/metrics", **told).status_code == 200:
        return problem(
            "Strangers can pretend to come from any address.",
            "Let the proxy overwrite X-Forwarded-Host and append to X-Forwarded-For, and set TERTULIA_TRUSTED_PROXIES "
            f"to the proxy's address only; {PAGE}.",
        )
    return ok(
        "Strangers do not pass for this machine.",
        "Whether the address of people arrives: sign in, and look at `address` in /api/v1/me/sessions.",
    )


def certificate(line: Line) -> Finding:
    if not line.is_secure:
        return problem(
            "There is no TLS: passwords and messages can be read on the way.", f"Give the proxy one; {PAGE}."
        )
    parts = urlsplit(line.address.url)
    place = (parts.hostname or "", parts.port or 443)
    with socket.create_connection(place, SECONDS) as raw, line.tls.wrap_socket(raw, server_hostname=place[0]) as secure:
        shown = secure.getpeercert() or {}
    end = ssl.cert_time_to_seconds(str(shown["notAfter"]))
    return judge_certificate((end - SystemClock().now() / 1_000_000) / 86_400)


def judge_certificate(days: float) -> Finding:
    """How long it is good for; a good authority's client renews it weeks before its end."""
    what = f"The TLS certificate is good for {days:.0f} days."
    if days < LATE_DAYS:
        return problem(what, "Renew it now, and look why that does not happen by itself.")
    if days < SOON_DAYS:
        return warning(what, "Renew it, or look why that does not happen by itself.")
    return ok(what)


def plain(line: Line) -> Finding | None:
    """Who types the name without a scheme is sent to https."""
    parts = urlsplit(line.address.url)
    if not line.is_secure or parts.port not in {None, 443}:
        return None
    try:
        answer = line.http.get(f"http://{parts.hostname}/healthz")
    except httpx.HTTPError:
        return ok("Nothing answers without TLS.")
    if answer.is_redirect and answer.headers.get("location", "").startswith("https://"):
        return ok("Without TLS people are sent to https.")
    return warning("The server answers without TLS, too.", f"Let the proxy redirect port 80 to https; {PAGE}.")


def _json(answer: httpx.Response) -> object:
    try:
        return answer.json()
    except ValueError:
        return None


CHECKS = (("ready", ready), ("host name", host), ("scheme", scheme), ("sockets outside", upgrade))
FOR_STRANGERS = (("spoofing", spoofing), ("certificate", certificate), ("plain http", plain))
"""Of no meaning for a server that is asked on its own machine, without a proxy."""

"""Is the port free, or is it our server that answers there?"""

import httpx

from tertulia.cli.doctor.finding import Case, Checks, Finding, ok, problem, sentences, warning
from tertulia.cli.serve import listen, url_of
from tertulia.datadir import Serving
from tertulia.refusal import Refusal

ANSWER_SECONDS = 5.0


def server(case: Case) -> Finding:
    if case.server is None:
        return ok("No server runs on this data directory.")
    return ok("A server runs on this data directory" + (f" (process {case.process})." if case.process else "."))


def port(case: Case) -> Finding | None:
    """Free when no server runs; when one does, it answers."""
    if case.server is not None:
        return _answers(case, case.server)
    try:
        listeners = listen(case.loaded)
    except Refusal as refusal:
        return problem(*sentences(str(refusal)))
    address = url_of(listeners[0])
    for listener in listeners:
        listener.close()
    return ok(f"{address} is free.") if case.settings.port else None


def _answers(case: Case, server: Serving) -> Finding | None:
    """At the address that it says itself; the settings may be others than those it was started with."""
    if not server.local and not case.settings.port:
        return None  # another ASGI server took a free one: only it knows which
    address = server.local or address_of(case.settings.host, case.settings.port)
    health = ask(address, "/healthz")
    if health is None:
        return warning(
            f"The server runs, and nothing answers at {address}.",
            "If it was started with another host or port, give the doctor the same settings; else look into its log.",
        )
    if health != 200:
        return warning(f"What answers at {address} is not Tertulia.", "Give the doctor the settings of the server.")
    if ask(address, "/readyz") != 200:
        return problem(f"The server at {address} is not ready.", "Look into its log: the database does not answer.")
    return ok(f"The server answers at {address} and is ready.")


def address_of(host: str, port: int) -> str:
    """Where a server that listens on `host` is reached from this machine."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - shown, not bound
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def ask(address: str, path: str) -> int | None:
    """The status of an answer; None if there is none. No proxy of the environment is asked: this is our machine."""
    try:
        with httpx.Client(trust_env=False, timeout=ANSWER_SECONDS) as client:
            return client.get(address + path).status_code
    except (httpx.HTTPError, httpx.InvalidURL):
        return None


CHECKS: Checks = (("server", server), ("port", port))

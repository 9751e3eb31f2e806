"""Who can reach the server, by which names, from which pages, through which proxy."""

from ipaddress import ip_network

from tertulia.cli.doctor.finding import Case, Checks, Finding, ok, problem, warning
from tertulia.protocol.origins import is_loopback

PAGE = "see docs/proxy.md"
WIDE = {4: 8, 6: 32}
"""Prefix lengths: a shorter one trusts whole continents."""


def hosts(case: Case) -> Finding:
    allowed = case.settings.allowed_hosts
    advice = "Set TERTULIA_ALLOWED_HOSTS to the names by which people call it, such as chat.example.org."
    if "*" in allowed:
        return warning("The server answers to any host name.", advice)
    if allowed:
        return ok(f"The server answers to {', '.join(allowed)}.")
    if is_loopback(case.settings.host):
        return problem("The server answers to the names of this machine only: through a proxy to nobody.", advice)
    return warning("The server answers to any host name.", advice)


def origins(case: Case) -> Finding:
    allowed = case.settings.allowed_origins
    if "*" in allowed:
        return warning(
            "Every web page may call the API and open sockets.",
            "Set TERTULIA_ALLOWED_ORIGINS to the pages of your product, such as https://www.example.org.",
        )
    local = [origin for origin in allowed if _is_local(origin)]
    if local:
        return warning(
            f"Web pages of a developer's machine may call the API ({', '.join(local)}).",
            "Take them out of TERTULIA_ALLOWED_ORIGINS.",
        )
    plain = [origin for origin in allowed if origin.startswith("http://")]
    if plain:
        return warning(f"Web pages without TLS may call the API ({', '.join(plain)}).", "Give them https.")
    return ok(f"Web pages that may call the API: {', '.join(allowed) or 'the own ones'}.")


def _is_local(origin: str) -> bool:
    return is_loopback(origin.partition("://")[2].removesuffix(":*").rsplit(":", 1)[0].strip("[]"))


def proxies(case: Case) -> Finding:
    """On loopback only a proxy can bring strangers; its word counts only when it is named."""
    trusted = case.settings.trusted_proxies
    if any(_is_wide(network) for network in trusted):
        return problem(
            "Almost everybody counts as a trusted proxy, and can pretend to come from any address.",
            "Set TERTULIA_TRUSTED_PROXIES to the addresses of your proxies only, such as 127.0.0.1.",
        )
    if trusted:
        return ok(f"Proxies whose word is believed: {', '.join(trusted)}.")
    if is_loopback(case.settings.host):
        return problem(
            "No proxy is trusted: all people share one address and its limits, and https pages are refused.",
            f"Set TERTULIA_TRUSTED_PROXIES=127.0.0.1 (a proxy on this machine); {PAGE}.",
        )
    return ok("No proxy is trusted.", f"If there is one, set TERTULIA_TRUSTED_PROXIES to its address; {PAGE}.")


def _is_wide(text: str) -> bool:
    network = ip_network(text, strict=False)
    return network.prefixlen < WIDE[network.version]


def tls(case: Case) -> Finding:
    settings = case.settings
    if is_loopback(settings.host):
        return ok("Only this machine reaches the server: TLS is the proxy's.")
    if settings.trusted_proxies:
        return ok(
            f"The server speaks plain HTTP on {settings.host}.", "Let a firewall keep all but the proxy from its port."
        )
    return warning(
        f"The server speaks plain HTTP on {settings.host}: passwords and messages can be read on the way.",
        f"Put a proxy with TLS before it, and set TERTULIA_HOST=127.0.0.1; {PAGE}.",
    )


def metrics(case: Case) -> Finding:
    if case.settings.metrics_token:
        return ok("/metrics wants a token.")
    return ok("/metrics answers this machine only.", "For a Prometheus elsewhere set TERTULIA_METRICS_TOKEN.")


CHECKS: Checks = (
    ("hosts", hosts),
    ("origins", origins),
    ("proxy", proxies),
    ("tls", tls),
    ("metrics", metrics),
)

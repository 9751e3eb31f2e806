"""Which pages may use the server, and under which names it answers."""

import pytest
from structlog.testing import capture_logs

from tertulia.protocol.origins import Hosts, Origins, Sites


@pytest.mark.parametrize(
    ("origin", "host", "scheme"),
    [
        (None, "chat.example.org", "http"),
        ("http://chat.example.org", "chat.example.org", "http"),
        ("https://chat.example.org", "chat.example.org", "https"),
        ("https://chat.example.org", "chat.example.org:443", "https"),
        ("http://chat.example.org:80", "Chat.Example.org", "http"),
        ("http://10.0.0.5:8000", "10.0.0.5:8000", "http"),
        ("http://[2001:db8::1]:8000", "[2001:db8::1]:8000", "http"),
    ],
)
@pytest.mark.parametrize("allowed", [(), ("https://other.example.org",)])
def test_the_own_origin_is_always_allowed(origin: str, host: str, scheme: str, allowed: tuple[str, ...]) -> None:
    assert Origins(allowed).allows(origin, host, scheme)


@pytest.mark.parametrize(
    "origin",
    [
        "https://chat.example.org",  # another scheme
        "http://chat.example.org:8000",  # another port
        "http://example.org",
        "http://evil.chat.example.org",
        "http://chat.example.org.evil.org",
        "http://localhost:8000",
        "null",
        "",
        "file://",
    ],
)
def test_others_are_refused(origin: str) -> None:
    assert not Origins().allows(origin, "chat.example.org", "http")


@pytest.mark.parametrize("origin", ["http://localhost", "http://localhost:5173", "http://127.0.0.1:3000"])
def test_on_loopback_this_machine_is_allowed(origin: str) -> None:
    assert Origins(loopback=True).allows(origin, "127.0.0.1:8000", "http")
    assert not Origins().allows(origin, "127.0.0.1:8000", "http")


@pytest.mark.parametrize(
    "origin",
    [
        "https://localhost:5173",
        "http://localhost.evil.org",
        "http://localhost:5173.evil.org",
        "http://localhost:*",
        "http://localhost:",
        "http://evil.org/http://localhost:1",
        "http://user@localhost:1",
        "http://127.0.0.1.evil.org:80",
        "http://127.0.0.2:8000",
        "null",
    ],
)
def test_on_loopback_others_are_refused(origin: str) -> None:
    assert not Origins(loopback=True).allows(origin, "127.0.0.1:8000", "http")


def test_a_list_takes_the_place_of_the_default() -> None:
    origins = Origins(["https://App.example.org/", "http://dev.example.org:*", "tauri://localhost"], loopback=True)

    def allows(origin: str) -> bool:
        return origins.allows(origin, "127.0.0.1:8000", "http")

    assert allows("https://app.example.org")
    assert allows("http://dev.example.org:1234")
    assert allows("tauri://localhost")
    assert not allows("http://app.example.org")
    assert not allows("https://app.example.org:8443")
    assert not allows("http://localhost:5173")


def test_a_star_allows_all() -> None:
    assert Origins(["*"]).allows("https://anywhere.example", "chat.example.org", "http")
    assert Origins(["*"]).allows("null", "chat.example.org", "http")


def test_a_refusal_is_logged_once_for_each_origin() -> None:
    origins = Origins()
    with capture_logs() as lines:
        origins.tell("https://evil.org")
        origins.tell("https://evil.org")
        origins.tell("https://other.org")
    assert [(line["event"], line["origin"], line["setting"]) for line in lines] == [
        ("origin.refused", "https://evil.org", "TERTULIA_ALLOWED_ORIGINS"),
        ("origin.refused", "https://other.org", "TERTULIA_ALLOWED_ORIGINS"),
    ]


def test_a_flood_of_origins_takes_no_memory_and_little_room() -> None:
    origins = Origins()
    with capture_logs() as lines:
        for number in range(1_001):
            origins.tell(f"https://{number}.{'x' * 1000}")
        origins.tell(f"https://0.{'x' * 1000}")  # forgotten meanwhile
    assert len(lines) == 1_002
    assert max(len(line["origin"]) for line in lines) == 200


@pytest.mark.parametrize("host", ["", "chat.example.org", "10.0.0.5:8000", "[::1]:8000", "localhost"])
def test_all_hosts_are_known_by_default(host: str) -> None:
    assert Hosts().allows(host)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1:8000", "[::1]:8000", "app.localhost:1"])
def test_on_loopback_this_machine_s_names_are_known(host: str) -> None:
    assert Hosts(loopback=True).allows(host)


@pytest.mark.parametrize(
    "host", ["", "evil.org", "evil.org:8000", "127.0.0.1.evil.org", "localhost.evil.org", "10.0.0.5"]
)
def test_on_loopback_other_names_are_not(host: str) -> None:
    assert not Hosts(loopback=True).allows(host)


def test_a_list_of_hosts() -> None:
    hosts = Hosts(["Chat.example.org", "*.example.net"], loopback=True)
    assert hosts.allows("chat.example.org:8000")
    assert hosts.allows("a.b.example.net")
    assert not hosts.allows("example.net")
    assert not hosts.allows("evilexample.net")
    assert not hosts.allows("localhost")


def test_what_is_no_host_is_never_known() -> None:
    assert not Hosts(["*"]).allows("a b")
    assert not Hosts(["*"]).allows("chat.example.org/path")


SITES = Sites(["Shop.example.org", "*.example.net"], ["https://pages.example.com"])


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "http://chat.example:3000",
        "https://CHAT.example",
        "http://localhost",
        "http://127.0.0.1:8000",
        "http://[::1]:5173",
        "https://shop.example.org:444",
        "http://a.example.net",
        "https://pages.example.com",
    ],
)
def test_sites_are_known_by_their_host(origin: str | None) -> None:
    assert SITES.allows(origin, "chat.example:8000", "https")


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "null",
        "https://",
        "chat.example",
        "https://evil.example",
        "https://chat.example.evil.example",
        "https://evilchat.example",
        "https://localhost.evil.example",
        "https://pages.example.com:444",
        "https://example.net",
        "https://chat.example/x",
        "https://evil.example/localhost",
        "https://a@localhost",
    ],
)
def test_other_sites_are_not_known(origin: str) -> None:
    assert not SITES.allows(origin, "chat.example:8000", "https")
    assert not Sites().allows(origin, "other.example", "https")


def test_sites_of_all_hosts() -> None:
    assert Sites(["*"]).allows("https://anybody.example", "chat.example", "https")
    assert Sites([], ["*"]).allows("null", "chat.example", "https")

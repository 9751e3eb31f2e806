"""Who asks, behind proxies."""

import pytest

from tertulia.protocol.forwarded import Forwarded, Visitor, valid_host

PROXY = "10.0.0.1"


def headers(**values: str) -> list[tuple[bytes, bytes]]:
    return [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in values.items()]


def test_without_a_proxy_the_line_tells_all() -> None:
    visitor = Forwarded().resolve("192.0.2.7", headers(host="chat.example.org"), "https")
    assert visitor == Visitor("192.0.2.7", "https", "chat.example.org", vouched=True)


def test_nobody_is_believed_unasked() -> None:
    lies = headers(host="a", x_forwarded_for="1.2.3.4", x_forwarded_proto="https", x_forwarded_host="b")
    assert Forwarded().resolve("192.0.2.7", lies) == Visitor("192.0.2.7", "http", "a", vouched=False)
    assert Forwarded([PROXY]).resolve("192.0.2.7", lies) == Visitor("192.0.2.7", "http", "a", vouched=False)


def test_a_trusted_proxy_is_believed() -> None:
    told = headers(host="inner:8000", x_forwarded_for="1.2.3.4", x_forwarded_proto="https", x_forwarded_host="b.org")
    assert Forwarded([PROXY]).resolve(PROXY, told) == Visitor("1.2.3.4", "https", "b.org", vouched=True)


def test_a_trusted_proxy_that_says_nothing_is_the_client() -> None:
    assert Forwarded([PROXY]).resolve(PROXY, headers(host="a")) == Visitor(PROXY, "http", "a")


@pytest.mark.parametrize(
    ("chain", "client"),
    [
        ("6.6.6.6, 1.2.3.4", "1.2.3.4"),  # the client itself wrote 6.6.6.6
        ("6.6.6.6, 1.2.3.4, 10.0.0.9", "1.2.3.4"),  # two of our proxies
        ("10.0.0.8, 10.0.0.9", "10.0.0.8"),
        ("1.2.3.4:5678", "1.2.3.4"),
        ("[2001:db8::1]:5678", "2001:db8::1"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("::ffff:1.2.3.4", "1.2.3.4"),
        ("::ffff:10.0.0.9", "10.0.0.9"),
        ("1.2.3.4, unknown", PROXY),
        ("1.2.3.4, unknown, 10.0.0.9", "10.0.0.9"),
        ("<script>", PROXY),
        ("", PROXY),
        (",,,", PROXY),
        (", ".join(["10.0.0.9"] * 100_000), "10.0.0.9"),
    ],
)
def test_the_rightmost_stranger_is_the_client(chain: str, client: str) -> None:
    forwarded = Forwarded(["10.0.0.0/24"])
    assert forwarded.resolve(PROXY, headers(x_forwarded_for=chain)).address == client


def test_repeated_headers_are_one_list() -> None:
    lines = [(b"X-Forwarded-For", b"6.6.6.6"), (b"x-forwarded-for", b"1.2.3.4")]
    assert Forwarded([PROXY]).resolve(PROXY, lines).address == "1.2.3.4"


@pytest.mark.parametrize(
    ("told", "scheme"),
    [("https", "https"), ("HTTPS", "https"), ("wss", "https"), ("http, https", "https"), ("x", "http")],
)
def test_the_scheme(told: str, scheme: str) -> None:
    assert Forwarded([PROXY]).resolve(PROXY, headers(x_forwarded_proto=told), "ws").scheme == scheme


def test_networks_and_ipv6_proxies() -> None:
    forwarded = Forwarded(["2001:db8::/32", " 10.1.2.3/8 "])
    assert forwarded.resolve("2001:db8::5", headers(x_forwarded_for="1.2.3.4")).address == "1.2.3.4"
    assert forwarded.resolve("10.200.0.1", headers(x_forwarded_for="1.2.3.4")).address == "1.2.3.4"
    assert forwarded.resolve("::ffff:10.0.0.1", headers(x_forwarded_for="1.2.3.4")).address == "1.2.3.4"


@pytest.mark.parametrize("proxy", ["", "nginx", "10.0.0.0/33", "*"])
def test_what_is_no_address_is_told_at_the_start(proxy: str) -> None:
    with pytest.raises(ValueError, match=r"address|network"):
        Forwarded([proxy])


@pytest.mark.parametrize(
    ("peer", "extra", "local"),
    [
        ("127.0.0.1", {}, True),
        ("::1", {}, True),
        ("127.8.9.1", {}, True),
        ("::ffff:127.0.0.1", {}, True),
        ("192.0.2.7", {}, False),
        ("", {}, False),
        ("127.0.0.1", {"x_forwarded_for": "127.0.0.1"}, False),  # some proxy here, that nobody told us about
        ("127.0.0.1", {"forwarded": "for=1.2.3.4"}, False),
        ("127.0.0.1", {"x_real_ip": "1.2.3.4"}, False),
    ],
)
def test_local_is_only_who_asks_directly(peer: str, extra: dict[str, str], *, local: bool) -> None:
    assert Forwarded().resolve(peer, headers(**extra)).is_local is local


def test_local_behind_a_trusted_proxy_is_what_the_proxy_says() -> None:
    forwarded = Forwarded(["127.0.0.1"])
    assert not forwarded.resolve("127.0.0.1", headers(x_forwarded_for="1.2.3.4")).is_local
    assert forwarded.resolve("127.0.0.1", headers(x_forwarded_for="127.0.0.1")).is_local


@pytest.mark.parametrize("host", ["localhost", "a.example.org:8000", "127.0.0.1:1", "[::1]", "[2001:db8::1]:8000"])
def test_hosts(host: str) -> None:
    assert valid_host(host)


@pytest.mark.parametrize("host", ["", "a b", "a/b", "a@b", "a:b", "a:123456", "é.org", "a,b", "[::1", "a" * 254, "a\n"])
def test_what_is_no_host(host: str) -> None:
    assert not valid_host(host)

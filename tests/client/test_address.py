import pytest

from tertulia.client.address import Address


@pytest.mark.parametrize(
    ("url", "api", "socket", "loopback"),
    [
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000/api/v1/", "ws://127.0.0.1:8000/ws", True),
        ("http://localhost:8000/", "http://localhost:8000/api/v1/", "ws://localhost:8000/ws", True),
        ("https://[::1]", "https://[::1]/api/v1/", "wss://[::1]/ws", True),
        ("https://chat.example/deep/", "https://chat.example/deep/api/v1/", "wss://chat.example/deep/ws", False),
    ],
)
def test_addresses_follow_from_the_base(url: str, api: str, socket: str, loopback: bool) -> None:
    address = Address(url)
    assert (address.api, address.socket, address.loopback) == (api, socket, loopback)


@pytest.mark.parametrize(
    "url", ["", "chat.example", "ftp://x", "http://", "http://a:b@x", "http://x?token=1", "http://x#a"]
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="address"):
        Address(url)

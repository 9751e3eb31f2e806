"""Where a server is."""

from urllib.parse import urlsplit, urlunsplit

from tertulia.protocol.origins import is_loopback


class Address:
    """A server's base URL (`http` or `https`), and the addresses that follow from it. Raises `ValueError`."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url.rstrip("/"))
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("Give the server's address like this: http://127.0.0.1:8000")
        if parts.username or parts.query or parts.fragment:
            raise ValueError("The server's address has no user, query or fragment.")
        self.url = urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))
        self.api = f"{self.url}/api/v1/"
        self.socket = urlunsplit((parts.scheme.replace("http", "ws"), parts.netloc, f"{parts.path}/ws", "", ""))
        self.loopback = is_loopback(parts.hostname)

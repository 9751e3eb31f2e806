from pathlib import Path
from typing import Any

import pytest

from cli.doctor.cases import case, said
from tertulia.cli.doctor import exposure
from tertulia.cli.doctor.finding import Check, Level

PUBLIC = {"host": "0.0.0.0"}


@pytest.mark.parametrize(
    ("check", "settings", "level"),
    [
        (exposure.hosts, {"allowed_hosts": ("chat.example.org",)}, "ok"),
        (exposure.hosts, {"allowed_hosts": ("*",)}, "warning"),
        (exposure.hosts, {}, "problem"),
        (exposure.hosts, PUBLIC, "warning"),
        (exposure.origins, {}, "ok"),
        (exposure.origins, {"allowed_origins": ("https://a.example",)}, "ok"),
        (exposure.origins, {"allowed_origins": ("http://a.example",)}, "warning"),
        (exposure.origins, {"allowed_origins": ("*",)}, "warning"),
        (exposure.origins, {"allowed_origins": ("https://a.example", "http://localhost:*")}, "warning"),
        (exposure.origins, {"allowed_origins": ("http://[::1]:3000",)}, "warning"),
        (exposure.proxies, {"trusted_proxies": ("127.0.0.1", "10.0.0.0/8")}, "ok"),
        (exposure.proxies, {"trusted_proxies": ("0.0.0.0/0",)}, "problem"),
        (exposure.proxies, {"trusted_proxies": ("::/0",)}, "problem"),
        (exposure.proxies, {"trusted_proxies": ("0.0.0.0/1", "128.0.0.0/1")}, "problem"),
        (exposure.proxies, {}, "problem"),
        (exposure.proxies, PUBLIC, "ok"),
        (exposure.tls, {}, "ok"),
        (exposure.tls, PUBLIC, "warning"),
        (exposure.tls, {**PUBLIC, "trusted_proxies": ("10.0.0.1",)}, "ok"),
        (exposure.metrics, {}, "ok"),
        (exposure.metrics, {"metrics_token": "m" * 20}, "ok"),
    ],
)
def test_who_reaches_it(check: Check, settings: dict[str, Any], level: Level, tmp_path: Path) -> None:
    found = said(check(case(tmp_path, **settings)))
    assert found.level == level
    assert found.advice or level == "ok"
    assert "m" * 20 not in found.what + found.advice

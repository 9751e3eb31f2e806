"""The README's section about proxies, pasted into a folder of its own, and the real proxy that it sets up."""

import asyncio
import os
import re
import shutil
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from websockets.asyncio.client import ClientConnection, connect

from support.process import free_port
from support.waiting import until

ROOT = Path(__file__).parents[2]
UNPACKED = ROOT / ".venv" / "proxies" / "usr"
"""Where tools/proxies puts what the machine does not have."""

STRANGER = "127.0.0.2"
"""A client that is not the proxy: on Linux all of 127.0.0.0/8 is this machine."""

NGINX = """
daemon off;
worker_processes 1;
{user}
pid {folder}/nginx.pid;
error_log stderr error;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/conf.d/*.conf;
}}
"""
CADDY = "{{\n\tadmin off\n\tauto_https disable_redirects\n}}\nimport {folder}/caddy/Caddyfile\n"


def program(name: str) -> str:
    """Its path. Without it the test is skipped, but in CI it fails."""
    places = os.pathsep.join([os.environ["PATH"], "/usr/sbin", str(UNPACKED / "sbin"), str(UNPACKED / "bin")])
    found = shutil.which(name, path=places)
    if found is None:
        reason = f"there is no {name}: install it, or run `sh tools/proxies`"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def block(name: str) -> str:
    """The lines of the README that follow `<!-- proxy: name -->`."""
    (found,) = re.findall(rf"<!-- proxy: {name} -->\n```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    return str(found)


class Proxy:
    """What runs now. Its clients trust its certificate, and come from `address`."""

    def __init__(self, folder: Path, https: int, http: int) -> None:
        self.folder, self.port, self.plain_port = folder, https, http
        self.url = f"https://localhost:{https}"
        self.tls = ssl.create_default_context(cafile=str(folder / "cert" / "fullchain.pem"))

    def client(self, address: str = STRANGER) -> httpx.AsyncClient:
        line = httpx.AsyncHTTPTransport(verify=self.tls, local_address=address)
        return httpx.AsyncClient(base_url=self.url, transport=line, timeout=10)

    @asynccontextmanager
    async def socket(self, address: str = STRANGER, **headers: str) -> AsyncIterator[ClientConnection]:
        async with connect(
            f"wss://localhost:{self.port}/ws",
            ssl=self.tls,
            proxy=None,
            host="127.0.0.1",
            port=self.port,
            local_addr=(address, 0),
            additional_headers=headers,
            ping_interval=None,
        ) as line:
            yield line

    async def handshake(self, *headers: str) -> bytes:
        """The answer's head to a handshake with these lines in it."""
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", self.port, ssl=self.tls, server_hostname="localhost"
        )
        lines = [
            "GET /ws HTTP/1.1",
            f"Host: localhost:{self.port}",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            *headers,
        ]
        writer.write("".join(f"{line}\r\n" for line in (*lines, "")).encode())
        try:
            async with asyncio.timeout(10):
                return await reader.readuntil(b"\r\n\r\n")
        finally:
            writer.transport.abort()
            with suppress(OSError):
                await writer.wait_closed()


class Machine:
    """A folder that stands for /etc, with the commands of an administrator."""

    def __init__(self, folder: Path, server: int) -> None:
        self.folder, self.server = folder, server
        self.https, self.http = free_port(), free_port()
        for name in ("bin", "conf.d", "caddy", "cert"):
            (folder / name).mkdir(parents=True)
        write_certificate(folder / "cert")
        user = "user root;" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(NGINX.format(folder=folder, user=user))
        (folder / "main.caddy").write_text(CADDY.format(folder=folder))
        self._has("sudo", 'exec "$@"')
        self._has("systemctl", f'echo "$@" >>{folder}/systemctl')

    def _has(self, name: str, script: str) -> None:
        (self.folder / "bin" / name).write_text(f"#!/bin/sh\n{script}\n")
        (self.folder / "bin" / name).chmod(0o755)

    def paste(self, name: str, **changes: str) -> None:
        """Type the block into a shell, as it stands but for addresses, places and `changes`."""
        if name == "nginx":
            self._has("nginx", f'exec {" ".join(self.command("nginx"))} "$@"')
        text = self.moved(block(name))
        for old, new in changes.items():
            assert re.search(rf"\b{old} \S+;", text), old
            text = re.sub(rf"\b{old} \S+;", f"{old} {new};", text)
        path = f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            ["sh", "-es"], input=text, cwd=self.folder, env={"PATH": path}, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert not [line for line in done.stderr.splitlines() if "warn" in line], done.stderr

    def moved(self, text: str) -> str:
        """The same text for this machine."""
        cert = self.folder / "cert"
        for old, new in (
            ("chat.example.org", "localhost"),
            ("/etc/nginx/conf.d", str(self.folder / "conf.d")),
            ("/etc/letsencrypt/live/localhost", str(cert)),
            ("/etc/caddy", str(self.folder / "caddy")),
            ("127.0.0.1:8000", f"127.0.0.1:{self.server}"),
            ("\nlocalhost {", f"\nhttps://localhost:{self.https} {{\n\ttls {cert}/fullchain.pem {cert}/privkey.pem"),
        ):
            text = text.replace(old, new)
        text = re.sub(r"(listen (?:\[::\]:)?)80;", rf"\g<1>{self.http};", text)
        text = re.sub(r"(listen (?:\[::\]:)?)443 ", rf"\g<1>{self.https} ", text)
        return text if has_ipv6() else re.sub(r" *listen \[::\].*\n", "", text)

    def command(self, name: str) -> list[str]:
        if name == "nginx":
            return [program("nginx"), "-e", "stderr", "-p", str(self.folder), "-c", str(self.folder / "nginx.conf")]
        return [program("caddy"), "run", "--config", str(self.folder / "main.caddy"), "--adapter", "caddyfile"]

    @asynccontextmanager
    async def running(self, name: str) -> AsyncIterator[Proxy]:
        """The proxy, from when it listens until it is ended."""
        command, home = self.command(name), {"HOME": str(self.folder)}
        with (self.folder / "log").open("w+b") as log:
            process = await asyncio.create_subprocess_exec(*command, stdout=log, stderr=log, env={**os.environ, **home})
        try:
            await until(lambda: process.returncode is not None or self._listens())
            assert process.returncode is None, (self.folder / "log").read_text()
            yield Proxy(self.folder, self.https, self.http)
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()

    def _listens(self) -> bool:
        with socket.socket() as line:
            line.settimeout(1)
            return line.connect_ex(("127.0.0.1", self.https)) == 0


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as line:
            line.bind(("::1", 0))
    except OSError:
        return False
    return True


def write_certificate(folder: Path, days: int = 90) -> None:
    """For localhost, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.fromtimestamp(int(Path(folder).stat().st_mtime), UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "fullchain.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "privkey.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )

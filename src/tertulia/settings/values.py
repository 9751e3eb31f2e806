"""Kinds of values that settings have, and how they are written as text."""

import ipaddress
import re
from email.utils import parseaddr
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import SplitResult, parse_qs, urlsplit

from pydantic import AfterValidator, BeforeValidator
from pydantic_settings import NoDecode


def _split(value: object) -> object:
    """Lists are written with commas, on the command line too."""
    if isinstance(value, str):
        return tuple(part for item in value.split(",") if (part := item.strip()))
    return value


def _lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


def _path(value: Path) -> Path:
    return value.expanduser().absolute()


def _database_url(value: str) -> str:
    scheme, _, rest = value.partition("://")
    if scheme in {"postgresql", "postgres"}:
        return _server_url(f"postgresql://{rest}")
    if scheme != "sqlite" or not rest.startswith("/") or rest in {"/", "/:memory:"}:
        raise ValueError
    return value


def _server_url(value: str) -> str:
    """With the name of the database. A password stands before the `@`, where it is known to be one."""
    parts = urlsplit(value)
    if not value.isprintable() or " " in value or parts.fragment or parts.port == 0:
        raise ValueError
    if not parts.path.strip("/") or "/" in parts.path[1:] or "password" in parse_qs(parts.query):
        raise ValueError
    return value


_ORIGIN = re.compile(r"\*|https?://[^\s/?#@*:]+(:[0-9]+|:\*)?|https?://\[[0-9a-f:.]+\](:[0-9]+|:\*)?")
_HOST = re.compile(r"\*|(\*\.)?[^\s/?#@*:]+|\[[0-9a-f:.]+\]")


def _origin(value: str) -> str:
    if not _ORIGIN.fullmatch(value):
        raise ValueError
    return value


def _network(value: str) -> str:
    return str(ipaddress.ip_network(value, strict=False))


_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def _keys_url(value: str) -> str:
    """Whoever can change what comes from there can be anybody: so it is encrypted, or does not leave this machine."""
    if not value:
        return value
    parts = urlsplit(value)
    _ = parts.port
    if not parts.hostname or any(character.isspace() for character in value):
        raise ValueError
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise ValueError
    return value


def _shared_secret(value: str) -> str:
    """Not a public key: whoever has that could sign as HS256 with it."""
    if value and (len(value.encode()) < 32 or "-----BEGIN" in value or value.startswith("ssh-")):
        raise ValueError
    return value


def _host(value: str) -> str:
    if not _HOST.fullmatch(value):
        raise ValueError
    return value


def _parts(value: str) -> SplitResult:
    """A URL's parts; refuses what is none, or has a path, query or fragment that is not told by its parts."""
    parts = urlsplit(value)
    if not parts.hostname or parts.query or parts.fragment or parts.port == 0 or not value.isprintable():
        raise ValueError
    return parts


def _public_url(value: str) -> str:
    if not value:
        return value
    parts = _parts(value)
    if parts.scheme not in {"http", "https"} or "@" in parts.netloc or " " in value:
        raise ValueError
    return value.rstrip("/")


def _smtp_url(value: str) -> str:
    if not value:
        return value
    parts = _parts(value)
    if parts.scheme not in {"smtp", "smtps", "smtp+starttls"} or parts.path not in {"", "/"} or " " in value:
        raise ValueError
    if parts.username and parts.scheme == "smtp" and parts.hostname not in {"localhost", "127.0.0.1", "::1"}:
        raise ValueError  # a password that everybody on the way can read
    return value


_MAIL = re.compile(r"[^\s@<>,;:()\"\[\]\\]+@[\w.-]+")


def _mail_from(value: str) -> str:
    name, address = parseaddr(value)
    if value not in {address, f"{name} <{address}>"} or not _MAIL.fullmatch(address) or not value.isprintable():
        raise ValueError
    return value


def _empty_or(length: int) -> AfterValidator:
    def check(value: str) -> str:
        if value and len(value) < length:
            raise ValueError
        return value

    return AfterValidator(check)


def _all_dialects(value: object) -> object:
    found = _split(value.lower() if isinstance(value, str) else value)
    return DIALECTS if found == ("all",) else found


def _dialect_host(value: str) -> str:
    name, separator, host = value.partition("=")
    if not separator or name not in DIALECTS or "*" in host:
        raise ValueError
    return f"{name}={_host(host)}"


def _dialect_tokens(value: str) -> str:
    """How long the tokens of a dialect live."""
    name, _, lifetimes = value.partition("=")
    access, separator, refresh = lifetimes.partition("/")
    if not separator or name not in DIALECTS or not (access.isdecimal() and refresh.isdecimal()):
        raise ValueError
    if not (1 <= int(access) <= 1_440 and 1 <= int(refresh) <= 3_650):
        raise ValueError
    return value


DIALECTS = ("chatrooms", "realtime", "shh", "conversations", "channels")
Lowered = BeforeValidator(_lower)
Level = Annotated[Literal["debug", "info", "warning", "error"], Lowered]
Format = Annotated[Literal["auto", "pretty", "json"], Lowered]
Sockets = Annotated[Literal["auto", "picows", "asgi"], Lowered]
Registration = Annotated[Literal["open", "invite", "closed"], Lowered]
Makers = Annotated[Literal["everyone", "staff"], Lowered]
Reach = Annotated[Literal["everyone", "shared", "nobody"], Lowered]
Origins = Annotated[tuple[Annotated[str, Lowered, AfterValidator(_origin)], ...], NoDecode, BeforeValidator(_split)]
Networks = Annotated[tuple[Annotated[str, AfterValidator(_network)], ...], NoDecode, BeforeValidator(_split)]
Hosts = Annotated[tuple[Annotated[str, Lowered, AfterValidator(_host)], ...], NoDecode, BeforeValidator(_split)]
Directory = Annotated[Path, AfterValidator(_path)]
DatabaseUrl = Annotated[str, AfterValidator(_database_url)]
SecretKey = Annotated[str, _empty_or(32)]
Token = Annotated[str, _empty_or(16)]
PublicUrl = Annotated[str, AfterValidator(_public_url)]
SmtpUrl = Annotated[str, AfterValidator(_smtp_url)]
MailFrom = Annotated[str, AfterValidator(_mail_from)]
SharedSecret = Annotated[str, AfterValidator(_shared_secret)]
KeysUrl = Annotated[str, AfterValidator(_keys_url)]
Asymmetric = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
DialectName = Literal["chatrooms", "realtime", "shh", "conversations", "channels"]
Dialects = Annotated[tuple[Annotated[DialectName, Lowered], ...], NoDecode, BeforeValidator(_all_dialects)]
RootDialect = Annotated[Literal["", "chatrooms", "realtime", "shh", "conversations", "channels"], Lowered]
DialectHosts = Annotated[
    tuple[Annotated[str, Lowered, AfterValidator(_dialect_host)], ...], NoDecode, BeforeValidator(_split)
]
DialectTokens = Annotated[
    tuple[Annotated[str, Lowered, AfterValidator(_dialect_tokens)], ...], NoDecode, BeforeValidator(_split)
]

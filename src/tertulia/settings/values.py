"""Kinds of values that settings have, and how they are written as text."""

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Literal

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
    if not value.startswith("sqlite:///") or value in {"sqlite:///", "sqlite:///:memory:"}:
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


def _host(value: str) -> str:
    if not _HOST.fullmatch(value):
        raise ValueError
    return value


def _empty_or(length: int) -> AfterValidator:
    def check(value: str) -> str:
        if value and len(value) < length:
            raise ValueError
        return value

    return AfterValidator(check)


Lowered = BeforeValidator(_lower)
Level = Annotated[Literal["debug", "info", "warning", "error"], Lowered]
Format = Annotated[Literal["auto", "pretty", "json"], Lowered]
Sockets = Annotated[Literal["auto", "picows", "asgi"], Lowered]
Origins = Annotated[tuple[Annotated[str, Lowered, AfterValidator(_origin)], ...], NoDecode, BeforeValidator(_split)]
Networks = Annotated[tuple[Annotated[str, AfterValidator(_network)], ...], NoDecode, BeforeValidator(_split)]
Hosts = Annotated[tuple[Annotated[str, Lowered, AfterValidator(_host)], ...], NoDecode, BeforeValidator(_split)]
Directory = Annotated[Path, AfterValidator(_path)]
DatabaseUrl = Annotated[str, AfterValidator(_database_url)]
SecretKey = Annotated[str, _empty_or(32)]
Token = Annotated[str, _empty_or(16)]

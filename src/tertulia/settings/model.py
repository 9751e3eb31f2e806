"""The settings: name, default, range and meaning of each. docs/settings.md is made from this file."""

from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le
from pydantic import BaseModel, ConfigDict, Field
from pydantic.fields import FieldInfo

from tertulia.settings import values

PREFIX = "TERTULIA_"


def _extra(group: str, rule: str = "", default: str = "", *, secret: bool = False) -> dict[str, Any]:
    """`rule` and `default` are words for people, where annotation and value do not say it well enough."""
    return {"group": group, "rule": rule, "default": default, "secret": secret}


LISTEN, DATA, SIGN_IN = "Where it listens", "Data", "Signing in"
RATES, LIMITS, WATCH = "How fast one may be", "Connections and memory", "Watching it"


class Settings(BaseModel):
    """The settings in force. Frozen; secrets are kept out of its repr."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, str_strip_whitespace=True)

    host: str = Field(
        default="127.0.0.1",
        min_length=1,
        json_schema_extra=_extra(LISTEN, rule="an address or a host name of this machine"),
        description="Address to listen on. 127.0.0.1: this machine only; 0.0.0.0 (IPv6: `::`): all who reach it.",
    )
    port: int = Field(
        default=8000,
        ge=0,
        le=65_535,
        json_schema_extra=_extra(LISTEN),
        description="Port to listen on. 0 takes a free one.",
    )
    allowed_origins: values.Origins = Field(
        default=(),
        json_schema_extra=_extra(LISTEN, rule="origins such as https://chat.example.org, with commas between them"),
        description="Web pages that may call API v1 and open sockets, by origin; `http://localhost:*` means any port, "
        "`*` any page. Empty: the server's own and, while it listens on loopback only, every one of this machine.",
    )
    allowed_hosts: values.Hosts = Field(
        default=(),
        json_schema_extra=_extra(
            LISTEN, rule="host names without port such as chat.example.org, with commas between them"
        ),
        description="Names by which the server may be called (the `Host` of a request); `*.example.org` means all "
        "names below it. Empty: any; while it listens on loopback only, the names of this machine.",
    )
    trusted_proxies: values.Networks = Field(
        default=(),
        json_schema_extra=_extra(LISTEN, rule="addresses or networks such as 10.0.0.0/8, with commas between them"),
        description="Proxies whose word about the client's address, scheme and host is believed. Empty: none.",
    )
    sockets: values.Sockets = Field(
        default="auto",
        json_schema_extra=_extra(LISTEN),
        description="How sockets are served: picows (fast), asgi (plain), auto (picows if its check at start passes).",
    )
    drain_seconds: float = Field(
        default=0,
        ge=0,
        le=300,
        json_schema_extra=_extra(LISTEN),
        description="On SIGTERM, seconds during which /readyz already fails and all else still works, so that a load "
        "balancer can look elsewhere.",
    )

    data_dir: values.Directory = Field(
        default=Path("data"),
        json_schema_extra=_extra(DATA, rule="a directory that can be written", default="./data"),
        description="Directory of the database and the signing key; made at the first start.",
    )
    database_url: values.DatabaseUrl = Field(
        default_factory=lambda data: f"sqlite:///{data['data_dir']}/tertulia.db",
        json_schema_extra=_extra(
            DATA, rule="sqlite:/// and the path of a file", default="tertulia.db in the data directory"
        ),
        description="The database.",
    )

    secret_key: values.SecretKey = Field(
        default="",
        json_schema_extra=_extra(
            SIGN_IN, rule="at least 32 characters", default="a random one in the data directory", secret=True
        ),
        repr=False,
        description="Signs the access tokens. Whoever has it can be anybody; a new one signs everybody out.",
    )
    access_token_minutes: int = Field(
        default=15,
        ge=1,
        le=1_440,
        json_schema_extra=_extra(SIGN_IN),
        description="Minutes for which an access token is good.",
    )
    refresh_token_days: int = Field(
        default=30,
        ge=1,
        le=3_650,
        json_schema_extra=_extra(SIGN_IN),
        description="Days after which a device that was not used has to sign in again.",
    )
    password_attempts: int = Field(
        default=5,
        ge=1,
        le=1_000,
        json_schema_extra=_extra(SIGN_IN),
        description="Wrong passwords an account may see in a minute; then even the right one has to wait.",
    )

    post_rate: float = Field(
        default=10,
        gt=0,
        le=10_000,
        json_schema_extra=_extra(RATES),
        description="Messages a second one user may post, and as many other changes (edits, reactions, joins, rooms).",
    )
    post_burst: int = Field(
        default=40,
        ge=1,
        le=100_000,
        json_schema_extra=_extra(RATES),
        description="Messages one user may post at once, and as many other changes.",
    )
    command_rate: int = Field(
        default=50,
        ge=1,
        le=10_000,
        json_schema_extra=_extra(RATES),
        description="Commands a second, other than posts, one connection may send; all of one user's, four times that.",
    )
    registrations_per_minute: int = Field(
        default=30,
        ge=1,
        le=1_000_000,
        json_schema_extra=_extra(RATES),
        description="Registrations a minute from one address.",
    )
    logins_per_minute: int = Field(
        default=90,
        ge=1,
        le=1_000_000,
        json_schema_extra=_extra(RATES),
        description="Sign-ins a minute from one address.",
    )
    requests_per_minute: int = Field(
        default=1_200,
        ge=1,
        le=10_000_000,
        json_schema_extra=_extra(RATES),
        description="Other requests a minute from one address.",
    )

    max_connections: int = Field(
        default=0,
        ge=0,
        le=10_000_000,
        json_schema_extra=_extra(LIMITS),
        description="Sockets in all. 0: as many as the limit of open files allows.",
    )
    connections_per_user: int = Field(
        default=100, ge=1, le=1_000_000, json_schema_extra=_extra(LIMITS), description="Sockets of one user."
    )
    connections_per_address: int = Field(
        default=0,
        ge=0,
        le=10_000_000,
        json_schema_extra=_extra(LIMITS),
        description="Sockets from one address. 0: no limit of their own.",
    )
    large_room: int = Field(
        default=100,
        ge=1,
        le=1_000_000,
        json_schema_extra=_extra(LIMITS),
        description="A room with more members is large: no receipts, delivered positions or presence of others; "
        "typing as a count.",
    )
    max_body_kb: int = Field(
        default=256,
        ge=64,
        le=65_536,
        json_schema_extra=_extra(LIMITS),
        description="Size of a request's body, in KiB.",
    )
    unsent_limit_kb: int = Field(
        default=1_024,
        ge=256,
        le=65_536,
        json_schema_extra=_extra(LIMITS),
        description="Bytes that may wait for one slow reader, in KiB; beyond, its connection is closed.",
    )
    ring_room_kb: int = Field(
        default=256,
        ge=16,
        le=65_536,
        json_schema_extra=_extra(LIMITS),
        description="Memory for the newest events of a room, in KiB; who comes back soon is served from it.",
    )
    ring_node_mb: int = Field(
        default=64,
        ge=1,
        le=65_536,
        json_schema_extra=_extra(LIMITS),
        description="The same for all rooms together, in MiB.",
    )

    log_level: values.Level = Field(
        default="info", json_schema_extra=_extra(WATCH), description="The least that is logged."
    )
    log_format: values.Format = Field(
        default="auto",
        json_schema_extra=_extra(WATCH),
        description="pretty for people, json for machines, auto: pretty on a terminal.",
    )
    metrics_token: values.Token = Field(
        default="",
        json_schema_extra=_extra(WATCH, rule="at least 16 characters", default="none", secret=True),
        repr=False,
        description="Bearer token for /metrics. Without one it answers loopback only.",
    )


def variable(name: str) -> str:
    """`port` is TERTULIA_PORT in the environment."""
    return PREFIX + name.upper()


def option(name: str) -> str:
    """`data_dir` is --data-dir on the command line."""
    return "--" + name.replace("_", "-")


def is_secret(name: str) -> bool:
    return bool(extra(name)["secret"])


def extra(name: str) -> dict[str, Any]:
    """Group, rule, default and secrecy of a setting, as given to its field."""
    found = Settings.model_fields[name].json_schema_extra
    assert isinstance(found, dict)
    return found


def rule(name: str) -> str:
    """What a value must be, to be read after "must be"."""
    field = Settings.model_fields[name]
    return str(extra(name)["rule"]) or _choice(field) or _range(field)


def _choice(field: FieldInfo) -> str:
    if get_origin(field.annotation) is not Literal:
        return ""
    return "one of " + ", ".join(get_args(field.annotation))


def _range(field: FieldInfo) -> str:
    kind = "a whole number" if field.annotation is int else "a number"
    low = next(_low(limit) for limit in field.metadata if isinstance(limit, Gt | Ge))
    high = next(f"{limit.le}" for limit in field.metadata if isinstance(limit, Le))
    return f"{kind} {low} to {high}"


def _low(limit: Gt | Ge) -> str:
    return f"above {limit.gt} and up" if isinstance(limit, Gt) else f"from {limit.ge}"

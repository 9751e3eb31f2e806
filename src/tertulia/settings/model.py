"""The settings: name, default, range and meaning of each. docs/settings.md is made from this file."""

from pathlib import Path
from typing import Any, Literal, get_args, get_origin
from urllib.parse import urlsplit

from annotated_types import Ge, Gt, Le
from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic.fields import FieldInfo

from tertulia.settings import values

PREFIX = "TERTULIA_"


def _extra(group: str, rule: str = "", default: str = "", *, secret: bool = False) -> dict[str, Any]:
    """`rule` and `default` are words for people, where annotation and value do not say it well enough."""
    return {"group": group, "rule": rule, "default": default, "secret": secret}


OWN_USERS = "Users of your own backend"
LISTEN, DATA, SIGN_IN = "Where it listens", "Data", "Signing in"
WHO, MAIL = "Who may do what", "Mail"
WEBHOOKS = "Webhooks"
DIALECTS = "Dialects: the APIs of other backends"
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
    public_url: values.PublicUrl = Field(
        default="",
        json_schema_extra=_extra(LISTEN, rule="an address such as https://chat.example.org"),
        description="Address under which people reach the server, for links in mails and for profile pictures. Empty: "
        "http, host and port of this machine.",
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
            DATA,
            rule="sqlite:/// and the path of a file, or postgresql://user:password@host/name",
            default="tertulia.db in the data directory",
        ),
        repr=False,
        description="The database: a file, or PostgreSQL 14 or later. Escape special characters of the password (`@` "
        "is `%40`), and write it into the environment or `.env`: everybody on the machine can read a command line.",
    )

    retention_days: int = Field(
        default=0,
        ge=0,
        le=36_500,
        json_schema_extra=_extra(DATA),
        description="Days after which messages are removed, in every room; a room may say fewer. 0: never.",
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

    jwt_secret: values.SharedSecret = Field(
        default="",
        json_schema_extra=_extra(
            OWN_USERS, rule="at least 32 bytes, and not a public key", default="none", secret=True
        ),
        repr=False,
        description="Takes access tokens that your backend signs with this secret (HS256).",
    )
    jwks_url: values.KeysUrl = Field(
        default="",
        json_schema_extra=_extra(
            OWN_USERS,
            rule="an https:// address (http:// on this machine only), and empty while TERTULIA_JWT_SECRET is set",
        ),
        description="Takes access tokens whose public keys stand at this address (a JWK Set). Instead of a secret.",
    )
    jwt_algorithm: values.Asymmetric = Field(
        default="RS256",
        json_schema_extra=_extra(OWN_USERS),
        description="With TERTULIA_JWKS_URL: the only algorithm that is taken, whatever a token says.",
    )
    jwt_issuer: str = Field(
        default="",
        max_length=1_000,
        json_schema_extra=_extra(OWN_USERS, rule="at most 1000 characters"),
        description="What `iss` of these tokens must be. Empty: anything.",
    )
    jwt_audience: str = Field(
        default="",
        max_length=1_000,
        json_schema_extra=_extra(OWN_USERS, rule="at most 1000 characters"),
        description="What `aud` of these tokens must name. Empty: a token with an `aud` is for somebody else, and "
        "refused.",
    )

    registration: values.Registration = Field(
        default="open",
        json_schema_extra=_extra(WHO),
        description="Who may sign up: open (everybody), invite (who has an invitation to the server or to a room), "
        "closed (nobody). Users of your own backend, server keys and `tertulia createsuperuser` are not asked.",
    )
    public_rooms: values.Makers = Field(
        default="everyone", json_schema_extra=_extra(WHO), description="Who may make public rooms."
    )
    direct_rooms: values.Reach = Field(
        default="everyone",
        json_schema_extra=_extra(WHO),
        description="With whom a direct room may be opened: everyone, shared (people who share a room), nobody. Those "
        "that are there stay. Staff may always.",
    )
    find_people: values.Reach = Field(
        default="everyone",
        json_schema_extra=_extra(WHO),
        description="Who can be searched and looked up: everyone, shared (people who share a room), nobody (no search; "
        "people of one's rooms can still be looked up by id). Staff find everybody.",
    )

    smtp_url: values.SmtpUrl = Field(
        default="",
        json_schema_extra=_extra(
            MAIL,
            rule="smtps://user:password@host:port, smtp+starttls://… or, without a password, smtp://…",
            secret=True,
        ),
        repr=False,
        description="Server through which mail is sent: links to choose a new password and to confirm an address. "
        "smtps: TLS (port 465); smtp+starttls: TLS on a plain port (587); smtp: none (25). Escape special characters "
        "of the password (`@` is `%40`). Empty: no mail is sent.",
    )
    mail_from: values.MailFrom = Field(
        default_factory=lambda data: f"tertulia@{urlsplit(data['public_url']).hostname or 'localhost'}",
        json_schema_extra=_extra(
            MAIL,
            rule="an address such as chat@example.org, or Chat <chat@example.org>",
            default="tertulia at the host of TERTULIA_PUBLIC_URL",
        ),
        description="Sender of mails.",
    )

    webhook_allowed_networks: values.Networks = Field(
        default=(),
        json_schema_extra=_extra(WEBHOOKS, rule="addresses or networks such as 10.0.0.0/8, with commas between them"),
        description="Parts of the server's own network that webhooks may reach (loopback, private and the like). "
        "Empty: none.",
    )
    webhook_attempts: int = Field(
        default=16,
        ge=1,
        le=100,
        json_schema_extra=_extra(WEBHOOKS),
        description="How often a delivery is tried, after 5 s, 10 s, … up to 6 hours, before it is dead. 16: a day.",
    )
    webhook_queue: int = Field(
        default=100_000,
        ge=100,
        le=10_000_000,
        json_schema_extra=_extra(WEBHOOKS),
        description="Deliveries that may wait for one webhook; beyond, the oldest are dead.",
    )

    dialects: values.Dialects = Field(
        default=(),
        json_schema_extra=_extra(DIALECTS, rule=f"`all`, or of {', '.join(values.DIALECTS)}, with commas between"),
        description="Public APIs of other chat backends, served at /compat/NAME/ for clients written for them.",
    )
    root_dialect: values.RootDialect = Field(
        default="",
        json_schema_extra=_extra(DIALECTS, rule=f"one of {', '.join(values.DIALECTS)}"),
        description="The one that is served at the root, too, so that its clients need no change.",
    )
    dialect_host: values.DialectHosts = Field(
        default=(),
        json_schema_extra=_extra(DIALECTS, rule="NAME=HOST such as shh=shh.example.org, with commas between them"),
        description="Dialects that are served at the root of a host name of their own.",
    )
    dialect_tokens: values.DialectTokens = Field(
        default=(),
        json_schema_extra=_extra(
            DIALECTS, rule="NAME=MINUTES/DAYS such as shh=120/7, with commas between them", default="as each documents"
        ),
        description="How long the tokens of a dialect are good: minutes of access, days of refresh.",
    )
    dialect_origins: values.Origins = Field(
        default=("http://127.0.0.1:5173", "http://localhost:5173"),
        json_schema_extra=_extra(DIALECTS, rule="origins such as https://chat.example.org, with commas between them"),
        description="Web pages elsewhere that may use the dialects that take cookies (shh, channels).",
    )
    dialect_list: int = Field(
        default=1_000,
        ge=1,
        le=100_000,
        json_schema_extra=_extra(DIALECTS),
        description="Rooms or people in a list that a dialect answers without pages.",
    )
    dialect_history: int = Field(
        default=1_000,
        ge=1,
        le=100_000,
        json_schema_extra=_extra(DIALECTS),
        description="Messages in a history that a dialect answers without pages: the newest.",
    )
    dialect_greeting: int = Field(
        default=200,
        ge=1,
        le=10_000,
        json_schema_extra=_extra(DIALECTS),
        description="Messages that a dialect's socket is sent when it opens: the newest, oldest first.",
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
        description="Registrations a minute from one address, and as many forgotten passwords.",
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
        description="Other requests a minute from one address; ten times as many under /api/v1/server/, and pictures.",
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
    max_avatar_kb: int = Field(
        default=5_120,
        ge=64,
        le=65_536,
        json_schema_extra=_extra(LIMITS),
        description="Size of a profile picture as it is uploaded, in KiB; it is kept much smaller.",
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

    @property
    def address(self) -> str:
        """Where people reach the server, without a slash at the end: for links."""
        if self.public_url:
            return self.public_url
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 - shown, not bound
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    @field_validator("jwks_url")
    @classmethod
    def _one_kind_of_key(cls, url: str, info: ValidationInfo) -> str:
        """Which of the two would count could only be guessed."""
        if url and info.data.get("jwt_secret"):
            raise ValueError
        return url


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

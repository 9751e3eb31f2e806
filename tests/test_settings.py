"""Settings: where they come from, what they may be, what is said when they are not."""

import runpy
from pathlib import Path

import pytest
from pydantic import ValidationError

from tertulia import settings
from tertulia.settings import Settings, SettingsError, load


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(settings.variable(name), raising=False)
    monkeypatch.chdir(tmp_path)


ROOT = Path(__file__).parents[1]

EXAMPLES = {
    "host": "0.0.0.0",
    "port": "9000",
    "data_dir": "/srv/chat",
    "database_url": "sqlite:////srv/chat.db",
    "allowed_origins": "https://a.example, http://localhost:*",
    "allowed_hosts": "a.example,*.b.example",
    "trusted_proxies": "10.0.0.0/8, ::1",
    "public_url": "https://chat.example.org/talk",
    "sockets": "asgi",
    "drain_seconds": "2.5",
    "secret_key": "k" * 40,
    "access_token_minutes": "5",
    "refresh_token_days": "7",
    "password_attempts": "9",
    "jwt_secret": "j" * 32,
    "jwks_url": "https://login.example/.well-known/jwks.json",
    "jwt_algorithm": "ES256",
    "jwt_issuer": "https://login.example",
    "jwt_audience": "chat",
    "registration": "Invite",
    "public_rooms": "staff",
    "direct_rooms": "shared",
    "find_people": "nobody",
    "webhook_allowed_networks": "10.0.0.0/8",
    "webhook_attempts": "3",
    "webhook_queue": "1000",
    "retention_days": "30",
    "smtp_url": "smtp+starttls://chat:p%40ss@mail.example.org:2525",
    "mail_from": "Chat <chat@example.org>",
    "dialects": "All",
    "root_dialect": "shh",
    "dialect_host": "shh=Shh.example.org, channels=[::1]",
    "dialect_tokens": "shh=120/7",
    "dialect_origins": "https://a.example",
    "dialect_list": "10",
    "dialect_history": "20",
    "dialect_greeting": "30",
    "post_rate": "0.5",
    "post_burst": "3",
    "command_rate": "7",
    "registrations_per_minute": "2",
    "logins_per_minute": "3",
    "requests_per_minute": "4",
    "max_connections": "5000",
    "connections_per_user": "6",
    "connections_per_address": "7",
    "large_room": "8",
    "max_body_kb": "2048",
    "max_avatar_kb": "1024",
    "unsent_limit_kb": "512",
    "ring_room_kb": "64",
    "ring_node_mb": "8",
    "log_level": "WARNING",
    "log_format": "json",
    "metrics_token": "m" * 20,
}
BAD = {
    "host": "\t",
    "port": "65536",
    "database_url": "sqlite:///:memory:",
    "allowed_origins": "https://a.example/path",
    "allowed_hosts": "https://a.example",
    "trusted_proxies": "10.0.0.300",
    "public_url": "chat.example.org",
    "sockets": "fast",
    "drain_seconds": "inf",
    "secret_key": "too short",
    "access_token_minutes": "0",
    "refresh_token_days": "1.5",
    "password_attempts": "many",
    "jwt_secret": "much too short",
    "jwks_url": "http://login.example/jwks.json",
    "jwt_algorithm": "HS256",
    "jwt_issuer": "i" * 1_001,
    "jwt_audience": "a" * 1_001,
    "registration": "free",
    "public_rooms": "nobody",
    "direct_rooms": "staff",
    "find_people": "some",
    "webhook_allowed_networks": "here",
    "webhook_attempts": "0",
    "webhook_queue": "10",
    "retention_days": "-1",
    "smtp_url": "mail.example.org",
    "mail_from": "Chat",
    "dialects": "chatrooms,klingon",
    "root_dialect": "klingon",
    "dialect_host": "shh.example.org",
    "dialect_tokens": "shh=120",
    "dialect_origins": "https://a.example/path",
    "dialect_list": "0",
    "dialect_history": "0",
    "dialect_greeting": "0",
    "post_rate": "nan",
    "post_burst": "0",
    "command_rate": "-1",
    "registrations_per_minute": "0",
    "logins_per_minute": "0",
    "requests_per_minute": "0",
    "max_connections": "-1",
    "connections_per_user": "0",
    "connections_per_address": "-1",
    "large_room": "0",
    "max_body_kb": "1",
    "max_avatar_kb": "1",
    "unsent_limit_kb": "1",
    "ring_room_kb": "1",
    "ring_node_mb": "0",
    "log_level": "loud",
    "log_format": "xml",
    "metrics_token": "short",
}


def test_examples_cover_every_setting() -> None:
    assert set(EXAMPLES) == set(Settings.model_fields)
    assert set(BAD) == set(Settings.model_fields) - {"data_dir"}  # any text names a path


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_is_read_from_environment_env_file_and_command_line(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    default = getattr(load().settings, name)
    given = load({name: EXAMPLES[name]})
    assert given.origins[name] == "command line"
    assert getattr(given.settings, name) != default
    Path(".env").write_text(f"{settings.variable(name)}={EXAMPLES[name]}\n")
    from_file = load()
    assert from_file.origins[name] == ".env"
    Path(".env").unlink()
    monkeypatch.setenv(settings.variable(name), EXAMPLES[name])
    from_environment = load()
    assert from_environment.origins[name] == "environment"
    assert given.settings == from_file.settings == from_environment.settings


@pytest.mark.parametrize("name", BAD)
def test_bad_value_gives_one_sentence_with_the_name_and_without_the_value(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(settings.variable(name), BAD[name])
    with pytest.raises(SettingsError) as caught:
        load()
    said = str(caught.value)
    assert said == f"{settings.variable(name)} must be {settings.rule(name)}."
    assert BAD[name] not in said.split("must be", maxsplit=1)[0]


def test_bad_values_are_named_as_they_were_given(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("TERTULIA_POST_RATE=x\n")
    monkeypatch.setenv("TERTULIA_POST_BURST", "x")
    with pytest.raises(SettingsError) as caught:
        load({"port": "x"})
    assert str(caught.value).splitlines() == [
        "--port must be a whole number from 0 to 65535.",
        "TERTULIA_POST_RATE in .env must be a number above 0 and up to 10000.",
        "TERTULIA_POST_BURST must be a whole number from 1 to 100000.",
    ]


def test_command_line_beats_environment_beats_env_file_beats_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load().settings.port == 8000
    Path(".env").write_text("TERTULIA_PORT=1\n")
    assert load().settings.port == 1
    monkeypatch.setenv("TERTULIA_PORT", "2")
    assert load().settings.port == 2
    assert load({"port": "3"}).settings.port == 3


def test_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERTULIA_PORT", "")
    assert load().origins["port"] == "default"


def test_defaults_are_those_of_the_contract() -> None:
    found = load().settings
    assert (found.host, found.port, found.data_dir) == ("127.0.0.1", 8000, Path.cwd() / "data")
    assert found.database_url == f"sqlite:///{Path.cwd()}/data/tertulia.db"
    assert (found.access_token_minutes, found.refresh_token_days) == (15, 30)
    assert (found.post_rate, found.post_burst, found.command_rate) == (10, 40, 50)
    assert (found.connections_per_user, found.large_room, found.password_attempts) == (100, 100, 5)
    assert found.registrations_per_minute >= 20
    assert found.logins_per_minute >= 60
    assert found.requests_per_minute >= 600


def test_database_follows_the_data_directory() -> None:
    assert load({"data_dir": "/srv/x"}).settings.database_url == "sqlite:////srv/x/tertulia.db"


def test_lists_are_written_with_commas() -> None:
    found = load({"allowed_origins": " https://A.example ,http://b:1,", "trusted_proxies": "10.1.2.3"}).settings
    assert found.allowed_origins == ("https://a.example", "http://b:1")
    assert found.trusted_proxies == ("10.1.2.3/32",)


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        (
            "allowed_origins",
            "*, http://localhost:*, https://a.example, http://127.0.0.1:3000, http://[::1]:3000",
            [
                "a.example",
                "ftp://a.example",
                "https://a.example/",
                "https://*.example",
                "https://u@a",
                "null",
                "http://a:x",
            ],
        ),
        (
            "allowed_hosts",
            "*, a.example, *.a.example, 127.0.0.1, [::1]",
            ["a.example:80", "https://a.example", "a.*", "a b", "a/b"],
        ),
        ("trusted_proxies", "10.0.0.1, 10.0.0.0/8, ::1, fd00::/8", ["*", "proxy.example", "10.0.0.0/33"]),
        (
            "jwks_url",
            "http://localhost:8080/keys",
            [
                "ftp://a.example",
                "https://",
                "http://a.example",
                "a.example/keys",
                "https://a.example:x/",
                "https://a b/",
            ],
        ),
        (
            "jwt_secret",
            "é" * 16,
            ["é" * 15, "-----BEGIN PUBLIC KEY-----" + "x" * 40, "ssh-rsa " + "A" * 40],
        ),
        (
            "public_url",
            "https://chat.example.org:8443/talk",
            ["//a", "ftp://a", "https://", "https://a?b", "https://a#b", "https://u:p@a", "https://a:x", "https://a b"],
        ),
        (
            "smtp_url",
            "smtps://chat%40a.org:%2F%3A@mail.example.org",
            [
                "smtp://",
                "http://mail",
                "smtps://mail/path",
                "smtps://mail?x",
                "smtps://mail:99999",
                "smtp://chat:secret@mail.example.org",  # for all to read
            ],
        ),
        (
            "mail_from",
            "Chat <chat@example.org>",
            ["@", "a@", "Chat <chat>", "a@b.org, c@d.org", "a@b.org\r\nBcc: c@d.org", "Chat\n <chat@example.org>"],
        ),
        ("database_url", "sqlite:////a/b.db", ["sqlite://", "sqlite:///", "b.db", "mysql://a/b", "://a/b"]),
        (
            "database_url",
            "postgresql://ann:p%40ss@db.example.org:5433/chat?sslmode=require",
            [
                "postgresql://db.example.org",
                "postgresql://db.example.org/",
                "postgresql://db.example.org/a/b",
                "postgresql://db.example.org:0/chat",
                "postgresql://db.example.org:x/chat",
                "postgresql://db example.org/chat",
                "postgresql+asyncpg://db.example.org/chat",
                "postgresql://db.example.org/chat?password=hunter2",  # would be shown
            ],
        ),
    ],
)
def test_what_is_given_as_text_has_the_right_shape(name: str, good: str, bad: list[str]) -> None:
    assert load({name: good}).origins[name] == "command line"
    for value in bad:
        with pytest.raises(SettingsError):
            load({name: value})


def test_tokens_are_checked_by_a_secret_or_by_public_keys_not_by_either() -> None:
    with pytest.raises(SettingsError) as caught:
        load({"jwt_secret": "j" * 32, "jwks_url": "https://login.example/keys"})
    assert str(caught.value) == (
        "--jwks-url must be an https:// address (http:// on this machine only), and empty while "
        "TERTULIA_JWT_SECRET is set."
    )


def test_settings_are_frozen_and_take_only_what_they_are_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERTULIA_PORT", "1")
    found = Settings()
    assert found.port == 8000
    with pytest.raises(ValidationError):
        found.port = 1
    with pytest.raises(ValidationError):
        Settings.model_validate({"prot": 1})


def test_secrets_stay_out_of_the_repr() -> None:
    secret = "s" * 40
    assert secret not in repr(load({"secret_key": secret, "metrics_token": secret}))


def test_misspelt_variable_is_said_and_not_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERTULIA_PROT", "9")
    Path(".env").write_text("TERTULIA_XYZZY=1\nOTHER=2\n")
    assert load().unknown == (
        "TERTULIA_PROT is not a setting of Tertulia; did you mean TERTULIA_PORT?",
        "TERTULIA_XYZZY is not a setting of Tertulia.",
    )


def test_env_file_that_cannot_be_read_is_one_sentence() -> None:
    Path(".env").write_bytes(b"TERTULIA_HOST=\xff\xfe\n")
    with pytest.raises(SettingsError, match=r"^\.env cannot be read: it must be UTF-8 text"):
        load()


def test_every_setting_is_described() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description
        assert field.description.endswith(".")
        assert settings.rule(name)
        assert settings.extra(name)["group"]
    assert {name for name in Settings.model_fields if settings.is_secret(name)} >= {
        "secret_key",
        "smtp_url",
        "jwt_secret",
        "metrics_token",
    }


def test_page_of_settings_is_what_the_code_says() -> None:
    """Wrong? Run `.venv/bin/python tools/settings_page.py`."""
    tool = runpy.run_path(str(ROOT / "tools" / "settings_page.py"))
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert page == tool["page"]()
    assert all(f"| `{settings.variable(name)}` |" in page for name in Settings.model_fields)


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ({}, "http://127.0.0.1:8000"),
        ({"host": "0.0.0.0", "port": "9000"}, "http://127.0.0.1:9000"),
        ({"host": "::"}, "http://[::1]:8000"),
        ({"host": "chat.lan"}, "http://chat.lan:8000"),
        ({"host": "0.0.0.0", "public_url": "https://chat.example.org/"}, "https://chat.example.org"),
    ],
)
def test_where_people_reach_the_server(given: dict[str, object], address: str) -> None:
    assert load(given).settings.address == address


def test_mail_comes_from_where_the_server_is() -> None:
    assert load().settings.mail_from == "tertulia@localhost"
    assert load({"public_url": "https://chat.example.org:444/x"}).settings.mail_from == "tertulia@chat.example.org"


def test_a_postgresql_has_two_schemes_and_may_be_a_socket() -> None:
    assert load({"database_url": "postgres://a:b@h/chat"}).settings.database_url == "postgresql://a:b@h/chat"
    socket = "postgresql:///chat?host=/run/postgresql"
    assert load({"database_url": socket}).settings.database_url == socket


def test_the_password_of_the_database_is_not_in_the_repr() -> None:
    assert "hunter2" not in repr(load({"database_url": "postgresql://a:hunter2@h/chat"}))

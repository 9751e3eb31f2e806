"""`tertulia webhook`: add, list, remove, dead, resend; beside a server or without one."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from support.commands import tertulia

pytestmark = pytest.mark.usefixtures("database")
URL = "http://127.0.0.1:9/hooks?token=hidden"
ALLOWED = ("--webhook-allowed-networks", "127.0.0.0/8")


def rows(folder: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(folder / "data" / "tertulia.db")) as connection, connection:
        return connection.execute(sql).fetchall()


def test_a_webhooks_life(tmp_path: Path) -> None:
    added = tertulia(tmp_path, "webhook", "add", URL, "--events", "message, mention", *ALLOWED)
    assert (added.returncode, added.stdout[:6]) == (0, "whsec_"), added.stderr
    ((id_, number, secret, events),) = rows(tmp_path, "SELECT id, number, secret, events FROM webhooks")
    assert added.stdout == f"{secret}\n"
    assert events == '["message", "mention"]'
    assert str(id_) in added.stderr
    listed = tertulia(tmp_path, "webhook", "list").stdout
    assert all(part in listed for part in (str(id_), URL, "message, mention"))
    assert str(secret) not in listed
    for dead in (1, 2):
        rows(
            tmp_path,
            "INSERT INTO deliveries (id, webhook, event, payload, created_at, next_at, dead_at, attempts, error) "
            f"VALUES ('dead-{dead}', {number}, 'message', '{{\"body\":\"said\"}}', 1, 1, 1, 16, 'status 500')",
        )
    shown = tertulia(tmp_path, "webhook", "dead", str(id_)).stdout
    assert all(part in shown for part in ("dead-1", "dead-2", "status 500", "16"))
    assert "said" not in shown
    assert tertulia(tmp_path, "webhook", "resend", str(id_), "dead-2", "none").stdout == "1 deliveries wait again.\n"
    assert tertulia(tmp_path, "webhook", "resend", str(id_)).stdout == "1 deliveries wait again.\n"
    assert tertulia(tmp_path, "webhook", "remove", str(id_)).stdout == "The webhook is gone.\n"
    assert rows(tmp_path, "SELECT (SELECT count(*) FROM webhooks) + (SELECT count(*) FROM deliveries)") == [(0,)]
    audit = rows(tmp_path, "SELECT act, actor, via, details FROM audit ORDER BY number")
    acts = ["webhook_create", "webhook_resend", "webhook_resend", "webhook_remove"]
    assert [row[:3] for row in audit] == [(act, None, "command line") for act in acts]
    assert not any("hidden" in str(row[3]) for row in audit)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("add", "http://127.0.0.1:9/"), "This address cannot be used: it leads into the server's own network"),
        (("add", "127.0.0.1"), "Give an address such as https://app.example.org/hooks.\n"),
        (("add", URL, "--events", "all", *ALLOWED), "Give some of: message, edit, delete, mention, member, report.\n"),
        (("dead", "none"), "There is no such webhook.\n"),
        (("resend", "none"), "There is no such webhook.\n"),
        (("remove", "none"), "There is no such webhook.\n"),
    ],
)
def test_what_is_refused_is_one_sentence(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    done = tertulia(tmp_path, "webhook", *words)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(said)

"""`tertulia backup`, `tertulia restore`, `tertulia new-epoch`: copies of the database, and histories that end."""

import shlex
from pathlib import Path

import typer

from tertulia.cli.options import pasteable, shown
from tertulia.cli.users import no_database, prepare
from tertulia.clock import SystemClock
from tertulia.datadir import open_data_dir
from tertulia.refusal import Refusal
from tertulia.settings import Loaded
from tertulia.storage import backup as copies
from tertulia.storage import schema

MB = 1_000_000


def backup(loaded: Loaded, file: Path) -> None:
    """Works beside a running server, which does not wait for it."""
    url = loaded.settings.database_url
    if not schema.is_file(url):
        command = shlex.join(["pg_dump", "--format=custom", f"--file={file}", shown(url)])
        raise Refusal(f"PostgreSQL has its own: run `{command}`.")
    _require_some(loaded)
    size = copies.copy(url, file)
    typer.echo(f"{file} has the whole database ({size / MB:,.1f} MB): everybody's messages, so keep it safe.")


def _require_some(loaded: Loaded) -> None:
    """Of any version: before an update there should be a backup, too."""
    state = schema.state_of(loaded.settings.database_url)
    if state is schema.State.EMPTY:
        raise Refusal(no_database(loaded))
    if state is schema.State.FOREIGN:
        schema.require_current(loaded.settings.database_url)


def restore(loaded: Loaded, file: Path) -> None:
    """Refused while a server runs on the data directory."""
    url = loaded.settings.database_url
    if not schema.is_file(url):
        command = shlex.join(["pg_restore", "--clean", "--if-exists", f"--dbname={shown(url)}", str(file)])
        then = pasteable(loaded, "new-epoch")
        raise Refusal(f"PostgreSQL has its own: stop all servers, run `{command}`, then `{then}`.")
    with open_data_dir(loaded.settings.data_dir).lock():
        restored = copies.restore(url, file, SystemClock().now())
    typer.echo(f"{schema.database_file(url)} is what {file} has. Everybody signs in again, and loads everything anew.")
    if restored.aside is not None:
        typer.echo(f"The database of before is {restored.aside}: delete it when it is not needed any more.")
    _tell_what_came_back(restored)


def _tell_what_came_back(restored: copies.Restored) -> None:
    if restored.erased is None:
        typer.echo("Whoever deleted their account since the backup was made is back: delete them again.", err=True)
    elif restored.erased:
        typer.echo(f"Deleted again, as they had been deleted since the backup was made: {restored.erased} accounts.")
    if restored.kept:
        typer.echo("One who had deleted their account is the last one of the staff here, and is back.", err=True)
    typer.echo(
        "What else was taken back since is back, too: bans that were lifted, keys and invitations that were revoked, "
        "messages that were deleted. Look through `tertulia apikey list` and the bans.",
        err=True,
    )


def new_epoch(loaded: Loaded) -> None:
    """For a database that went back in time by other means. Refused while a server runs on the data directory."""
    prepare(loaded)
    with open_data_dir(loaded.settings.data_dir).lock():
        copies.begin_anew(loaded.settings.database_url, SystemClock().now())
    typer.echo("This is another history now: everybody signs in again, and loads everything anew.")

"""`tertulia copy`: everything, from one database to another."""

from pathlib import Path

from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from tertulia.cli.doctor.database import holders, name_of
from tertulia.cli.options import shown
from tertulia.datadir import serving
from tertulia.refusal import Refusal
from tertulia.settings import Loaded, Settings, SettingsError, rule
from tertulia.storage import copying, schema, server


def copy(loaded: Loaded, source: str, target: str) -> None:
    """`source`: empty for the database of the settings. Prints what was copied."""
    source = _checked("--from", source or loaded.settings.database_url)
    target = _checked("--to", target)
    rows = copying.check(source, target)
    _refuse_running(loaded, source)
    console = Console(highlight=False)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("Copying", total=2 * rows)  # each is written, and then compared
        copied = copying.copy(source, target, lambda what, more: progress.update(bar, description=what, advance=more))
    table = Table("Table", "Rows", "Same")
    for name, count in copied.items():
        table.add_row(name, f"{count:,}", "yes")
    console.print(table)
    for line in _next(target):
        console.print(line, markup=False, soft_wrap=True)


def _checked(option: str, url: str) -> str:
    """As the settings want it."""
    try:
        return Settings(database_url=url).database_url
    except ValidationError:
        raise SettingsError(f"{option} must be {rule('database_url')}.") from None


def _refuse_running(loaded: Loaded, source: str) -> None:
    """What a server writes after its database was read would be lost. As far as it can be seen from here."""
    name = schema.named(source)
    if not schema.is_file(source):
        if open_ones := server.others(source):
            raise Refusal(f"Tertulia runs on {name} ({open_ones} connections): stop it, so that nothing is lost.")
        return
    file = schema.database_file(source)
    folders = {file.parent} | ({loaded.settings.data_dir} if source == loaded.settings.database_url else set())
    if any(serving(folder) for folder in folders):
        raise Refusal(f"A server runs on {name}: stop it, so that nothing is lost.")
    if Path("/proc/self/fd").exists() and (found := list(holders(file))):
        shown_ones = ", ".join(f"{name_of(process)} (process {process})" for process in found)
        raise Refusal(f"The database {name} is open in {shown_ones}: end that, so that nothing is lost.")


def _next(target: str) -> tuple[str, ...]:
    return (
        f"Everything is in {schema.named(target)} now; the source is as it was.",
        f"Start the server on it: set TERTULIA_DATABASE_URL={shown(target)}, and keep the data directory.",
        "Clients load their rooms once more when they come back. Nobody has to sign in again.",
    )

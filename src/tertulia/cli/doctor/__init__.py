"""`tertulia doctor`: looks at everything, changes nothing, and says what to do."""

from collections.abc import Iterator

import typer

from tertulia.cli.doctor import clock, database, disk, folder, machine, port, postgresql, settings
from tertulia.cli.doctor.finding import Case, Checks, Finding, on_file, on_server, problem
from tertulia.cli.doctor.outside import ask
from tertulia.cli.doctor.production import CHECKS as PRODUCTION
from tertulia.cli.doctor.shown import as_document, show
from tertulia.cli.options import running
from tertulia.clock import SystemClock
from tertulia.settings import Loaded, SettingsError, load

HERE: Checks = (
    *machine.CHECKS,
    *folder.CHECKS,
    *on_file(disk.CHECKS),
    *on_file(database.CHECKS),
    *on_server(postgresql.CHECKS),
    *port.CHECKS,
    *clock.CHECKS,
)


def doctor(said: dict[str, object], *, production: bool, url: str, as_json: bool) -> None:
    """Print the findings; the program ends with 1 if one of them is a problem."""
    found = list(findings(said, production=production, url=url))
    if as_json:
        typer.echo(as_document(found))
    else:
        show(found)
    if any(finding.level == "problem" for _, finding in found):
        raise typer.Exit(1)


def findings(said: dict[str, object], *, production: bool = False, url: str = "") -> Iterator[tuple[str, Finding]]:
    """Each check's name and what it found. Settings that cannot be read end it: the rest hangs on them."""
    try:
        loaded = load(said)
    except SettingsError as error:
        yield from (("settings", finding) for finding in settings.refused(error))
        return
    yield "settings", settings.look(loaded)
    yield from examine(_case(loaded), production=production)
    if url:
        yield from ask(url)


def _case(loaded: Loaded) -> Case:
    clock = SystemClock()
    return Case(loaded, clock, running(loaded), (clock.now(), clock.monotonic()))


def examine(case: Case, *, production: bool) -> Iterator[tuple[str, Finding]]:
    """All that can be seen on this machine."""
    checks = (*HERE, *PRODUCTION) if production else HERE
    for name, check in checks:
        try:
            finding = check(case)
        except OSError as error:
            finding = problem(
                f"This cannot be looked at: {(error.strerror or 'it failed').lower()}.",
                "Run the doctor as the user who runs the server.",
            )
        if finding is not None:
            yield name, finding

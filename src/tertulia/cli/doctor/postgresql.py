"""The database on a PostgreSQL server: is it there, does it fit, does it keep what it acknowledges?"""

from functools import lru_cache

from tertulia.cli.doctor.clock import APART, SECOND
from tertulia.cli.doctor.finding import Case, Checks, Finding, ok, problem, sentences, warning
from tertulia.cli.options import pasteable
from tertulia.storage import schema
from tertulia.storage.server import CONNECTIONS, Facts, facts


def database(case: Case) -> Finding:
    """Whether it can be reached, and this version can work with it."""
    found = _asked(case)
    if isinstance(found, str):
        return problem(*sentences(found))
    url = case.settings.database_url
    if found.state is schema.State.CURRENT:
        return ok(f"The database {schema.named(url)} (PostgreSQL {found.version}) has the schema of this version.")
    what = sentences(schema.refusal(found.state, url, pasteable(case.loaded, "migrate")))
    bearable = {schema.State.EMPTY, schema.State.OLDER, schema.State.AHEAD}
    return warning(*what) if found.state in bearable else problem(*what)


def connections(case: Case) -> Finding | None:
    found = _asked(case)
    return None if isinstance(found, str) else judge_connections(*found.connections, running=case.server is not None)


def judge_connections(free: int, of: int, *, running: bool) -> Finding:
    """A server that runs has its own already."""
    needed = 0 if running else CONNECTIONS
    shown = f"{free} of {of} connections of PostgreSQL are free; each server of ours takes up to {CONNECTIONS}."
    advice = "Raise `max_connections`, or end what else uses the server."
    if free < needed:
        return problem(shown, advice)
    return warning(shown, advice) if free < needed + CONNECTIONS else ok(shown)


def durability(case: Case) -> Finding | None:
    found = _asked(case)
    return None if isinstance(found, str) else judge_durability(found.unsafe)


def judge_durability(unsafe: tuple[str, ...]) -> Finding:
    if unsafe:
        return problem(
            f"PostgreSQL may lose what it has acknowledged: {' and '.join(unsafe)} is off.",
            f"Set {' and '.join(f'`{name} = on`' for name in unsafe)} in postgresql.conf.",
        )
    return ok("PostgreSQL stores what it acknowledges (fsync, full_page_writes, synchronous_commit).")


def failover(case: Case) -> Finding | None:
    found = _asked(case)
    return None if isinstance(found, str) else judge_failover(found)


def judge_failover(found: Facts) -> Finding:
    if found.is_standby:
        return problem(
            "This is a standby, which takes no messages.", "Name the primary in TERTULIA_DATABASE_URL, or promote it."
        )
    if found.standbys and not found.asked_standbys:
        return warning(
            "No commit waits for the standby: after a failover messages may be gone that were acknowledged.",
            "Set `synchronous_standby_names`, or accept it: clients then load everything anew.",
        )
    return ok("A commit waits for a standby." if found.asked_standbys else "There is no standby to fail over to.")


def clock(case: Case) -> Finding | None:
    before = case.clock.now()
    found = _asked(case, fresh=True)
    return None if isinstance(found, str) else judge_clock(before, found.now, case.clock.now())


def judge_clock(before: int, there: int, after: int) -> Finding:
    """In microseconds: here before and after the server was asked, and what it said."""
    apart = max(before - there, there - after, 0) / SECOND
    if apart > APART:
        return warning(
            f"The clock of PostgreSQL is {apart:.0f} seconds off ours.", "Let both be set by NTP: see `timedatectl`."
        )
    return ok("PostgreSQL has the same time.")


def _asked(case: Case, *, fresh: bool = False) -> Facts | str:
    """Once for all checks: each would wait as long for a server that does not answer. A sentence, if it cannot be."""
    url, began = case.settings.database_url, case.began
    found = _ask(url, began)
    return facts(url) if fresh and not isinstance(found, str) else found


@lru_cache(maxsize=1)
def _ask(url: str, _began: tuple[int, float]) -> Facts | str:
    try:
        return facts(url)
    except schema.SchemaError as error:
        return str(error)


CHECKS: Checks = (
    ("database", database),
    ("connections", connections),
    ("durability", durability),
    ("failover", failover),
    ("database clock", clock),
)

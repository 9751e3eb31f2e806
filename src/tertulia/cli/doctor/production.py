"""What matters once strangers can reach the server: `--production`."""

from tertulia.cli.doctor import accounts, exposure, signing
from tertulia.cli.doctor.finding import Case, Checks, Finding, ok, warning
from tertulia.cli.options import pasteable


def backup(case: Case) -> Finding:
    """Nothing here can see whether there is one."""
    if not case.has_file:
        return ok(
            "The database is on PostgreSQL; nothing here tells whether it is backed up.",
            "Archive its log (`archive_mode`, `pg_basebackup`), or take a `pg_dump` every day, kept on another "
            "machine; and try to restore one.",
        )
    return ok(
        "The database is one SQLite file; nothing here tells whether it is backed up.",
        f"Every day: `{pasteable(case.loaded, 'backup')} /backup/tertulia-$(date +%F).db`, kept on another machine; "
        "and try to restore one.",
    )


def logging(case: Case) -> Finding | None:
    if case.settings.log_level != "debug":
        return None
    return warning("Everything is logged (debug): much, and slow.", "Set TERTULIA_LOG_LEVEL=info.")


CHECKS: Checks = (
    *exposure.CHECKS,
    *signing.CHECKS,
    *accounts.CHECKS,
    ("backup", backup),
    ("log level", logging),
)

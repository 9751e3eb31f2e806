"""What matters once strangers can reach the server: `--production`."""

import shlex

from tertulia.cli.doctor import accounts, exposure, signing
from tertulia.cli.doctor.finding import Case, Checks, Finding, ok, warning


def backup(case: Case) -> Finding:
    """Nothing here can see whether there is one."""
    file = shlex.quote(str(case.database))
    return ok(
        "The database is one SQLite file; nothing here tells whether it is backed up.",
        f"Every day: `sqlite3 {file} \"VACUUM INTO '/backup/tertulia-$(date +%F).db'\"`, kept on another machine, "
        "together with the signing key; and try to restore one.",
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

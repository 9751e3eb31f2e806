"""Every socket is an open file; how many may there be?"""

import resource

RESERVED = 128
"""Files kept for the database, the log, the requests that are no sockets."""

ENDLESS = 1_048_576
"""What we ask for where the system names no limit (macOS: it then takes less)."""


def raise_limit() -> int:
    """Raise this process's limit of open files as far as it may go; the limit now in force."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = highest_limit()
    for limit in (wanted, 65_536, 24_576, 10_240):
        if soft != resource.RLIM_INFINITY and soft < limit <= wanted:
            try:
                resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
            except (ValueError, OSError):
                continue  # macOS refuses above kern.maxfilesperproc
            break
    return limit_now()


def highest_limit() -> int:
    """How far `raise_limit` may go."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return ENDLESS if hard == resource.RLIM_INFINITY else hard


def limit_now() -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return ENDLESS if soft == resource.RLIM_INFINITY else soft


def sockets_within(limit: int) -> int:
    """Sockets that a limit of open files carries."""
    return max(1, limit - RESERVED)

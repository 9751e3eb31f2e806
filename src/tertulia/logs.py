"""Logs: structured, for people (pretty) or machines (JSON), on standard error.

Tokens, passwords, message bodies and query strings are not logged. The code does not hand them over; what does
slip through (a library's own lines, a key with a telling name) is taken out here.
"""

import logging
import re
import sys
import traceback
from collections.abc import Mapping
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor

LEVELS = ("debug", "info", "warning", "error")
HIDDEN = frozenset(
    (
        *("token", "access", "refresh", "access_token", "refresh_token", "authorization", "cookie"),
        *("secret", "secret_key", "signing_key", "metrics_token"),
        *("password", "password_hash", "current_password", "new_password"),
        *("body", "query", "query_string"),
    )
)
"""Keys that never reach a log line."""

_QUIET = {
    "uvicorn.access": logging.CRITICAL + 1,  # prints query strings; our own line is better
    "picows": logging.ERROR,
    "sqlalchemy": logging.WARNING,
    "alembic": logging.WARNING,
    "websockets": logging.WARNING,
    "httpx": logging.WARNING,
    "httpcore": logging.WARNING,
    "asyncio": logging.WARNING,
    "python_multipart": logging.WARNING,
}
_QUERY = re.compile(r"\?[^\s\"'\])]+")


def set_up_logs(level: str = "info", *, pretty: bool, stream: TextIO | None = None) -> None:
    """Send everything, the libraries' lines too, to `stream` (standard error) from `level` of `LEVELS` on."""
    target = sys.stderr if stream is None else stream
    shared = _shared_processors()
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    lines = logging.StreamHandler(target)
    lines.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, _cut_queries],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_last(target, pretty=pretty)],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [lines]
    root.setLevel(level.upper())
    for name, quiet in _QUIET.items():
        logging.getLogger(name).setLevel(quiet)
    for name in ("uvicorn", "uvicorn.error"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True


def _shared_processors() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,  # request_id, connection_id
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        redact,
        _format_exception,
    ]


def _last(target: TextIO, *, pretty: bool) -> list[Processor]:
    if not pretty:
        return [structlog.processors.JSONRenderer(ensure_ascii=True, default=str)]
    console = structlog.dev.ConsoleRenderer(
        colors=target.isatty(), exception_formatter=structlog.dev.plain_traceback, pad_event_to=24
    )
    return [_escape_control, console]


def redact(_logger: object, _method: str, line: EventDict) -> EventDict:
    """Drop the keys in `HIDDEN`, two levels deep."""
    return {
        key: _without_hidden(value) if isinstance(value, Mapping) else value
        for key, value in line.items()
        if key not in HIDDEN
    }


def _without_hidden(value: Mapping[Any, Any]) -> dict[Any, Any]:
    return {key: inner for key, inner in value.items() if key not in HIDDEN}


def _cut_queries(_logger: object, _method: str, line: EventDict) -> EventDict:
    """Libraries print whole addresses, and tokens may stand after the question mark."""
    line["event"] = _QUERY.sub("?...", str(line["event"]))
    return line


def _escape_control(_logger: object, _method: str, line: EventDict) -> EventDict:
    """What came from outside cannot start a line of its own, nor colour the terminal."""
    return {
        key: value.encode("unicode_escape").decode()
        if isinstance(value, str) and key != "exception" and not value.isprintable()
        else value
        for key, value in line.items()
    }


def _format_exception(_logger: object, _method: str, line: EventDict) -> EventDict:
    """A plain trace. No local variables: they hold passwords and bodies."""
    cause = line.pop("exc_info", None)
    if cause is True:
        cause = sys.exc_info()[1]
    if isinstance(cause, tuple):
        cause = cause[1]
    if isinstance(cause, BaseException):
        line["exception"] = "".join(_trace(cause)).rstrip()
    return line


def _trace(error: BaseException, depth: int = 0) -> list[str]:
    lines: list[str] = []
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None and depth < 8:
        lines += [*_trace(before, depth + 1), "\nThen:\n\n"]
    lines += traceback.format_tb(error.__traceback__, limit=40)
    lines.append(f"{type(error).__module__}.{type(error).__qualname__}{_what(error)}\n")
    if isinstance(error, BaseExceptionGroup) and depth < 8:
        for inner in error.exceptions[:8]:
            lines += ["\nOne of the group:\n\n", *_trace(inner, depth + 1)]
    return lines


def _what(error: BaseException) -> str:
    """The error's own words; those of a validation error repeat what people wrote."""
    if "Validation" in type(error).__name__ or isinstance(error, UnicodeError):
        return ""
    return f": {error}"[:2000]

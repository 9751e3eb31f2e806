"""What reaches the log, and what must not."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from pydantic import BaseModel, ValidationError

from tertulia.logs import HIDDEN, set_up_logs

SECRET = "do-not-log-me"


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Logging is global: put everything back."""
    root, configured = logging.getLogger(), structlog.get_config()
    before, level = root.handlers[:], root.level
    levels = {name: logger.level for name, logger in root.manager.loggerDict.items() if hasattr(logger, "level")}
    yield
    structlog.configure(**configured)
    structlog.contextvars.clear_contextvars()
    root.handlers[:] = before
    root.setLevel(level)
    for name, logger in root.manager.loggerDict.items():
        if isinstance(logger, logging.Logger):
            logger.setLevel(levels.get(name, logging.NOTSET))


class Log:
    """Everything goes through the real configuration, into memory."""

    def __init__(self, level: str = "info", *, pretty: bool = False) -> None:
        self._stream = io.StringIO()
        set_up_logs(level, pretty=pretty, stream=self._stream)
        self.own = structlog.get_logger("tertulia.test")

    @property
    def text(self) -> str:
        return self._stream.getvalue()

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]


def test_a_line_for_machines() -> None:
    log = Log()
    log.own.info("room.made", room="7", size=3)
    (line,) = log.lines
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "room.made", "level": "info", "logger": "tertulia.test", "room": "7", "size": 3}


def test_a_line_for_people() -> None:
    log = Log(pretty=True)
    log.own.warning("room.made", room="7")
    assert "room.made" in log.text
    assert "room=7" in log.text
    assert "warning" in log.text
    assert "\x1b" not in log.text  # no colours: this is no terminal


def test_the_level() -> None:
    log = Log("warning")
    log.own.info("quiet")
    logging.getLogger("some.library").info("quiet")
    log.own.error("loud")
    assert [line["event"] for line in log.lines] == ["loud"]


def test_ids_are_bound() -> None:
    log = Log()
    with structlog.contextvars.bound_contextvars(request_id="r1", connection_id="c1"):
        log.own.info("inside")
        logging.getLogger("some.library").warning("inside too")
    log.own.info("outside")
    assert [line.get("request_id") for line in log.lines] == ["r1", "r1", None]
    assert log.lines[1]["connection_id"] == "c1"


@pytest.mark.parametrize("key", sorted(HIDDEN))
@pytest.mark.parametrize("pretty", [True, False])
def test_secrets_are_dropped(key: str, *, pretty: bool) -> None:
    log = Log(pretty=pretty)
    log.own.info("said", **{key: SECRET}, inner={key: SECRET, "kept": 1})
    assert SECRET not in log.text
    assert "kept" in log.text


@pytest.mark.parametrize(
    "message",
    [f'"GET /ws?token={SECRET} HTTP/1.1" 101', f"127.0.0.1:5 - 'WebSocket /ws?a=1&token={SECRET}' [accepted]"],
)
def test_libraries_print_addresses_without_the_query(message: str) -> None:
    log = Log()
    logging.getLogger("uvicorn.error").warning("%s", message)
    assert SECRET not in log.text
    assert "/ws?..." in log.text


@pytest.mark.parametrize("name", ["uvicorn.access", "picows", "httpx", "sqlalchemy.engine.Engine", "websockets.server"])
def test_talkative_libraries_are_quiet(name: str) -> None:
    log = Log("debug")
    logging.getLogger(name).info(SECRET)
    assert log.text == ""


def test_uvicorn_s_own_handlers_go() -> None:
    logging.getLogger("uvicorn").addHandler(logging.NullHandler())
    Log()
    assert logging.getLogger("uvicorn").handlers == []


def fail(password: str) -> None:
    raise RuntimeError("a bug")


@pytest.mark.parametrize("pretty", [True, False])
def test_a_trace_has_no_local_variables(*, pretty: bool) -> None:
    log = Log(pretty=pretty)
    try:
        fail(SECRET)
    except RuntimeError:
        log.own.exception("failed")
    assert "builtins.RuntimeError: a bug" in log.text
    assert "in fail" in log.text
    assert SECRET not in log.text


class Form(BaseModel):
    name: int


def test_a_validation_error_does_not_repeat_what_was_written() -> None:
    log = Log()
    try:
        try:
            Form.model_validate({"name": SECRET})
        except ValidationError as error:
            raise RuntimeError("a bug") from error
    except RuntimeError as bug:
        log.own.error("failed", exc_info=bug)
        logging.getLogger("some.library").error("failed", exc_info=bug)
    assert len(log.lines) == 2
    for line in log.lines:
        assert "ValidationError" in line["exception"]
        assert SECRET not in str(line)


def test_a_group_of_errors() -> None:
    log = Log()
    try:
        raise ExceptionGroup("several", [ValueError("first"), KeyError("second")])
    except ExceptionGroup:
        log.own.exception("failed")
    assert "ValueError: first" in log.lines[0]["exception"]
    assert "KeyError: 'second'" in log.lines[0]["exception"]


def test_exc_info_as_a_tuple_or_nothing() -> None:
    log = Log()
    log.own.info("no error", exc_info=True)
    log.own.info("no error", exc_info=(None, None, None))
    assert all("exception" not in line for line in log.lines)


def test_what_came_from_outside_stays_in_its_line() -> None:
    log = Log(pretty=True)
    log.own.info("said", host="a\nERROR forged\x1b[31m", name="Zoë 👋")
    assert log.text.count("\n") == 1
    assert "\x1b" not in log.text
    assert "Zoë 👋" in log.text


def test_odd_values_do_not_break_a_line() -> None:
    log = Log()
    log.own.info("said", thing=object(), surrogate="\ud800")
    assert log.lines[0]["thing"].startswith("<object")

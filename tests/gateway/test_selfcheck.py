import asyncio

import pytest
from picows import WSUpgradeResponse

from tertulia.clock import SystemClock
from tertulia.gateway import sockets
from tertulia.gateway.selfcheck import takeover_fault, versions


async def test_the_pinned_versions_work_together() -> None:
    assert await takeover_fault(SystemClock()) is None


async def test_nothing_is_left_behind() -> None:
    await takeover_fault(SystemClock())
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_picows_that_changed_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def other(*_args: object, **_options: object) -> None:
        raise TypeError("__init__() takes other arguments")

    monkeypatch.setattr(sockets, "WSProtocol", other)
    fault = await takeover_fault(SystemClock())
    assert fault is not None


async def test_a_picows_that_answers_wrongly_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(WSUpgradeResponse, "to_bytes", lambda _self: bytearray(b"HTTP/1.1 400 Bad\r\n\r\n"))
    assert await takeover_fault(SystemClock()) == "the handshake was not answered"


def test_versions_are_named() -> None:
    assert set(versions()) == {"picows", "uvicorn", "httptools", "uvloop"}

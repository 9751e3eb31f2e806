"""Signing in and up, against a real server; and the command as scripts use it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from support.process import free_port
from support.server import PASSWORD, RunningServer, running_server
from tertulia.cli.chat.asking import NOBODY, Nobody
from tertulia.cli.chat.entry import sentence, sign_in
from tertulia.client import Address, ApiError, ConnectionLost, Rest
from tertulia.refusal import Refusal


class Script:
    """Answers what a person would type; `said` is what they were told."""

    def __init__(self, *tries: tuple[str, str], is_new: bool = False, passwords: tuple[str, ...] = ()) -> None:
        self._tries = list(tries)
        self._is_new = is_new
        self._passwords = list(passwords)
        self.said: list[str] = []

    def username(self) -> str:
        return self._tries[0][0]

    def password(self) -> str:
        return self._tries.pop(0)[1]

    def is_new(self, username: str) -> bool:
        return self._is_new

    def new_password(self, first: str | None) -> str:
        return first if first is not None else self._passwords.pop(0)

    def again(self, sentence: str) -> None:
        self.said.append(sentence)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[RunningServer]:
    async with running_server(tmp_path) as server:
        await server.register("ana")
        yield server


@asynccontextmanager
async def rest_of(server: RunningServer) -> AsyncIterator[Rest]:
    async with Rest(Address(f"http://127.0.0.1:{server.port}")) as rest:
        yield rest


async def test_a_wrong_password_is_asked_for_again(server: RunningServer) -> None:
    asks = Script(("ana", "wrong"), ("ana", PASSWORD))
    async with rest_of(server) as rest:
        assert (await sign_in(rest, asks))["user"]["username"] == "ana"
    assert asks.said == ["Wrong username or password."]


async def test_a_new_name_signs_up_after_a_better_password(server: RunningServer) -> None:
    asks = Script(("ben", "short"), is_new=True, passwords=("12345678", PASSWORD))
    async with rest_of(server) as rest:
        assert (await sign_in(rest, asks))["user"]["username"] == "ben"
    assert len(asks.said) == 2
    assert "short" not in " ".join(asks.said)


async def test_a_taken_name_is_no_new_one(server: RunningServer) -> None:
    asks = Script(("ana", "not her password"), ("ana", PASSWORD), is_new=True)
    async with rest_of(server) as rest:
        assert (await sign_in(rest, asks))["user"]["username"] == "ana"
    assert asks.said == ["The name ana is taken, and this is not its password."]


async def test_a_name_that_cannot_be_one(server: RunningServer) -> None:
    asks = Script(("no spaces", PASSWORD), ("ben", PASSWORD), is_new=True)
    async with rest_of(server) as rest:
        assert (await sign_in(rest, asks))["user"]["username"] == "ben"
    assert "only letters, digits" in asks.said[0]


async def test_scripts_must_say_that_a_name_is_new(server: RunningServer) -> None:
    async with rest_of(server) as rest:
        with pytest.raises(Refusal, match="For a new account add --sign-up"):
            await sign_in(rest, Nobody("ben", PASSWORD, sign_up=False))
        with pytest.raises(Refusal, match="taken"):
            await sign_in(rest, Nobody("ana", "not her password", sign_up=True))
        with pytest.raises(Refusal, match="at least"):
            await sign_in(rest, Nobody("ben", "x", sign_up=True))
        assert (await sign_in(rest, Nobody("ben", PASSWORD, sign_up=True)))["user"]["username"] == "ben"
        assert (await sign_in(rest, Nobody("ben", PASSWORD, sign_up=False)))["user"]["username"] == "ben"


def test_nobody_must_have_been_given_everything() -> None:
    for name, password in ((None, "x"), ("ana", None)):
        with pytest.raises(Refusal) as refused:
            Nobody(name, password, sign_up=False)
        assert str(refused.value) == NOBODY


async def test_no_server() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    async with Rest(Address(url)) as rest:
        with pytest.raises(ConnectionLost) as lost:
            await sign_in(rest, Nobody("ana", "x", sign_up=False))
    assert str(sentence(lost.value, url)).startswith(f"No server answers at {url}: start one with `tertulia serve`")


def test_too_many_tries() -> None:
    told = sentence(ApiError("rate_limited", "Too many tries.", 429, retry_after=42.0), "http://x")
    assert str(told) == "Too many tries. Try again in 42 seconds."

"""`tertulia chat`: people talk in their terminals, scripts through pipes."""

import asyncio
import os
import sys
from contextlib import suppress
from typing import Annotated, TextIO

import typer

from tertulia.cli.chat.asking import Nobody, Person
from tertulia.cli.chat.entry import Asks, sentence, sign_in
from tertulia.cli.chat.escape import escaped
from tertulia.cli.chat.screen import Plain
from tertulia.cli.chat.session import Session
from tertulia.client import Address, ApiError, Client, ClientError, ConnectionLost, Rest, Stopped
from tertulia.protocol.resources import TokensResource
from tertulia.refusal import Refusal

PASSWORD_VARIABLE = "TERTULIA_CHAT_PASSWORD"  # noqa: S105 - its name
GOODBYE_SECONDS = 3.0


def chat(
    url: Annotated[str, typer.Option(help="Where the server is.")] = "http://127.0.0.1:8000",
    username: Annotated[str | None, typer.Option(help="Your name; asked for if missing.")] = None,
    room: Annotated[str, typer.Option(help="The room to begin in.")] = "general",
    sign_up: Annotated[bool, typer.Option("--sign-up", help="Make the account if the name is new.")] = False,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input, its first line.")
    ] = False,
) -> None:
    """Talk in this terminal: sign in or up, join a room, see who is there. /help lists what one can type.

    The password is asked for, or comes from TERTULIA_CHAT_PASSWORD. Without a terminal every line of standard input is
    posted, what is said comes as plain lines, and the end of the input ends it when everything is stored.
    """
    try:
        address = Address(url)
    except ValueError as error:
        raise Refusal(str(error)) from None
    asks = _asks(username, sign_up=sign_up, password_stdin=password_stdin)
    try:
        code = asyncio.run(_sit(address, asks, room))
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nobody reads; what is left goes nowhere
        code = 1
    raise typer.Exit(code)


def _asks(username: str | None, *, sign_up: bool, password_stdin: bool) -> Asks:
    password = os.environ.get(PASSWORD_VARIABLE)
    if password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    if sys.stdin.isatty():
        return Person(username, password, sign_up=sign_up)
    return Nobody(username, password, sign_up=sign_up)


async def _sit(address: Address, asks: Asks, room: str) -> int:
    """The exit code. Raises `Refusal`."""
    tokens = await _enter(address, asks)
    client = Client.with_tokens(address.url, tokens, follow=False)
    try:
        await client.start()
        return await _talk(client, room)
    except Stopped as stopped:
        raise Refusal(f"You were signed out: {escaped(str(stopped))}") from None
    finally:
        await _leave(client)


async def _enter(address: Address, asks: Asks) -> TokensResource:
    async with Rest(address) as rest:
        try:
            return (await sign_in(rest, asks))["tokens"]
        except (ApiError, ConnectionLost) as error:
            raise sentence(error, address.url) from None


async def _talk(client: Client, room: str) -> int:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return await _talk_plainly(client, room, sys.stdin)
    from prompt_toolkit.patch_stdout import patch_stdout

    from tertulia.cli.chat.terminal import Terminal

    terminal = Terminal()
    session = Session(client, terminal)
    terminal.decorate(session)
    with patch_stdout():
        try:
            await session.run(room)
        finally:
            await terminal.close()
    return 0


async def _talk_plainly(client: Client, room: str, given: TextIO) -> int:
    session = Session(client, Plain(given))
    await session.run(room)
    return 1 if session.failed else 0


async def _leave(client: Client) -> None:
    """Nobody can use the tokens any more; a server that is away forgets them by itself."""
    with suppress(ClientError, TimeoutError):
        async with asyncio.timeout(GOODBYE_SECONDS):
            if client.error is None:
                await client.rest.logout()
    await client.close()

"""Whom sign-in asks: a person at a terminal, or nobody."""

import typer

from tertulia.cli.chat.escape import escaped
from tertulia.refusal import Refusal

NOBODY = (
    "Nobody is here to ask: give --username NAME, and the password with --password-stdin or TERTULIA_CHAT_PASSWORD."
)


class Person:
    """Asks at the terminal what is not given; what did not work is asked again."""

    def __init__(self, username: str | None, password: str | None, *, sign_up: bool) -> None:
        self._username = username
        self._password = password
        self._given = password  # nobody mistyped this one
        self._sign_up = sign_up

    def username(self) -> str:
        name, self._username = self._username, None
        return name if name is not None else str(typer.prompt("Username"))

    def password(self) -> str:
        password, self._password = self._password, None
        return password if password is not None else str(typer.prompt("Password", hide_input=True))

    def is_new(self, username: str) -> bool:
        return self._sign_up or typer.confirm(
            f"Wrong password, or {escaped(username)} is new here. Make a new account of this name?", default=False
        )

    def new_password(self, first: str | None) -> str:
        while first is None or first != self._given:
            password = first if first is not None else str(typer.prompt("A new password", hide_input=True))
            if str(typer.prompt("The same again", hide_input=True)) == password:
                return password
            typer.echo("These were two different ones.")
            first = None
        return first

    def again(self, sentence: str) -> None:
        typer.echo(sentence)


class Nobody:
    """Everything was given, or it cannot be done."""

    def __init__(self, username: str | None, password: str | None, *, sign_up: bool) -> None:
        if username is None or password is None:
            raise Refusal(NOBODY)
        self._username = username
        self._password = password
        self._sign_up = sign_up

    def username(self) -> str:
        return self._username

    def password(self) -> str:
        return self._password

    def is_new(self, username: str) -> bool:  # noqa: ARG002 - there is only one
        return self._sign_up

    def new_password(self, first: str | None) -> str:
        return first or self._password

    def again(self, sentence: str) -> None:
        hint = "" if self._sign_up else " For a new account add --sign-up."
        raise Refusal(f"{sentence}{hint}")

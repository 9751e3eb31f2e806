"""Options of the command line, made from the settings: each has the name, the text and the checks of its setting."""

import inspect
import os
import shlex
import shutil
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin
from urllib.parse import urlsplit

import typer

from tertulia.datadir import Serving, serving
from tertulia.settings import Loaded, Settings, extra, is_secret, load, option, variable

CONFIG = tuple(name for name in Settings.model_fields if not is_secret(name))
"""All but the secrets: everybody on the machine can read the command line of a process."""

MASK = "********"
DATA = ("data_dir", "database_url")
ADDRESS = ("public_url", "host", "port")


def takes(*names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the options of these settings; its first parameter gets what `load` makes of them."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @wraps(command)
        def run(said: dict[str, object], **given: Any) -> None:
            loaded = load(said)
            for sentence in loaded.unknown:
                typer.echo(sentence, err=True)
            command(loaded, **given)

        return hears(*names)(run)

    return decorate


def hears(*names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The same options, for a command that loads by itself: it gets what was said, by field name."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @wraps(command)
        def run(**given: Any) -> None:
            said = {name: _joined(value) for name in names if (value := given.pop(name)) is not None}
            command(said, **given)

        own = list(inspect.signature(command).parameters.values())[1:]
        run.__signature__ = inspect.Signature([*own, *map(_option, names)])  # type: ignore[attr-defined]
        return run

    return decorate


def _joined(value: str | list[str]) -> str:
    """An option for a list may be said several times, or once with commas."""
    return value if isinstance(value, str) else ",".join(value)


def _option(name: str) -> inspect.Parameter:
    """Text in any case: the checks, and what is said of a bad value, are those of the settings."""
    described = typer.Option(
        option(name),
        help=f"{Settings.model_fields[name].description} [{variable(name)}; default: {default(name)}]",
        metavar=_kind(name),
        show_default=False,
    )
    several = get_origin(Settings.model_fields[name].annotation) is tuple
    kind: Any = Annotated[list[str] | None, described] if several else Annotated[str | None, described]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind)


def _kind(name: str) -> str:
    annotation = Settings.model_fields[name].annotation
    if get_origin(annotation) is Literal:
        return "|".join(get_args(annotation))
    return "NUMBER" if annotation in {int, float} else "TEXT"


def default(name: str) -> str:
    """The default in words."""
    told = str(extra(name)["default"])
    value = Settings.model_fields[name].default
    return told or written(value) or "none"


def written(value: object) -> str:
    """A value as one would type it."""
    if isinstance(value, tuple):
        return ",".join(value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def shown(url: str) -> str:
    """A URL as it may be printed: with stars for a password."""
    parts = urlsplit(url)
    if not parts.password:
        return url
    return parts._replace(netloc=f"{parts.username or ''}:{MASK}@{parts.netloc.rpartition('@')[2]}").geturl()


def pasteable(loaded: Loaded, *words: str) -> str:
    """A command of this program that does its work on the same data when it is pasted into a second terminal."""
    same = [
        part
        for name in DATA
        if loaded.origins[name] in {"command line", "environment"}
        for part in (option(name), shown(str(getattr(loaded.settings, name))))
    ]
    return shlex.join([_program(), *words, *same])


def address_of(loaded: Loaded) -> str:
    """Where people reach the server, without a slash at the end.

    What is set here, else what the server that runs on the data directory knows of itself, else what it would have.
    """
    settings, origins = loaded.settings, loaded.origins
    if settings.public_url or "command line" in {origins["host"], origins["port"]}:
        return settings.address
    there = running(loaded)
    return (there.public or there.local if there else "") or settings.address


def running(loaded: Loaded) -> Serving | None:
    """The server that runs on the data directory, if this user may know."""
    try:
        return serving(loaded.settings.data_dir)
    except OSError:
        return None


def chat_command(address: str = "") -> str:
    """`tertulia chat`, to a server that is not at the usual place."""
    is_usual = address in {"", Settings().address}
    return shlex.join([_program(), "chat", *([] if is_usual else ["--url", address])])


def _program() -> str:
    """`tertulia` if a shell finds just this one by its name, else its path."""
    started = Path(sys.argv[0])
    found = shutil.which("tertulia")
    if started.name != "tertulia" or (found and Path(found).resolve() == started.resolve()):
        return "tertulia"
    absolute = started.absolute()
    return os.path.relpath(absolute) if absolute.is_relative_to(Path.cwd()) else str(absolute)

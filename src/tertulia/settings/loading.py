"""Asks the command line, the environment and `.env`, and remembers which of them said what."""

import difflib
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from dotenv import dotenv_values
from pydantic import ValidationError
from pydantic_settings import BaseSettings, DotEnvSettingsSource, EnvSettingsSource, SettingsConfigDict

from tertulia.refusal import Refusal
from tertulia.settings.model import PREFIX, Settings, option, rule, variable

Origin = Literal["default", "command line", "environment", ".env", "data directory"]


class SettingsError(Refusal):
    """One sentence for each bad value: it names the variable and says what it must be, never what it was."""

    exit_code = 2


class _Outside(Settings, BaseSettings):
    """The same fields, for the readers of the environment and of `.env`."""

    model_config = SettingsConfigDict(extra="ignore", env_prefix=PREFIX, env_ignore_empty=True)


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings, and where each came from. `unknown`: sentences about variables that are no setting."""

    settings: Settings
    origins: Mapping[str, Origin]
    unknown: tuple[str, ...] = ()

    def changed(self, origin: Origin, **values: Any) -> "Loaded":
        """The same, with `values` (trusted, not checked again) from `origin`."""
        origins = {**self.origins, **dict.fromkeys(values, origin)}
        return replace(self, settings=self.settings.model_copy(update=values), origins=origins)


def load(given: Mapping[str, object] | None = None, env_file: Path = Path(".env")) -> Loaded:
    """The settings in force; `given` is what the command line said, by field name.

    Raises `SettingsError`.
    """
    values: dict[str, object] = {}
    origins: dict[str, Origin] = dict.fromkeys(Settings.model_fields, "default")
    for origin, found in _places(given or {}, env_file):
        values.update(found)
        origins.update(dict.fromkeys(found, origin))
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        raise SettingsError(_sentences(error, origins)) from None
    return Loaded(settings, origins, _unknown(env_file))


def _places(given: Mapping[str, object], env_file: Path) -> tuple[tuple[Origin, Mapping[str, object]], ...]:
    """What each place says, the weakest first."""
    try:
        file = _only_known(DotEnvSettingsSource(_Outside, env_file=env_file)())
    except (OSError, UnicodeDecodeError):
        raise SettingsError(f"{env_file} cannot be read: it must be UTF-8 text that this user may read.") from None
    return (".env", file), ("environment", _only_known(EnvSettingsSource(_Outside)())), ("command line", given)


def _only_known(found: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in found.items() if name in Settings.model_fields}


def _sentences(error: ValidationError, origins: Mapping[str, Origin]) -> str:
    """A sentence a setting; the values stay out of it, for they may be secret."""
    names = dict.fromkeys(
        str(problem["loc"][0]) for problem in error.errors() if problem["type"] != "default_factory_not_called"
    )
    return "\n".join(_sentence(name, origins.get(name, "default")) for name in names)


def _sentence(name: str, origin: Origin) -> str:
    label = option(name) if origin == "command line" else variable(name)
    place = " in .env" if origin == ".env" else ""
    return f"{label}{place} must be {rule(name)}."


def _unknown(env_file: Path) -> tuple[str, ...]:
    """A misspelt variable is said, not refused: container platforms add variables of their own."""
    known = [variable(name) for name in Settings.model_fields]
    found = [*os.environ, *(dotenv_values(env_file) if env_file.is_file() else ())]
    strange = sorted({name for name in found if name.upper().startswith(PREFIX) and name.upper() not in known})
    return tuple(_strange(name, known) for name in strange)


def _strange(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(
        name.upper().removeprefix(PREFIX), [each.removeprefix(PREFIX) for each in known], n=1
    )
    return f"{name} is not a setting of Tertulia" + (f"; did you mean {PREFIX}{near[0]}?" if near else ".")

"""Writes docs/settings.md from src/tertulia/settings: `.venv/bin/python tools/settings_page.py`."""

from pathlib import Path

from tertulia.cli.options import CONFIG, default
from tertulia.settings import Settings, extra, option, rule, variable

PAGE = Path(__file__).parents[1] / "docs" / "settings.md"

INTRODUCTION = """\
<!-- Made by tools/settings_page.py from src/tertulia/settings. Do not edit. -->

# Settings

Each setting is an environment variable, a line of the same name in `.env` (in the directory where the server is
started), and, secrets excepted, an option of `tertulia serve`. The first of these that says something wins: command
line, environment, `.env`, default. Lists are written with commas. `tertulia config` shows the settings in force and
where each came from.

A value that cannot be is refused at the start, in one sentence that names the variable. A variable that begins with
`TERTULIA_` and is no setting is reported and otherwise ignored.

| variable | option | value | default | meaning |
|---|---|---|---|---|
"""


def page() -> str:
    return INTRODUCTION + "".join(_line(name) for name in Settings.model_fields)


def _line(name: str) -> str:
    flag = f"`{option(name)}`" if name in CONFIG else ""
    shown = default(name) if extra(name)["default"] or default(name) == "none" else f"`{default(name)}`"
    meaning = (Settings.model_fields[name].description or "").replace("|", "\\|")
    return f"| `{variable(name)}` | {flag} | {rule(name)} | {shown} | {meaning} |\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")

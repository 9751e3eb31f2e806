"""`tertulia config`: the settings in force."""

from rich.console import Console
from rich.table import Table

from tertulia.cli.options import MASK, shown, written
from tertulia.datadir import KEY_FILE
from tertulia.settings import Loaded, Settings, is_secret, variable


def show(loaded: Loaded) -> None:
    """A table of name, value and origin; of a secret only that there is one."""
    loaded = _with_key_file(loaded)
    table = Table("Setting", "Value", "From")
    for name in Settings.model_fields:
        table.add_row(variable(name), _value(loaded, name), loaded.origins[name])
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console = Console(highlight=False, markup=False, width=10_000)  # a program reads it: break no line
    console.print(table)


def _with_key_file(loaded: Loaded) -> Loaded:
    """The key file counts as set, and is not read: whoever looks at settings needs no right to it."""
    if loaded.settings.secret_key or not (loaded.settings.data_dir / KEY_FILE).exists():
        return loaded
    return loaded.changed("data directory", secret_key=MASK)


def _value(loaded: Loaded, name: str) -> str:
    value = getattr(loaded.settings, name)
    if is_secret(name):
        return MASK if value else "none yet" if name == "secret_key" else "none"
    text = written(value) or "none"
    return shown(text) if name.endswith("_url") else text

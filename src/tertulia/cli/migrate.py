"""`tertulia migrate`."""

import typer

from tertulia.datadir import open_data_dir
from tertulia.settings import Loaded
from tertulia.storage import schema


def migrate(loaded: Loaded) -> None:
    """May run twice, and at once with another."""
    open_data_dir(loaded.settings.data_dir)
    url = loaded.settings.database_url
    changed = schema.migrate(url)
    name = schema.named(url)
    typer.echo(f"The database {name} is up to date now." if changed else f"The database {name} was up to date.")

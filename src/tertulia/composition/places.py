"""Which dialects are served where, from the settings."""

from tertulia.dialects import places
from tertulia.dialects.mounts import Where
from tertulia.services.tokens import Lifetimes
from tertulia.settings import Settings


def where_of(settings: Settings) -> Where:
    """Which dialects are served, and where."""
    return places.where_of(settings.dialects, settings.root_dialect, settings.dialect_host)


def hosts_of(settings: Settings) -> tuple[str, ...]:
    """Host names of dialects: they are allowed."""
    return tuple(where_of(settings).hosts)


def lifetimes_of(settings: Settings) -> dict[str, Lifetimes]:
    """How long tokens are good, for each dialect that is served."""
    found = {name: dialect.lifetimes for name, dialect in where_of(settings).dialects.items()}
    for name, said in (each.split("=", 1) for each in settings.dialect_tokens):
        minutes, _, days = said.partition("/")
        if name in found:
            found[name] = Lifetimes(int(minutes) * 60, int(days) * 86_400)
    return found

"""Are the settings what somebody meant?"""

from tertulia.cli.doctor.finding import Finding, ok, problem, warning
from tertulia.settings import Loaded, Settings, SettingsError, variable


def refused(error: SettingsError) -> list[Finding]:
    """One for each bad value."""
    return [problem(sentence, "Correct it; docs/settings.md has them all.") for sentence in str(error).splitlines()]


def look(loaded: Loaded) -> Finding:
    """Those that nobody knows, those that do not go together, or where they come from."""
    if loaded.unknown:
        return warning(" ".join(loaded.unknown), "Correct or remove it: it has no effect.")
    return contradiction(loaded) or ok(_origins(loaded))


def contradiction(loaded: Loaded) -> Finding | None:
    """Two settings of which each is good, and both together are not."""
    settings = loaded.settings
    if settings.post_burst < settings.post_rate:
        return warning(
            f"{variable('post_burst')} is below {variable('post_rate')}, so that nobody reaches that rate.",
            f"Set {variable('post_burst')} to {settings.post_rate:g} or more.",
        )
    if 0 < settings.max_connections < settings.connections_per_address:
        return warning(
            f"{variable('connections_per_address')} is above {variable('max_connections')} and limits nothing.",
            f"Lower {variable('connections_per_address')}.",
        )
    if settings.ring_room_kb > settings.ring_node_mb * 1024:
        return warning(
            f"{variable('ring_room_kb')} of one room is more than {variable('ring_node_mb')} of all rooms.",
            f"Raise {variable('ring_node_mb')}.",
        )
    if "*" in settings.allowed_hosts and len(settings.allowed_hosts) > 1:
        return warning(f"{variable('allowed_hosts')} has `*` beside other names.", "Take the `*` out.")
    return None


def _origins(loaded: Loaded) -> str:
    given = [origin for name in Settings.model_fields if (origin := loaded.origins[name]) != "default"]
    if not given:
        return "All settings have their defaults."
    parts = ", ".join(f"{given.count(origin)} from {_place(origin)}" for origin in dict.fromkeys(given))
    return f"The settings are good: {parts}, the rest defaults."


def _place(origin: str) -> str:
    return origin if origin == ".env" else f"the {origin}"

"""Every setting of the server. Only `app`, `asgi` and `cli` read this; everything else gets plain values.

`Settings(...)` takes what it is given and looks nowhere else. `load` asks the command line, the environment and
`.env`; the first that says something wins.
"""

from tertulia.settings.loading import Loaded, Origin, SettingsError, load
from tertulia.settings.model import Settings, extra, is_secret, option, rule, variable

__all__ = ["Loaded", "Origin", "Settings", "SettingsError", "extra", "is_secret", "load", "option", "rule", "variable"]

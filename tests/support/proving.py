"""How long properties are tried: a moment in `make test`, long with TERTULIA_PROVE=1."""

import os

from hypothesis import HealthCheck, settings

PROVING = os.environ.get("TERTULIA_PROVE") == "1"


def examples(few: int, steps: int, *, many: int = 3_000) -> settings:
    """`few` examples of up to `steps` steps; `many` longer ones to prove it."""
    return settings(
        max_examples=many if PROVING else few,
        stateful_step_count=3 * steps if PROVING else steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=not PROVING,  # the same every time, until somebody wants to know
    )

"""How long somebody is told that they are too fast, before they are sent away."""

REFUSALS = 200
"""For being too fast, within a minute."""


class Patience:
    """Of one connection. `now`: whole seconds, of the wheel."""

    __slots__ = ("_lost", "_minute")

    def __init__(self) -> None:
        self._minute = 0
        self._lost = 0

    def lose(self, now: int) -> bool:
        """One more refusal; whether it was the last one."""
        minute = now // 60
        if minute != self._minute:
            self._minute, self._lost = minute, 0
        self._lost += 1
        return self._lost > REFUSALS

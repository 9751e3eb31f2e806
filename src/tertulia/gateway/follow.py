"""One room that a connection follows."""


class Follow:
    """`member`: not only looking on. `catching`: a catch-up runs; `again`: and another one is asked for, from there."""

    __slots__ = ("again", "catching", "member", "number", "wanted")

    def __init__(self, number: int, *, member: bool) -> None:
        self.number = number
        self.member = member
        self.catching = False
        self.again = False
        self.wanted: int | None = None

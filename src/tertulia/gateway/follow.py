"""One room that a connection follows."""


class Follow:
    """`member`: not only looking on. `catching`: a catch-up runs; `again`: and another one is asked for, from there.

    `told`: while it caught up, the user's own standing was told, which what is sent afresh may not know yet.
    """

    __slots__ = ("again", "catching", "member", "number", "told", "wanted")

    def __init__(self, number: int, *, member: bool) -> None:
        self.number = number
        self.member = member
        self.catching = False
        self.again = False
        self.told = False
        self.wanted: int | None = None

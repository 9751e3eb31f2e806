"""Lines that fit into a terminal. Pure."""

from collections.abc import Iterable, Sequence

from prompt_toolkit.utils import get_cwidth

Line = list[tuple[str, str]]
"""(style, text), (style, text), …, as prompt_toolkit takes it."""

NARROWEST = 20
INDENT = 4


def wrapped(head: Line, body: list[Line], width: int | None, most: int) -> list[Line]:
    """`head` and the lines of `body`, broken at spaces; all but the first are indented, so none looks like a head.

    At most `most` lines and one that says how many more there are. Without a `width` it is one line.
    """
    if width is None:
        return [head + [part for line in body for part in line]]
    width = max(width, NARROWEST)
    lines = [line for at, part in enumerate(body) for line in _broken([] if at else head, part, width, at == 0)]
    rest: list[Line] = [[("", " " * INDENT), *line] for line in lines[1:most]]
    if len(lines) > most:
        rest.append([("class:quiet", f"{' ' * INDENT}… {len(lines) - most:,} more lines")])
    return [lines[0], *rest]


def shortened(text: str, width: int) -> str:
    """At most `width` columns."""
    if get_cwidth(text) <= width:
        return text
    end = _fitting([("", character) for character in text], max(1, width - 1))
    return f"{text[:end]}…"


def _broken(head: Line, body: Line, width: int, is_first: bool) -> list[Line]:
    """Greedy. The first line of all begins with `head`, all others are INDENT shorter; `head` is not broken."""
    rest = [(style, character) for style, text in [*head, *body] for character in text]
    room, unbroken = (width if is_first else width - INDENT), sum(len(text) for _, text in head)
    lines: list[Line] = []
    while (end := _fitting(rest, room)) < len(rest):
        cut = next((at for at in range(end, unbroken, -1) if rest[at][1] == " "), end)
        lines.append(_joined(rest[:cut]))
        rest = rest[cut + 1 :] if rest[cut][1] == " " else rest[cut:]
        room, unbroken = width - INDENT, 0
    return [*lines, _joined(rest)]


def _fitting(characters: Sequence[tuple[str, str]], room: int) -> int:
    """How many of them fit; at least one."""
    used = 0
    for at, (_, character) in enumerate(characters):
        used += get_cwidth(character)
        if used > room:
            return max(at, 1)
    return len(characters)


def _joined(characters: Iterable[tuple[str, str]]) -> Line:
    line: Line = []
    for style, character in characters:
        if line and line[-1][0] == style:
            line[-1] = style, line[-1][1] + character
        else:
            line.append((style, character))
    return line

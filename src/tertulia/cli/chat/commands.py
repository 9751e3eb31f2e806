"""What a typed line means. Pure."""

from dataclasses import dataclass

HELP = {
    "/rooms": "my rooms, and others to join",
    "/join NAME": "go to a room",
    "/create NAME": "make a public room",
    "/direct USER": "talk with one person alone",
    "/who": "who is there",
    "/more": "older messages",
    "/show INDEX": "a long message in full",
    "/reply INDEX TEXT": "answer a message",
    "/edit INDEX TEXT": "change a message of yours",
    "/delete INDEX": "delete a message of yours",
    "/react INDEX EMOJI": "react, or take it back",
    "/leave": "be a member no more",
    "/help": "this list",
    "/quit": "end; so does Ctrl-D",
}
"""Usage → what it does. A line that begins with // is a message that begins with /."""

_USAGE = {usage.split()[0][1:]: usage for usage in HELP}


@dataclass(frozen=True, slots=True)
class Say:
    """Post it."""

    body: str


@dataclass(frozen=True, slots=True)
class Command:
    """One of HELP: `index` where the usage has INDEX; `text` is its NAME, USER, TEXT or EMOJI."""

    name: str
    text: str = ""
    index: int = 0


@dataclass(frozen=True, slots=True)
class Mistake:
    """What to say about a line that means nothing."""

    sentence: str


def parse(line: str) -> Say | Command | Mistake | None:
    """None for an empty line."""
    if not line.strip():
        return None
    if not line.startswith("/"):
        return Say(line)
    if line.startswith("//"):
        return Say(line[1:])
    name, _, rest = line[1:].partition(" ")
    usage = _USAGE.get(name.lower())
    if usage is None:
        return Mistake("There is no such command. /help lists them; // begins a message with a /.")
    return _with_arguments(name.lower(), usage, rest.strip())


def _with_arguments(name: str, usage: str, rest: str) -> Command | Mistake:
    wanted, index = usage.split()[1:], 0
    if wanted and wanted[0] == "INDEX":
        number, _, rest = rest.partition(" ")
        number, rest = number.removeprefix("#"), rest.strip()
        if not (number.isascii() and number.isdigit() and len(number) < 16):
            return Mistake(f"Write it like this: {usage} (INDEX is the number after the # of a message)")
        index, wanted = int(number), wanted[1:]
    if bool(wanted) != bool(rest):
        return Mistake(f"Write it like this: {usage}")
    return Command(name, rest, index)

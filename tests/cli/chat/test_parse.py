import pytest

from tertulia.cli.chat.commands import HELP, Command, Mistake, Say, parse


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("", None),
        ("   ", None),
        ("hello", Say("hello")),
        ("  spaces stay ", Say("  spaces stay ")),
        ("//join is a command", Say("/join is a command")),
        ("/rooms", Command("rooms")),
        ("/WHO", Command("who")),
        ("/join a room", Command("join", "a room")),
        ("/edit 12 new  text", Command("edit", "new  text", 12)),
        ("/edit #12 new", Command("edit", "new", 12)),
        ("/delete 3", Command("delete", "", 3)),
        ("/react 3 👍", Command("react", "👍", 3)),
        ("/quit ", Command("quit")),
    ],
)
def test_lines(line: str, meant: object) -> None:
    assert parse(line) == meant


@pytest.mark.parametrize(
    "line",
    ["/", "/nonsense", "/join", "/edit", "/edit 3", "/edit x y", "/edit ٣ y", "/delete 3 more", "/delete " + "9" * 400],
)
def test_mistakes_say_how_to_write_it(line: str) -> None:
    meant = parse(line)
    assert isinstance(meant, Mistake)
    assert "/help" in meant.sentence or "Write it like this: /" in meant.sentence


@pytest.mark.parametrize("usage", HELP)
def test_every_command_of_the_help_can_be_typed(usage: str) -> None:
    meant = parse(usage.replace("INDEX", "1"))
    assert isinstance(meant, Command)
    assert usage.startswith(f"/{meant.name}")

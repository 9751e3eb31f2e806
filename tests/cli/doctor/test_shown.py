import io
import json

from rich.console import Console

from tertulia.cli.doctor.finding import ok, problem, warning
from tertulia.cli.doctor.shown import as_document, lines

FOUND = [
    ("disk", ok("There is room.")),
    ("clock", warning("It is late.", "Go to bed.")),
    ("key", problem("It is gone: [red]really[/red].", "Look for it.")),
]


def shown(**options: object) -> str:
    out = io.StringIO()
    console = Console(file=out, soft_wrap=True, width=20, **options)  # type: ignore[arg-type]
    for line in lines(FOUND):
        console.print(line)
    return out.getvalue()


def test_one_plain_line_a_finding_however_narrow_the_terminal() -> None:
    assert shown() == (
        "ok       disk   There is room.\n"
        "warning  clock  It is late. Go to bed.\n"
        "problem  key    It is gone: [red]really[/red]. Look for it.\n"
        "1 problem, 1 warning.\n"
    )


def test_colours_in_a_terminal() -> None:
    assert "\x1b[" in shown(force_terminal=True)


def test_json() -> None:
    said = json.loads(as_document(FOUND))
    assert (said["problems"], said["warnings"]) == (1, 1)
    assert said["findings"][1] == {"check": "clock", "level": "warning", "what": "It is late.", "advice": "Go to bed."}


def test_when_all_is_well() -> None:
    assert str(list(lines(FOUND[:1]))[-1]) == "All is well."

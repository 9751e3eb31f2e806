"""`make bench`: how fast it is on this machine, beside something else in the same run.

Figures of different machines, or of different days, say little: quote the ratios.
"""

import argparse
import signal
import sys
import tempfile
from pathlib import Path

import chart
from figures import LATEST, SAVED, Line, keep, table
from machine import build
from rich.console import Console
from scenarios import SCENARIOS, Run
from scenarios.peers import install


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("Stopped."))  # so that the servers end, too
    options = _options()
    console = Console()
    if options.list:
        for name, scenario in SCENARIOS.items():
            console.print(f"[bold]{name}[/]: {' '.join((scenario.__doc__ or '').split())}", highlight=False)
        return
    if options.peers:
        install()
    found: dict[str, list[Line]] = {}
    with tempfile.TemporaryDirectory() as built:
        run = Run(build(Path(built)), options.rounds, options.seconds, options.share, options.database_url)
        for name in options.scenarios or SCENARIOS:
            with console.status(f"{name} …"):
                found[name] = SCENARIOS[name](run)
            console.print(table(found[name], title=name))
    for directory in (LATEST, *((SAVED,) if options.save else ())):
        console.print(f"Written to {chart.draw(keep(found, directory))}", highlight=False)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog='make bench ARGS="…"', description=__doc__)
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help="which; all when none is named")
    parser.add_argument("--list", action="store_true", help="say what there is")
    parser.add_argument("--rounds", type=int, default=3, help="how often each comparison is made (%(default)s)")
    parser.add_argument("--seconds", type=int, default=3, help="how long each time (%(default)s)")
    parser.add_argument("--share", type=float, default=1.0, help="of the connections: 0.1 for a small machine")
    parser.add_argument("--database-url", help="a PostgreSQL server that may make databases; else one is started")
    parser.add_argument("--peers", action="store_true", help="install Channels and Socket.IO into build/peers first")
    parser.add_argument("--save", action="store_true", help="keep figures and chart in docs/images")
    options = parser.parse_args()
    unknown = set(options.scenarios) - SCENARIOS.keys()
    if unknown:
        parser.error(f"there is no {', '.join(sorted(unknown))}: choose from {', '.join(SCENARIOS)}")
    return options


if __name__ == "__main__":
    main()

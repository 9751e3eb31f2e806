"""The command `tertulia`. Each module here is one command; they are imported when they are run."""

import sys
from typing import Annotated

import typer

from tertulia import __version__
from tertulia.cli.options import CONFIG, DATA, takes
from tertulia.domain.errors import Rejection
from tertulia.refusal import Refusal
from tertulia.settings import Loaded

app = typer.Typer(
    help="Tertulia: a real-time chat server. Start one with `tertulia serve`.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # a trace must not show variables: they may be secret
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main() -> None:
    """Run the command; what people can do something about is one sentence, not a trace."""
    try:
        app()
    except (Refusal, Rejection) as refusal:
        text = refusal.message if isinstance(refusal, Rejection) else str(refusal)
        typer.echo(text, err=True)
        sys.exit(getattr(refusal, "exit_code", 1))


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tertulia {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None: ...


@app.command()
@takes(*CONFIG)
def serve(
    loaded: Loaded,
    no_migrate: Annotated[
        bool, typer.Option("--no-migrate", help="Do not make or change the database; refuse one that does not fit.")
    ] = False,
) -> None:
    """Run the server. It makes what it needs at the first start."""
    from tertulia.cli.serve import serve

    serve(loaded, migrate=not no_migrate)


@app.command()
@takes(*DATA)
def migrate(loaded: Loaded) -> None:
    """Make the database, or bring it up to date."""
    from tertulia.cli.migrate import migrate

    migrate(loaded)


@app.command()
@takes(*CONFIG)
def config(loaded: Loaded) -> None:
    """Show the settings in force and where each came from."""
    from tertulia.cli.config import show

    show(loaded)


@app.command(add_help_option=False, context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
def chat(context: typer.Context) -> None:
    """Talk in this terminal: sign in or up, join a room, see who is there."""
    from tertulia.cli.chat import chat

    alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
    alone.command(context_settings={"help_option_names": ["-h", "--help"]})(chat)
    alone(args=context.args, prog_name=context.command_path)


@app.command()
@takes(*DATA)
def createsuperuser(
    loaded: Loaded,
    username: Annotated[str | None, typer.Option(help="Name of the account; asked for if missing.")] = None,
    email: Annotated[str | None, typer.Option(help="Email address; may be left out.")] = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input, one line.")
    ] = False,
) -> None:
    """Make an account with all rights."""
    from tertulia.cli.users import createsuperuser

    createsuperuser(loaded, username, email, password_stdin=password_stdin)


@app.command()
@takes(*DATA)
def demo(
    loaded: Loaded,
    messages: Annotated[int, typer.Option(min=1, max=1_000_000, help="How many messages.")] = 3_000,
    force: Annotated[bool, typer.Option("--force", help="Do it although there are real users.")] = False,
    remove: Annotated[bool, typer.Option("--remove", help="Take away what an earlier demo made.")] = False,
) -> None:
    """Fill the server with people, rooms and talk to play with."""
    from tertulia.cli.demo import demo, remove_demo

    if remove:
        remove_demo(loaded)
    else:
        demo(loaded, messages, force=force)

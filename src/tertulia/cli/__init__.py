"""The command `tertulia`. Each module here is one command; they are imported when they are run."""

import gc
import sys
from pathlib import Path
from typing import Annotated

import typer

from tertulia import __version__
from tertulia.cli.options import ADDRESS, CONFIG, DATA, hears, takes
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
    # What is imported stays, and each batch makes thousands of objects that live until its answers are out: at Python's
    # own pace the collector would look through all of it again and again.
    gc.set_threshold(50_000, 20, 20)
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


@app.command()
@hears(*CONFIG)
def doctor(
    said: dict[str, object],
    production: Annotated[
        bool, typer.Option("--production", help="Also look at what matters once strangers can reach the server.")
    ] = False,
    url: Annotated[
        str, typer.Option(help="Also ask the running server from outside, by the address that people use.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")] = False,
) -> None:
    """Look whether all is well, and say what to do about what is not. Ends with 1 if there is a problem."""
    from tertulia.cli.doctor import doctor

    doctor(said, production=production, url=url, as_json=as_json)


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


@app.command("reset-password")
@takes(*ADDRESS, *DATA)
def reset_password(
    loaded: Loaded,
    user: Annotated[str, typer.Argument(help="Username or email address of the account.", show_default=False)],
) -> None:
    """Make a link with which somebody can choose a new password, once, within 30 minutes."""
    from tertulia.cli.recovery import reset_password

    reset_password(loaded, user)


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


@app.command()
@takes(*DATA)
def backup(
    loaded: Loaded,
    file: Annotated[Path, typer.Argument(help="Where the copy goes; it must not be there yet.", show_default=False)],
) -> None:
    """Copy the database, while the server runs. The signing key is not in it, and is not needed to restore it."""
    from tertulia.cli.backup import backup

    backup(loaded, file)


@app.command()
@takes(*DATA)
def restore(
    loaded: Loaded,
    file: Annotated[Path, typer.Argument(help="A copy that `tertulia backup` made.", show_default=False)],
) -> None:
    """Put a backup in the place of the database, which is kept beside it. Stop the server before."""
    from tertulia.cli.backup import restore

    restore(loaded, file)


@app.command()
@takes()
def copy(
    loaded: Loaded,
    to: Annotated[str, typer.Option("--to", help="The database that is filled; empty.", show_default=False)],
    source: Annotated[
        str, typer.Option("--from", help="The database that is copied. [default: that of the settings]")
    ] = "",
) -> None:
    """Move everything from one database to another, such as from SQLite to PostgreSQL. Stop the server before.

    A password is better left out of the command: PostgreSQL takes it from PGPASSWORD or ~/.pgpass.
    """
    from tertulia.cli.copy import copy

    copy(loaded, source, to)


@app.command("new-epoch")
@takes(*DATA)
def new_epoch(loaded: Loaded) -> None:
    """Say that the database went back in time: everybody signs in again and loads all anew. Stop all servers before."""
    from tertulia.cli.backup import new_epoch

    new_epoch(loaded)


webhook = typer.Typer(help="Have addresses told of what happens.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(webhook, name="webhook")
WebhookId = Annotated[str, typer.Argument(help="Id of the webhook: see `tertulia webhook list`.", show_default=False)]


@webhook.command("add")
@takes("webhook_allowed_networks", *DATA)
def webhook_add(
    loaded: Loaded,
    url: Annotated[str, typer.Argument(help="Address that is told, http or https.", show_default=False)],
    events: Annotated[
        str, typer.Option(help="Some of message, edit, delete, mention, member, report, with commas between them.")
    ] = "message,edit,delete,mention,member,report",
) -> None:
    """Have an address told of events. Prints the secret that signs them."""
    from tertulia.cli import webhooks

    webhooks.add(loaded, url, events)


@webhook.command("list")
@takes(*DATA)
def webhook_list(loaded: Loaded) -> None:
    """Show all webhooks, and how much waits for each."""
    from tertulia.cli import webhooks

    webhooks.show(loaded)


@webhook.command("remove")
@takes(*DATA)
def webhook_remove(loaded: Loaded, webhook: WebhookId) -> None:
    """Remove a webhook, and all that waits for it."""
    from tertulia.cli import webhooks

    webhooks.remove(loaded, webhook)


@webhook.command("dead")
@takes(*DATA)
def webhook_dead(loaded: Loaded, webhook: WebhookId) -> None:
    """Show the newest deliveries that were given up."""
    from tertulia.cli import webhooks

    webhooks.dead(loaded, webhook)


@webhook.command("resend")
@takes(*DATA)
def webhook_resend(
    loaded: Loaded,
    webhook: WebhookId,
    ids: Annotated[list[str] | None, typer.Argument(help="Ids of dead deliveries; none: all.")] = None,
) -> None:
    """Send deliveries that were given up again."""
    from tertulia.cli import webhooks

    webhooks.resend(loaded, webhook, ids or [])


apikey = typer.Typer(help="Keys with which your own backend may act.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(apikey, name="apikey")


@apikey.command("create")
@takes(*DATA)
def apikey_create(
    loaded: Loaded,
    name: Annotated[str, typer.Argument(help="What it is for; stands in the audit log.", show_default=False)],
    scopes: Annotated[
        str, typer.Option(help="What it may do: users, rooms, members, messages, sessions; with commas between them.")
    ],
) -> None:
    """Make a key and show it, this once. A running server takes it at once."""
    from tertulia.cli import apikeys

    apikeys.create(loaded, name, scopes)


@apikey.command("list")
@takes(*DATA)
def apikey_list(loaded: Loaded) -> None:
    """Show all keys, and when they were last used."""
    from tertulia.cli import apikeys

    apikeys.show(loaded)


@apikey.command("revoke")
@takes(*DATA)
def apikey_revoke(
    loaded: Loaded, key: Annotated[str, typer.Argument(help="Name or id of the key.", show_default=False)]
) -> None:
    """Make a key useless, within a second."""
    from tertulia.cli import apikeys

    apikeys.revoke(loaded, key)


@app.command()
@takes(*ADDRESS, *DATA)
def invite(
    loaded: Loaded,
    uses: Annotated[int, typer.Option(min=0, max=1_000_000, help="How many may sign up with it; 0: any number.")] = 1,
    days: Annotated[int, typer.Option(min=1, max=365, help="For how many days it is good.")] = 7,
) -> None:
    """Invite somebody to sign up: prints a code."""
    from tertulia.cli.invite import invite

    invite(loaded, uses, days)


words = typer.Typer(help="Words that are not wanted.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(words, name="words")
WordList = Annotated[
    list[str],
    typer.Argument(help="Words; foo* is the beginning of one, *foo the end, *foo* any part.", show_default=False),
]


@words.command("add")
@takes(*DATA)
def words_add(
    loaded: Loaded,
    words: WordList,
    report: Annotated[bool, typer.Option("--report", help="Let texts with them through, and report them.")] = False,
) -> None:
    """Refuse texts with these words from now on."""
    from tertulia.cli.words import add

    add(loaded, words, report=report)


@words.command("remove")
@takes(*DATA)
def words_remove(loaded: Loaded, words: WordList) -> None:
    """Take words off the list."""
    from tertulia.cli.words import remove

    remove(loaded, words)


@words.command("list")
@takes(*DATA)
def words_list(loaded: Loaded) -> None:
    """Show all words, and what becomes of texts with them."""
    from tertulia.cli.words import show

    show(loaded)

"""What is written in mails. All of them; plain text, short.

A username stands only in mails to confirmed addresses: else one could send words of one's own to strangers.
"""

from tertulia.domain.models import User

Text = tuple[str, str]
"""Subject and text."""

_ONCE = "The link works once, within 30 minutes."
_IGNORE = "If you did not ask for this, you need not do anything."


def reset(site: str, user: User, link: str) -> Text:
    """To choose a new password."""
    name = f"Your username is {user.username}.\n\n" if user.email_confirmed_at is not None else ""
    return (
        f"Choose a new password for {site}",
        f"Hello,\n\nto choose a new password for your account at {site}, open this link:\n\n{link}\n\n"
        f"{_ONCE} It also signs you out on all devices.\n\n{name}{_IGNORE}\n",
    )


def confirm(site: str, link: str) -> Text:
    """To an address that somebody gave for a new account."""
    return (
        f"Confirm your email address for {site}",
        f"Hello,\n\nsomebody, we hope you, gave this address for an account at {site}. "
        f"To confirm it, open this link:\n\n{link}\n\n{_ONCE} {_IGNORE}\n",
    )


def change(site: str, link: str) -> Text:
    """To an address that somebody wants to have for their account from now on."""
    return (
        f"Confirm your new email address for {site}",
        f"Hello,\n\nsomebody, we hope you, wants to use this address for their account at {site} from now on. "
        f"To do that, open this link:\n\n{link}\n\n{_ONCE} {_IGNORE}\n",
    )


def changing(site: str) -> Text:
    """To the address that an account still has."""
    return (
        f"A new email address for your account at {site}",
        f"Hello,\n\nsomebody with your password asked to use another email address for your account at {site}. "
        "It changes when the link in the mail to that other address is opened.\n\n"
        'If this was not you, choose a new password now ("Forgot password"): that stops it.\n',
    )


def already_yours(site: str) -> Text:
    """To the owner of an address that somebody wanted for another account."""
    return (
        f"Your email address at {site}",
        f"Hello,\n\nsomebody wants to use this address for another account at {site}, but you already have an "
        "account with it here. So nothing was changed.\n\n"
        'If it was you: sign in with this address, or choose a new password with "Forgot password".\n',
    )

"""What people may be called, and how names and addresses are compared."""

import re
import unicodedata

from tertulia.domain.errors import Rejection
from tertulia.domain.text import check_line

MAX_USERNAME = 150
MAX_EMAIL = 254
RESERVED = frozenset({"room"})
"""`@room` means everybody."""
DELETED = "deleted-"
"""How the usernames of deleted accounts begin."""

_USERNAME = re.compile(r"[\w.@+-]+")  # \w: letters and digits of any script, and _
_EMAIL = re.compile(r"[^\s@<>,;:()\"\[\]\\]+@(localhost|[\w-]+(\.[\w-]+)+)")


def normal_username(username: str) -> str:
    """The one form of a username that looks the same in several (NFKC); for looking up as for storing."""
    return unicodedata.normalize("NFKC", username)


def check_username(username: str) -> str:
    """The username in its normal form: 1 to 150 letters, digits and `@ . + - _`. Case stays; others may not differ by
    it alone (`fold_username`).
    """
    normal = normal_username(username)
    if not 1 <= len(normal) <= MAX_USERNAME:
        raise Rejection("invalid", f"A username has 1 to {MAX_USERNAME} characters.", field="username")
    if not _USERNAME.fullmatch(normal):
        raise Rejection("invalid", "A username has only letters, digits and @ . + - _", field="username")
    if normal.casefold() in RESERVED or normal.casefold().startswith(DELETED):
        raise Rejection("invalid", "This username is reserved. Choose another one.", field="username")
    return normal


def fold_username(username: str) -> str:
    """The form in which usernames are compared, with each other and with addresses."""
    return fold_email(username)


def fold_email(email: str) -> str:
    """The form in which two spellings of one address are equal."""
    return unicodedata.normalize("NFKC", email.strip()).casefold()


def _is_address(address: str) -> bool:
    return address.isprintable() and _EMAIL.fullmatch(address) is not None


def check_email(email: str) -> str:
    """The address without surrounding white space; refuses what cannot be one."""
    address = email.strip()
    if len(address) > MAX_EMAIL or len(fold_email(address)) > MAX_EMAIL or not _is_address(address):
        raise Rejection("invalid", "Give an email address such as ann@example.org, or leave it out.", field="email")
    return address


def check_name(name: str, field: str) -> str:
    """A first or last name without surrounding white space; refuses what `check_line` does."""
    return check_line(name, field).strip()

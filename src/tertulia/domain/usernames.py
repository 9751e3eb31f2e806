"""What people may be called, and how names and addresses are compared."""

import re
import unicodedata

from tertulia.domain.errors import Rejection

MAX_USERNAME = 150
MAX_EMAIL = 254
BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""They turn the text around a name. A name has its direction without them."""

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
    """The username in its normal form: 1 to 150 letters, digits and `@ . + - _`. Upper and lower case differ."""
    normal = normal_username(username)
    if not 1 <= len(normal) <= MAX_USERNAME:
        raise Rejection("invalid", f"A username has 1 to {MAX_USERNAME} characters.", field="username")
    if not _USERNAME.fullmatch(normal):
        raise Rejection("invalid", "A username has only letters, digits and @ . + - _", field="username")
    if normal.casefold() in RESERVED or normal.casefold().startswith(DELETED):
        raise Rejection("invalid", "This username is reserved. Choose another one.", field="username")
    return normal


def fold_email(email: str) -> str:
    """The form in which two spellings of one address are equal."""
    return unicodedata.normalize("NFKC", email.strip()).casefold()


def check_email(email: str) -> str:
    """The address without surrounding white space; refuses what cannot be one."""
    address = email.strip()
    if len(address) > MAX_EMAIL or len(fold_email(address)) > MAX_EMAIL or not _EMAIL.fullmatch(address):
        raise Rejection("invalid", "Give an email address such as ann@example.org, or leave it out.", field="email")
    return address


def check_name(name: str, field: str) -> str:
    """A first or last name without surrounding white space; refuses control characters."""
    if any(character in BIDI or unicodedata.category(character) == "Cc" for character in name):
        raise Rejection("invalid", "A name has no control characters.", field=field)
    return name.strip()

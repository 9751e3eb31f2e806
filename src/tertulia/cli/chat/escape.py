"""Other people's text, made harmless: it may not move the cursor, turn the line around or look like another line."""

import unicodedata

NEWLINE = " ⏎ "
"""What stands for the end of a line where a message has to be one line."""

_KEPT = {"\u200c", "\u200d"}  # joiners: scripts and emoji need them
_TURNS = {"\u2028", "\u2029"}  # Unicode's own ends of lines


def escaped(text: str) -> str:
    r"""One line, with nothing a terminal obeys: control and format characters are written as `\x1b`, `\u202e`."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escaped(character) for character in text.replace("\t", "    "))


def lines_of(text: str) -> list[str]:
    """The lines of a text, each escaped."""
    return [escaped(line) for line in text.replace("\r\n", "\n").split("\n")]


def one_line(text: str) -> str:
    """The text on one line."""
    return NEWLINE.join(lines_of(text))


def _escaped(character: str) -> str:
    kind = unicodedata.category(character)
    if kind in {"Cc", "Cs", "Zl", "Zp"} or character in _TURNS or (kind == "Cf" and character not in _KEPT):
        return character.encode("unicode_escape", "surrogatepass").decode()
    return character

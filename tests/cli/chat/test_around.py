from cli.chat.rows import BEN, CLEO, ME, room
from tertulia.cli.chat.around import here_text, toolbar, typing_text, unread_text, waiting_lines
from tertulia.cli.chat.view import plain


def test_who_types() -> None:
    square = room(ME, BEN, CLEO)
    assert typing_text(square) == ""
    square.typing, square.typing_count = [BEN, ME], 2
    assert typing_text(square) == "ben is typing…"
    square.typing, square.typing_count = [BEN, CLEO], 2
    assert typing_text(square) == "ben and cleo are typing…"
    square.typing, square.typing_count = [], 12  # a large room
    assert typing_text(square) == "12 people are typing…"
    square.typing_count = 1
    assert typing_text(square) == "somebody is typing…"


def test_what_is_new_elsewhere_mentions_first() -> None:
    def other(name: str, unread: int, mentions: int = 0) -> object:
        me = {"role": "member", "read_index": 0, "delivered_index": 0, "mentions": mentions}
        return room(ME, settings={"name": name}, message_count=unread, me=me)

    rooms = [other("a", 1), other("b", 2000), other("c", 3, 1), other("d", 4), other("e", 0)]
    assert unread_text(rooms) == "new: c 3@, b 2,000, d 4, and 1 more"  # type: ignore[arg-type]
    assert unread_text([]) == ""


def test_who_is_there() -> None:
    square = room(ME, BEN, CLEO)
    assert here_text(square, {"u1": "online"}) == "nobody else is here"
    assert here_text(square, {"u1": "online", "u2": "away", "u3": "online"}) == "here: cleo, ben (away)"


def test_a_lost_connection_says_nothing_of_who_is_there() -> None:
    square = room(ME, BEN)
    assert toolbar("no connection", square, [square], {}) == " no connection"
    assert toolbar("", square, [square], {"u2": "online"}) == " here: ben"
    assert toolbar("", None, [], {}) == " "


def test_posts_on_their_way() -> None:
    lines = [plain(line) for line in waiting_lines(["one", "two\x1b", "three\nlines", "four " * 20], 20)]
    assert lines == ["… 1 more on their way", "… two\\x1b", "… three ⏎ lines", "… four four four f…"]

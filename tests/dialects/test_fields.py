"""Fields of bodies: what is taken, and the words in which the rest is refused."""

from typing import Any

import pytest

from tertulia.dialects.errors import Refused
from tertulia.dialects.fields import Anything, Boolean, Email, Field, Form, Integer, Text, Texts, Uuid

UUID = "0197a1b0-0000-7000-8000-00000000000a"


@pytest.mark.parametrize(
    ("field", "value", "cleaned"),
    [
        (Text(), "  hello \n", "hello"),
        (Text(trim=False), " pass word ", " pass word "),
        (Text(), 7, "7"),
        (Text(), 1.5, "1.5"),
        (Text(blank=True), "  ", ""),
        (Text(nullable=True), None, None),
        (Email(), " Ann@Example.org ", "Ann@Example.org"),
        (Email(blank=True), "", ""),
        (Boolean(), True, True),
        (Boolean(), "false", False),
        (Boolean(), 1, True),
        (Integer(), 7, 7),
        (Integer(), "7", 7),
        (Integer(), "-7", -7),
        (Uuid(), UUID.upper(), UUID),
        (Uuid(), UUID.replace("-", ""), UUID),
        (Anything(), [1], [1]),
        (Texts(Text(), 2), [" a ", 7], ["a", "7"]),
        (Texts(Text(), 2), [], []),
        (Texts(Text(), 2), "a", ["a"]),
        (Texts(Text(), 2), None, None),
        (Anything(), None, None),
    ],
)
def test_what_is_taken(field: Field, value: Any, cleaned: Any) -> None:
    assert Form(it=field).clean({"it": value}) == {"it": cleaned}


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        (Text(), None, "This field may not be null."),
        (Text(), " ", "This field may not be blank."),
        (Text(), [], "Not a valid string."),
        (Text(), {}, "Not a valid string."),
        (Text(), True, "Not a valid string."),
        (Text(), "a\x00b", "Null characters are not allowed."),
        (Text(), "\ud800", "Surrogate characters are not allowed."),
        (Text(most=3), "four", "Ensure this field has no more than 3 characters."),
        (Email(), "no address", "Enter a valid email address."),
        (Email(), "a" * 250 + "@b.de", "Ensure this field has no more than 254 characters."),
        (Boolean(), "maybe", "Must be a valid boolean."),
        (Boolean(), [], "Must be a valid boolean."),
        (Integer(), "7.5", "A valid integer is required."),
        (Integer(), True, "A valid integer is required."),
        (Integer(), "9" * 5000, "A valid integer is required."),
        (Integer(), "٧", "A valid integer is required."),
        (Texts(Text(), 2), {}, 'Expected a list of items but got type "dict".'),
        (Texts(Text(), 2), ["a"] * 3, "Ensure this field has no more than 2 elements."),
        (Texts(Text(), 2), ["a", ""], "This field may not be blank."),
        (Texts(Text(), 2), ["a", None], "This field may not be null."),
        (Uuid(), "no", "Must be a valid UUID."),
        (Uuid(), 7, "Must be a valid UUID."),
        (Anything(), "\x00", "Null characters are not allowed."),
    ],
)
def test_what_is_refused(field: Field, value: Any, said: str) -> None:
    with pytest.raises(Refused) as refused:
        Form(it=field).clean({"it": value})
    assert (refused.value.status, refused.value.body) == (400, {"it": [said]})


def test_all_that_is_wrong_is_said_at_once() -> None:
    form = Form(name=Text(), email=Email(), more=Text(required=False))
    with pytest.raises(Refused) as refused:
        form.clean({"email": "x", "unknown": 1})
    assert refused.value.body == {"name": ["This field is required."], "email": ["Enter a valid email address."]}


def test_unknown_fields_are_ignored_and_what_was_not_given_is_not_there() -> None:
    assert Form(name=Text(), more=Text(required=False)).clean({"name": "ann", "unknown": "x"}) == {"name": "ann"}


def test_in_a_form_a_list_is_the_field_as_often_as_it_is_there() -> None:
    sent = {"it": "b", "it[]": ["a", "b"], "other": "b", "other[]": ["a", "b"]}
    assert Form(it=Texts(Text(), 2), other=Text()).clean(sent) == {"it": ["a", "b"], "other": "b"}

"""The types of events and replies are what the documents show, and what tests hold every frame against."""

from typing import Any

import pytest
from pydantic import ValidationError

from support.wire import check_frame
from tertulia.protocol.asyncapi import EVENTS, REPLIES


@pytest.mark.parametrize("name", EVENTS)
def test_every_event_says_what_it_is(name: str) -> None:
    kind: Any = EVENTS[name]
    assert kind.__doc__
    assert "ev" in kind.__required_keys__


@pytest.mark.parametrize("name", set(REPLIES.values()))
def test_every_reply_may_be_a_refusal(name: Any) -> None:
    assert "re" in name.__required_keys__
    assert name.__required_keys__ == {"re"}


@pytest.mark.parametrize(
    ("frame", "cmd"),
    [
        ('{"ev":"gone"}', None),
        ('{"ev":"gone","room":"x","why":"y"}', None),
        ('{"ev":"gone","room":1}', None),
        ('{"ev":"typing","room":"x","count":"1"}', None),
        ('{"ev":"presence","users":[{"user":"x","status":"asleep"}]}', None),
        ('{"ev":"reload","room":"x","seq":1,"snapshot":{"room":{},"messages":[]}}', None),
        ('{"re":1,"message":{}}', "post"),
        ('{"re":1,"messages":[]}', "post"),
        ('{"re":1,"messages":[]}', "ping"),
        ('{"re":"1"}', "ping"),
        ('{"re":1,"error":{"code":"invalid"}}', "post"),
    ],
)
def test_the_check_of_the_tests_bites(frame: str, cmd: str | None) -> None:
    with pytest.raises((ValidationError, AssertionError)):
        check_frame(frame, cmd)


def test_an_error_stands_alone() -> None:
    with pytest.raises(AssertionError):
        check_frame('{"re":1,"expires_in":3,"error":{"code":"invalid","message":"x"}}', "refresh")

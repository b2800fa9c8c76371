"""channels_redis, both of its layers: groups and questions between two processes of a Channels project."""

import pytest

from support.answering import Refused
from support.programs import insist, needs

PROGRAMS = ["channels_redis"]

needs("channels", "channels_redis")


@pytest.mark.parametrize("layer", ["core", "pubsub"])
def test_a_group_gets_each_message_and_a_channel_its_answer_before_and_after_restarts(answering, server, layer):
    one, other = answering("channels_member.py", LAYER=layer), answering("channels_member.py", LAYER=layer)
    channel = other.ask("name")
    one.reports("ready", one.process.pid)
    for round, crash in enumerate([False, True, None]):
        sent = [f"{round}-{number}" for number in range(20)]
        for value in sent:
            insist(lambda value=value: one.ask("send", value=value), Refused)
        for member in (one, other):
            member.reports("news", *sent)
            # A message that was sent again because the first reply was lost may be there twice.
            assert [value for value in dict.fromkeys(member.reported("news")) if value in sent] == sent
        insist(lambda value=100 + round: one.ask("ask", channel=channel, value=value), Refused)
        one.reports("answer", 200 + 2 * round)
        if crash is not None:
            server.restart(crash=crash)
            other.hears(lambda word: one.ask("send", value=word))
            one.hears(lambda word: other.ask("send", value=word))


def test_a_process_that_left_a_group_gets_no_more_of_it(answering):
    one, other = answering("channels_member.py", LAYER="core"), answering("channels_member.py", LAYER="core")
    one.ask("name")
    other.ask("leave")
    one.ask("send", value=1)
    one.reports("news", 1)
    other.ask("join")
    one.ask("send", value=2)
    other.reports("news", 2)
    assert other.reported("news") == [2]

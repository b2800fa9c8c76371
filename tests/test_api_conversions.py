"""Converters of replies that a server in a test does not give, compared with those of redis-py."""

import pytest
import redis
from redis._parsers import helpers, response_callbacks

from pyredis.embedded.api import conversions
from pyredis.embedded.api.commands_by_name import CHOSEN, PLAIN, SETS
from pyredis.wire.reply_objects import ReplyError

pytestmark = pytest.mark.skipif(int(redis.__version__.split(".")[0]) < 8, reason="these are the results of redis-py 8")

LINE = (
    b"id=3 addr=/tmp/a b/redis.sock:0 laddr=x:1 fd=8 name= age=5 idle=0 flags=U db=0 sub=0 cmd=client|list user=default"
)
INFO = b"""# Server\r
redis_version:7.4.0\r
uptime_in_seconds:5\r
ratio:1.50\r
executable:/a:b\r
\r
# Keyspace\r
db0:keys=1,expires=0,avg_ttl=0\r
slave0:ip=1.2.3.4,port=6380,online,lag=0\r
listener0:name=tcp,bind=127.0.0.1,bind=::1,port=6379\r
module:name=one,ver=1,api=1,filters=0\r
module:name=two,ver=2\r
ports:1,2,x\r
empty:\r
not a field\r
version:00e12\r
date:Jan 1, 2024\r
"""


def test_info_is_read_as_by_redis_py():
    assert conversions.info(INFO) == helpers.parse_info(INFO)


def test_clients_are_read_as_by_redis_py():
    for text in (LINE, LINE + b"\n" + LINE + b" x=1=2\n", b""):
        assert conversions.client_lines(text) == helpers.parse_client_list(text)
    plain = b"id=3 addr=x:0 age=5 name= multi=-1 user=default events=r\n"
    assert conversions.client_facts(plain) == helpers.parse_client_info(plain)


@pytest.mark.parametrize(
    "reply",
    [
        [[1, 1700000000, 15, [b"GET", b"a"], b"127.0.0.1:1", b"me"]],
        [[2, 1700000000, 15, [], b"", b""]],
        [],
    ],
)
def test_slow_calls_are_read_as_by_redis_py(reply):
    assert conversions.slow_calls(reply) == helpers.parse_slowlog_get(reply)


@pytest.mark.parametrize("reply", [None, [b"k", [[b"m", 1.5], [b"n", 1e300]]]])
def test_members_popped_from_several_keys_are_read_as_by_redis_py(reply):
    assert conversions.popped_from(reply) == helpers.zmpop_resp3_to_resp2_legacy(reply)


@pytest.mark.parametrize("score", [0.1, 1.0, -0.0, 1e21, 123456789012345678.0, float("inf"), float("-inf"), "2", b"3"])
@pytest.mark.parametrize("cast", [float, int, str, repr, lambda score: score])
def test_scores_are_cast_as_by_redis_py(score, cast):
    options = {"withscores": True, "score_cast_func": cast}

    def attempt(convert):
        try:
            return convert([[b"m", score]])
        except (ValueError, OverflowError) as error:
            return type(error)

    if cast is float:
        score = float(score)
    theirs = attempt(lambda reply: helpers.zset_score_pairs_resp3_to_resp2_legacy(reply, **options))
    assert attempt(conversions.scored(cast)) == theirs


def test_an_entry_with_its_claim_is_read_as_by_redis_py():
    reply = {b"s": [[b"1-1", [b"f", b"v"], 5, 1], None]}
    theirs = helpers.parse_xread_resp3_to_resp2_legacy({b"s": [reply[b"s"][0]]}, claim_min_idle_time=1)
    assert conversions.claimed_streams({b"s": [reply[b"s"][0]]}) == theirs
    assert conversions.claimed_streams(reply)[0][1][1] == (None, None)
    assert conversions.claimed_streams(None) == []


def test_groups_need_not_be_complete():
    reply = [b"a", b"1", b"b"]
    assert conversions.groups_of(2)(reply) == helpers.sort_return_tuples(reply, groups=2)


def test_sets_and_errors_inside_a_reply_are_converted():
    found = conversions.without_sets({b"a": [{1}, ReplyError("WRONGTYPE no"), {b"b": {2}}]})
    assert found[b"a"][0] == [1]
    assert found[b"a"][2] == {b"b": [2]}
    assert (type(found[b"a"][1]), str(found[b"a"][1])) == (redis.ResponseError, "WRONGTYPE no")


def test_a_time_that_is_missing_is_none():
    assert conversions.moment(0) is None
    assert conversions.moment(1700000000) == helpers.timestamp_to_datetime(1700000000)


def test_every_command_whose_reply_redis_py_converts_has_a_converter():
    theirs = response_callbacks.get_response_callbacks(None, True)
    lacking = {name for name in theirs if name not in PLAIN and name not in CHOSEN and name not in SETS}
    families = ("ACL ", "CLUSTER ", "SENTINEL ", "HIMPORT", "HOTKEYS")
    assert {name for name in lacking if not name.startswith(families)} == {"ARINFO", "ASKING"}

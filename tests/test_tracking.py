"""Client-side caching compared with the oracle: who is sent what about which key, and when."""

import pytest

from support.caching import Circle, keys
from support.client import wait_until
from support.pair import Pair
from support.propagation_cases import CASES
from support.subscribers import frames_until_pong
from support.waiting import await_blocked, fields

EVERYTHING = [[b"invalidate", None]]


@pytest.fixture
def circle(pair):
    with Circle(pair) as circle:
        yield circle


@pytest.fixture
def trio(shared_ours, shared_oracle):
    """A client that caches and one that writes, both of RESP3: without redirection, RESP2 has no messages."""
    with Pair(shared_ours, shared_oracle, 3) as pair, Circle(pair) as circle:
        yield circle.member("reader", "ON"), circle.member("writer"), circle


@pytest.fixture
def duo(shared_ours):
    """The same on our server alone, for what the oracle does differently from 7.4."""
    with shared_ours.client(3) as reader, shared_ours.client() as writer:
        reader.must("CLIENT", "TRACKING", "ON")
        yield reader, writer


def described(client):
    """The fields of the client's line of CLIENT LIST."""
    line = client.must("CLIENT", "INFO")
    return dict(word.split("=", 1) for word in line.decode().split())


# ---- options and their errors ----


@pytest.mark.parametrize(
    "line",
    [
        *("", "x", "ON x", "OFF x", "x x", "x REDIRECT 999999", "ON REDIRECT 999999", "ON REDIRECT x", "ON REDIRECT"),
        *("ON REDIRECT 0", "ON REDIRECT -1", "ON REDIRECT $a REDIRECT $a", "ON PREFIX", "ON PREFIX x", "OFF BCAST"),
        *("ON BCAST OPTOUT", "ON OPTIN OPTOUT", "on bcast prefix a", "ON BCAST PREFIX a PREFIX ab", "ON NOLOOP NOLOOP"),
        *("ON BCAST PREFIX ab PREFIX a", "ON BCAST PREFIX a PREFIX a", "ON NOLOOP OPTOUT", "ON BCAST NOLOOP"),
        *("ON REDIRECT $a", "ON BCAST REDIRECT $b PREFIX a PREFIX b PREFIX c", "OFF OPTIN OPTOUT", "ON BCAST OPTIN"),
    ],
)
@pytest.mark.parametrize("before", ["", "ON", "ON BCAST", "ON BCAST PREFIX ab PREFIX x", "ON OPTIN", "ON OPTOUT"])
def test_options_are_read_checked_and_shown_as_redis_does(circle, before, line):
    client = circle.member("a")
    circle.member("b")
    if before:
        client.sends("CLIENT", "TRACKING", *before.split())
    client.pipelines(f"CLIENT TRACKING {line}")
    client.sends("CLIENT", "TRACKINGINFO")
    client.sends("CLIENT", "GETREDIR")


def test_an_overlap_that_is_not_with_the_first_prefix_is_only_an_error(client):
    """Redis replies with the error, turns tracking on nevertheless, and replies OK as well."""
    reply = client.do("CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "x", "PREFIX", "a", "PREFIX", "ab")
    assert "Prefix 'a' overlaps with another provided prefix 'ab'" in reply
    assert client.do("PING") == "PONG"
    assert client.do("CLIENT", "GETREDIR") == -1


@pytest.mark.parametrize("prefixes", [(b"a\0b", b"a\0"), (b"", b"a"), (b"a\r\nb", b"a\r\n"), (b"\xff", b"\xff\xfe")])
def test_an_overlap_quotes_prefixes_as_redis_does(circle, prefixes):
    client = circle.member("a")
    client.sends("CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", prefixes[0], "PREFIX", prefixes[1])


@pytest.mark.parametrize("mode", ["", "ON", "ON OPTIN", "ON OPTOUT", "ON BCAST"])
def test_caching_is_refused_except_in_its_mode(circle, mode):
    client = circle.member("a", *mode.split())
    for word in ("YES", "NO", "x", "yes", ""):
        client.pipelines(f"CLIENT CACHING {word}", "CLIENT TRACKINGINFO")
    client.sends("CLIENT", "CACHING", "YES", "NO")


@pytest.mark.parametrize("mode", ["ON", "ON BCAST", "ON OPTIN", "ON REDIRECT $b"])
def test_lists_of_clients_show_the_mode(circle, mode):
    circle.member("b")
    client = circle.member("a")
    client.pipelines(f"CLIENT TRACKING {mode}")
    shown = [described(each) for each in client.clients]
    assert shown[0]["flags"] == shown[1]["flags"]
    targets = [str(number) for number in circle.members["b"].ids]
    assert [each["redir"] for each in shown] == (targets if "$b" in mode else ["0", "0"])
    client.sends("RESET")
    shown = [described(each) for each in client.clients]
    assert [(each["flags"], each["redir"]) for each in shown] == [("N", "-1")] * 2


def counted(member):
    """The fields of INFO, the same from both servers."""
    names = ("tracking_clients", "tracking_total_keys", "tracking_total_items", "tracking_total_prefixes")
    ours, oracle = ([fields(client, "everything")[name] for name in names] for client in member.clients)
    assert ours == oracle
    return [int(value) for value in ours]


def test_info_counts_clients_keys_and_prefixes(start_ours, start_oracle):
    """On servers of its own, because the clients of an earlier test may still be leaving."""
    with Pair(start_ours(), start_oracle(), 3) as pair, Circle(pair) as circle:
        writer, reader, other = circle.member("w"), circle.member("r", "ON"), circle.member("o", "ON")
        circle.member("third", "ON", "BCAST", "PREFIX", "a", "PREFIX", "b")
        circle.member("fourth", "ON", "BCAST", "PREFIX", "b")
        reader.sends("MGET", "x", "y")
        other.sends("MGET", "y", "z")
        assert counted(writer) == [4, 3, 4, 2]
        writer.sends("SET", "y", 1)
        assert counted(writer) == [4, 2, 2, 2]
        reader.sends("CLIENT", "TRACKING", "OFF")
        assert counted(writer) == [3, 2, 2, 2]
        writer.sends("SET", "x", 1)
        assert counted(writer) == [3, 1, 1, 2]
        writer.sends("FLUSHALL")
        assert counted(writer) == [3, 0, 0, 2]


# ---- which reads are remembered, and which changes are reported ----


@pytest.mark.parametrize(
    "read",
    [
        *("GET k", "EXISTS k", "STRLEN k", "TYPE k", "TTL k", "TOUCH k", "MGET a k", "GETRANGE k 0 1", "GETEX k"),
        *("LRANGE k 0 -1", "GETDEL k", "SINTERCARD 2 a k", "SORT_RO k", "SORT k", "OBJECT REFCOUNT k", "XLEN k", "k"),
        *("XREAD STREAMS a k 0 0", "SET k 1 GET", "LCS a k", "BITCOUNT k", "GET", "ZUNION 2 a k WITHSCORES"),
        *("EVAL_RO return(1) 1 k", "EVAL return(1) 1 k", "HSCAN k 0", "PFCOUNT a k", "GEOPOS k m", "ZRANK k m"),
    ],
)
def test_a_read_is_remembered_if_its_command_is_read_only(trio, read):
    reader, writer, _ = trio
    writer.sends("RPUSH", "k", "1", "2")
    reader.pipelines(read, replies=1)
    reader.hears()
    writer.sends("RPUSH", "k", "1")
    reader.hears()
    writer.sends("RPUSH", "k", "1")
    assert reader.hears() == []


# Redis does not report that PFDEBUG has changed the encoding of a value.
WRITES = [(name, number) for name, cases in CASES.items() for number in range(len(cases)) if name != "pfdebug"]


@pytest.mark.parametrize(("name", "number"), WRITES, ids=[f"{name}-{number}" for name, number in WRITES])
def test_every_change_is_reported_as_redis_does(trio, name, number):
    reader, writer, circle = trio
    case = CASES[name][number]
    if case.config:
        pytest.skip("the file is another, the change is the same")
    for line in case.before:
        if any(client.call(*line.split()).is_error for client in writer.clients):
            pytest.skip("the oracle does not have this command")
    reader.sends("EXISTS", *sorted({word for line in (*case.before, case.request) for word in line.split()}))
    for client in writer.clients:
        client.send(*case.request.split())
    if case.woken:
        circle.member("waker").pipelines(case.woken)
    if [client.read() for client in writer.clients][1].is_error:
        pytest.skip("the oracle does not have this command")
    ours, oracle = ([frame.raw for frame in frames_until_pong(client)] for client in reader.clients)
    assert sorted(ours) == sorted(oracle)


def test_a_key_is_reported_once_until_it_is_read_again(trio):
    reader, writer, _ = trio
    reader.sends("GET", "k")
    writer.pipelines("SET k 1", "SET k 2", "DEL k")
    assert reader.hears() == keys("k")
    reader.sends("GET", "k")
    writer.sends("DEL", "k")
    assert reader.hears() == []
    writer.sends("SET", "k", 1)
    assert reader.hears() == keys("k")


def test_keys_of_all_databases_are_one(trio):
    reader, writer, _ = trio
    reader.sends("GET", "k")
    writer.pipelines("SELECT 5", "SET k 1", "SELECT 0")
    assert reader.hears() == keys("k")
    reader.sends("GET", "k")
    writer.sends("SWAPDB", 0, 5)
    assert reader.hears() == []


def test_a_key_of_many_clients_is_reported_to_all_of_them(trio):
    _, writer, circle = trio
    crowd = [circle.member(f"reader{number}", "ON") for number in range(40)]
    for member in crowd:
        member.pipelines("GET k", "GET k", f"GET {member.name}")
    crowd[3].sends("CLIENT", "TRACKING", "OFF")
    crowd.pop(7).pair.close()
    writer.sends("SET", "k", 1)
    for number, member in enumerate(crowd):
        assert member.hears() == (keys("k") if number != 3 else [])
    writer.sends("MSET", "k", 2, "reader5", 1)
    assert crowd[5].hears() == keys("reader5")


# ---- the order ----


def test_own_changes_follow_the_reply(trio):
    reader, _, _ = trio
    reader.pipelines("GET k", "SET k 1", "GET k", "DEL k", "SET k 2", "GET k", replies=8)
    assert reader.hears() == []


def test_own_changes_follow_the_reply_of_exec(trio):
    reader, _, _ = trio
    reader.sends("MGET", "a", "b", "c")
    reader.pipelines("MULTI", "SET b 1", "SET a 1", "GET b", "SET b 2", "PING", "EXEC", replies=7)
    assert reader.hears() == keys("b", "a", "b")


def test_own_changes_follow_the_messages_that_the_transaction_publishes(duo):
    """As 7.4 does; 7.0 sends the message before the reply of EXEC."""
    reader, _ = duo
    reader.must("SUBSCRIBE", "channel")
    reader.must("GET", "k")
    for words in (("MULTI",), ("SET", "k", 1), ("PUBLISH", "channel", "hello"), ("EXEC",)):
        reader.send(*words)
    frames = [reader.read().decoded for _ in range(6)]
    assert frames[3:] == [["OK", 1], [b"message", b"channel", b"hello"], *keys("k")]


def test_own_changes_by_a_script_follow_its_reply(trio):
    reader, _, _ = trio
    reader.sends("MGET", "a", "b")
    script = "redis.call('set', 'b', 1) redis.call('set', 'a', 1) return redis.call('get', 'b')"
    reader.sends("EVAL", script, 0, replies=3)
    assert reader.hears() == []


def test_reads_of_scripts_and_functions_are_remembered_for_the_caller(duo):
    """As 7.4 does; 7.0 remembers the keys that the script declares."""
    reader, writer = duo
    code = "#!lua name=l\nredis.register_function('read', function(keys) return redis.call('get', 'b') end)"
    writer.must("FUNCTION", "LOAD", "REPLACE", code)
    for words, name in ((("EVAL", "return redis.call('get', 'a')", 1, "declared"), "a"), (("FCALL", "read", 0), "b")):
        reader.do(*words)
        writer.must("MSET", "a", 1, "b", 1, "declared", 1)
        assert [reader.read().decoded] == keys(name)
    assert reader.do("PING") == "PONG"
    writer.must("FUNCTION", "FLUSH")


def test_turning_tracking_off_in_a_transaction_keeps_what_it_has_changed(trio):
    reader, _, _ = trio
    reader.sends("GET", "k")
    reader.pipelines("MULTI", "SET k 1", "CLIENT TRACKING OFF", "EXEC", replies=4)
    assert reader.hears() == keys("k")


def test_a_client_that_waits_is_sent_messages(trio):
    reader, writer, _ = trio
    reader.sends("LRANGE", "l", 0, -1)
    reader.pipelines("BLPOP l 0", replies=0)
    writer.sends("RPUSH", "l", 1)
    assert reader.hears() == [*keys("l"), [b"l", b"1"]]


def test_a_served_clients_own_changes_follow_its_reply(duo):
    """As 7.4 does; in 7.0 they precede it."""
    reader, writer = duo
    reader.must("LRANGE", "target", 0, -1)
    reader.send("BLMOVE", "source", "target", "LEFT", "LEFT", 0)
    await_blocked(writer, 1)
    writer.must("RPUSH", "source", "x")
    assert reader.read().decoded == b"x"
    assert [reader.read().decoded] == keys("target")


def test_a_stream_is_remembered_again_when_the_reader_is_served(duo):
    """As 7.4 does; 7.0 remembers it only when the reader begins to wait."""
    reader, writer = duo
    reader.send("XREAD", "BLOCK", 0, "STREAMS", "s", "$")
    await_blocked(writer, 1)
    writer.must("XADD", "s", "1-1", "a", "1")
    assert [reader.read().decoded] == keys("s")
    assert reader.read().decoded == {b"s": [[b"1-1", [b"a", b"1"]]]}
    writer.must("XADD", "s", "2-1", "a", "1")
    assert [reader.read().decoded] == keys("s")


def test_messages_are_sent_whatever_client_reply_says(trio):
    reader, writer, _ = trio
    reader.sends("GET", "k")
    reader.pipelines("CLIENT REPLY OFF", "SET k 1", "GET k", replies=1)
    writer.sends("SET", "k", 2)
    reader.pipelines("CLIENT REPLY ON", "CLIENT REPLY SKIP", "GET k", replies=2)
    writer.sends("SET", "k", 2)
    assert reader.hears() == keys("k")


# ---- flushes ----


@pytest.mark.parametrize("command", ["FLUSHALL", "FLUSHDB", "FLUSHALL ASYNC", "FLUSHDB SYNC"])
def test_a_flush_reports_everything_to_all_that_track(trio, command):
    reader, writer, circle = trio
    listeners = [circle.member("other", "ON", "NOLOOP"), circle.member("broad", "ON", "BCAST"), reader]
    off = circle.member("off", "ON")
    off.sends("CLIENT", "TRACKING", "OFF")
    reader.sends("GET", "k")
    writer.pipelines(command)
    assert [member.hears() for member in listeners] == [EVERYTHING] * 3
    assert off.hears() == []
    writer.sends("SET", "k", 1)
    assert reader.hears() == []


def test_a_clients_own_flush_is_reported_after_its_reply(trio):
    reader, _, _ = trio
    reader.pipelines("FLUSHALL", replies=2)
    reader.sends("GET", "k")
    reader.pipelines("MULTI", "SET k 1", "FLUSHALL", "GET k", "SET k 2", "EXEC", replies=9)
    assert reader.hears() == []


# ---- expiry ----


# Times to live in ms, the first of which usually suffices: the key must be read before it expires.
LIVES = (50, 500, 5000, 50000)


def read_before_expiry(reader, writer):
    """Returns a key that the reader has read on both servers, and that will expire soon."""
    for life in LIVES:
        name = f"living-for-{life}"
        writer.sends("SET", name, 1, "PX", life)
        if [client.must("GET", name) for client in reader.clients] == [b"1", b"1"]:
            return name
    raise AssertionError("the key has expired each time")


@pytest.mark.parametrize("finding", ["reader", "writer"])
def test_an_expired_key_is_reported_when_it_is_found(trio, finding):
    reader, writer, circle = trio
    writer.sends("DEBUG", "SET-ACTIVE-EXPIRE", 0)
    try:
        name = read_before_expiry(reader, writer)
        for client in writer.clients:
            end = milliseconds(client) + int(name.rpartition("-")[2])
            wait_until(lambda client=client, end=end: milliseconds(client) > end + 1, "the expiry")
        assert reader.hears() == []
        circle.members[finding].pipelines(f"EXISTS {name}")
        assert reader.hears() == keys(name)
    finally:
        writer.sends("DEBUG", "SET-ACTIVE-EXPIRE", 1)


def milliseconds(client):
    """The server's time."""
    seconds, microseconds = map(int, client.must("TIME"))
    return seconds * 1000 + microseconds // 1000


def test_the_background_reports_keys_that_it_expires(trio):
    reader, writer, _ = trio
    name = read_before_expiry(reader, writer)
    assert [client.read().decoded for client in reader.clients] == keys(name) * 2


def test_the_background_reports_hashes_of_which_a_field_expires(duo):
    reader, writer = duo
    for life in LIVES:
        name = f"living-for-{life}"
        writer.must("HSET", name, "f", 1, "g", 2)
        writer.must("HPEXPIRE", name, life, "FIELDS", 1, "f")
        if reader.must("HEXISTS", name, "f"):
            break
    assert [reader.read().decoded] == keys(name)


# ---- OPTIN, OPTOUT, NOLOOP ----

ASIDES = ["", "PING", "NOSUCH", "CLIENT NOSUCH", "CLIENT", "CLIENT ID", "CLIENT ID x", "CLIENT INFO", "GET", "SELECT 0"]


@pytest.mark.parametrize("between", ASIDES)
@pytest.mark.parametrize(("mode", "word"), [("OPTIN", "YES"), ("OPTOUT", "NO")])
def test_caching_applies_to_the_next_command(trio, mode, word, between):
    reader, writer, _ = trio
    reader.sends("CLIENT", "TRACKING", "ON", mode)
    reader.sends("GET", "before")
    commands = [f"CLIENT CACHING {word}", *([between] if between else []), "GET k", "GET after"]
    for client in reader.clients:
        for command in commands:
            client.call(*command.split())
    writer.sends("MSET", "before", 1, "k", 1, "after", 1)
    reader.hears()


@pytest.mark.parametrize(
    "commands",
    [
        ["CLIENT CACHING YES", "MULTI", "GET a", "GET b", "EXEC", "GET c"],
        ["MULTI", "CLIENT CACHING YES", "GET a", "EXEC", "GET c"],
        ["CLIENT CACHING YES", "MULTI", "DISCARD", "GET a"],
        ["CLIENT CACHING YES", "MULTI", "NOSUCH", "EXEC", "GET a"],
        ["CLIENT CACHING YES", "WATCH a", "MULTI", "GET b", "EXEC"],
        ["CLIENT CACHING YES", "EVAL return(redis.call('get',KEYS[1])) 1 a", "GET b"],
        ["CLIENT CACHING YES", "RESET", "HELLO 3", "CLIENT TRACKING ON OPTIN", "GET a"],
        ["CLIENT CACHING YES", "CLIENT TRACKING ON OPTIN", "GET a"],
        ["CLIENT CACHING YES", "BLPOP a 0.01", "GET b"],
    ],
)
def test_caching_applies_to_a_transaction_or_script(trio, commands):
    reader, writer, _ = trio
    reader.sends("CLIENT", "TRACKING", "ON", "OPTIN")
    for client in reader.clients:
        for command in commands:
            client.call(*command.split())
    writer.sends("MSET", "a", 1, "b", 1, "c", 1)
    reader.hears()


def test_noloop_leaves_out_a_clients_own_changes(trio):
    reader, writer, circle = trio
    reader.sends("CLIENT", "TRACKING", "ON", "NOLOOP")
    other = circle.member("other", "ON")
    for changing in ("SET k 1", "EVAL return(redis.call('set',KEYS[1],1)) 1 k"):
        reader.sends("GET", "k")
        other.sends("GET", "k")
        reader.pipelines(changing)
        assert reader.hears() == []
        assert other.hears() == keys("k")
    reader.sends("GET", "k")
    writer.sends("SET", "k", 1)
    assert reader.hears() == keys("k")


# ---- the protocol, REDIRECT, and the end of clients ----


def test_a_client_of_resp2_is_sent_nothing_itself(circle):
    reader, writer = circle.member("reader", "ON", protocol=2), circle.member("writer")
    reader.sends("GET", "k")
    writer.sends("SET", "k", 1)
    assert reader.hears() == []
    reader.sends("SUBSCRIBE", "__redis__:invalidate")
    writer.pipelines("SET k 1", "FLUSHALL")
    assert reader.hears() == []


@pytest.mark.parametrize("source", [2, 3])
@pytest.mark.parametrize("target", [2, 3])
@pytest.mark.parametrize("channel", ["", "__redis__:invalidate", "other"])
def test_redirected_messages_need_resp3_or_a_subscription(circle, source, target, channel):
    listener = circle.member("listener", protocol=target)
    reader = circle.member("reader", "ON", "REDIRECT", "$listener", protocol=source)
    writer = circle.member("writer")
    if channel:
        listener.sends("SUBSCRIBE", channel)
    reader.pipelines("GET k", "GET m")
    writer.sends("SET", "k", 1)
    heard = listener.hears()
    assert bool(heard) == (target == 3 or channel != "")
    writer.sends("FLUSHALL")
    listener.hears()
    reader.sends("GET", "k")
    reader.pipelines("SET k 2", "PING")
    listener.hears()
    assert reader.hears() == []


def test_a_redirected_message_follows_the_reply_of_its_target(duo):
    """As 7.4 does; in 7.0 it precedes it."""
    target, reader = duo
    reader.must("CLIENT", "TRACKING", "ON", "REDIRECT", target.must("CLIENT", "ID"))
    reader.must("GET", "k")
    assert target.do("SET", "k", 1) == "OK"
    assert [target.read().decoded] == keys("k")


@pytest.mark.parametrize("end", ["close", "KILL", "RESET"])
def test_a_lost_target_is_reported(trio, end):
    reader, writer, circle = trio
    target = circle.member("target")
    reader.sends("CLIENT", "TRACKING", "ON", "REDIRECT", "$target")
    reader.pipelines("GET a", "GET b")
    if end == "KILL":
        writer.pipelines("CLIENT KILL ID $target", "SET a 1")
    else:
        if end == "RESET":
            target.sends("RESET")
        target.pair.close()
        for number, client in zip(target.ids, writer.clients, strict=True):
            wait_until(lambda number=number, client=client: not client.must("CLIENT", "LIST", "ID", number), "its end")
        writer.sends("SET", "a", 1)
    writer.sends("SET", "b", 1)
    reader.hears()
    writer.sends("FLUSHALL")
    reader.hears()
    reader.pipelines("CLIENT TRACKINGINFO", "CLIENT GETREDIR", "CLIENT TRACKING ON", "CLIENT TRACKINGINFO", "GET a")
    writer.sends("SET", "a", 2)
    assert reader.hears() == keys("a")


def test_a_client_may_redirect_to_itself(trio):
    reader, writer, _ = trio
    reader.sends("CLIENT", "TRACKING", "ON", "REDIRECT", "$reader")
    reader.pipelines("GET k", "SET k 1", "GET k", replies=4)
    writer.sends("SET", "k", 1)
    assert reader.hears() == keys("k")


@pytest.mark.parametrize("end", ["CLIENT TRACKING OFF", "RESET"])
def test_what_was_read_before_tracking_ended_still_counts(trio, end):
    reader, writer, _ = trio
    reader.sends("GET", "k")
    reader.pipelines(end)
    for client in reader.clients:
        client.must("HELLO", 3)
    reader.pipelines("CLIENT TRACKING ON")
    writer.sends("SET", "k", 1)
    assert reader.hears() == keys("k")


def test_turning_to_broadcasts_forgets_keys(trio):
    reader, writer, _ = trio
    reader.pipelines("GET k", "CLIENT TRACKING OFF", "CLIENT TRACKING ON BCAST PREFIX x")
    writer.sends("SET", "k", 1)
    assert reader.hears() == []


def test_a_change_of_the_protocol_applies_to_the_next_message(trio):
    reader, writer, _ = trio
    reader.pipelines("GET k", "GET m")
    for client in reader.clients:
        client.must("HELLO", 2)
    writer.sends("SET", "k", 1)
    assert reader.hears() == []
    for client in reader.clients:
        client.must("HELLO", 3)
    writer.sends("SET", "m", 1)
    assert reader.hears() == keys("m")


# ---- scripts that are suspended ----

SLOW = """
redis.call('get', 'before')
redis.call('set', 'own', 1)
redis.call('set', 'broad', 1)
for i = 1, 50000000 do end
redis.call('set', 'own', 2)
return redis.call('get', 'after')
"""


@pytest.fixture
def busy(start_ours):
    """A server that suspends scripts early; a client that tracks, one in BCAST mode, and one that looks on."""
    server = start_ours("--busy-reply-threshold", "10")
    with server.client(3) as reader, server.client(3) as broad, server.client() as other:
        reader.must("CLIENT", "TRACKING", "ON")
        broad.must("CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "broad")
        reader.must("GET", "own")
        reader.send("EVAL", SLOW, 0)
        wait_until(lambda: other.call("GET", "x").is_error, "a script that is busy")
        yield reader, broad, other


def await_end(client):
    wait_until(lambda: not client.call("GET", "x").is_error, "the end of the script")


def test_a_suspended_script_keeps_the_order(busy):
    reader, broad, other = busy
    assert broad.do("PING").startswith("BUSY")
    await_end(other)
    assert [reader.read().decoded for _ in range(2)] == [None, *keys("own")]
    assert broad.read().decoded == keys("broad")[0]
    other.must("MSET", "before", 1, "after", 1, "own", 1)
    assert [reader.read().decoded for _ in range(2)] == keys("before", "after")
    assert reader.do("PING") == "PONG"


def test_a_client_that_leaves_while_its_script_runs_is_remembered_no_more(busy):
    reader, _, other = busy
    reader.close()
    await_end(other)
    other.must("MSET", "before", 1, "after", 1, "own", 1)
    wait_until(lambda: fields(other, "clients")["tracking_clients"] == "1", "the end of the client")

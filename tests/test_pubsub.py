"""Publish/subscribe compared with the oracle: subscriptions, messages, patterns, restrictions, transactions, counts."""

import pytest

from support.client import ConnectionClosed, encode_command, wait_until
from support.resp import PUSH
from support.subscribers import Party, frames_until_pong, received
from support.waiting import fields

KINDS = ["subscribe", "psubscribe", "ssubscribe"]
RESTRICTED = "only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context"


@pytest.fixture
def party(pair):
    with Party(pair) as party:
        yield party


@pytest.fixture
def alone(client, shared_ours, protocol):
    """Our server without the oracle: a client that acts, and one that listens."""
    with shared_ours.client(protocol) as listener:
        yield client, listener


# ---- confirmations ----


@pytest.mark.parametrize("word", KINDS)
def test_every_channel_is_confirmed_with_the_count_so_far(party, word):
    listener = party.listener()
    listener.sends(word, "a", "b", "a", b"\xff\r\n", "", replies=5)
    listener.sends(word, "c")
    listener.sends("un" + word if word == "subscribe" else word[0] + "un" + word[1:], "b", "never", "a", replies=3)


def test_channels_and_patterns_are_counted_together_and_shard_channels_apart(party):
    listener = party.listener()
    for word in [*KINDS, *KINDS]:
        listener.sends(word, "a", "b", replies=2)
    for word in ("unsubscribe", "punsubscribe", "sunsubscribe"):
        listener.sends(word, "a")


@pytest.mark.parametrize("word", ["unsubscribe", "punsubscribe", "sunsubscribe"])
def test_ending_subscriptions_where_there_are_none_is_confirmed_with_null(party, word):
    listener = party.listener("SUBSCRIBE", "other") if word != "unsubscribe" else party.listener()
    assert listener.sends(word)[0][:2] == [word.encode(), None]
    listener.sends(word, "never")


@pytest.mark.parametrize("word", KINDS)
def test_ending_all_subscriptions_confirms_each(party, word):
    ending = "un" + word if word == "subscribe" else word[0] + "un" + word[1:]
    names = [b"name%d" % number for number in range(20)]
    listener = party.listener(word, *names)
    other = party.listener("SUBSCRIBE" if word != "subscribe" else "PSUBSCRIBE", "kept")
    for client in listener.clients:
        client.send(ending)
        ended = [client.read().decoded for _ in names]
        assert sorted(name for _, name, _ in ended) == sorted(names)
        assert [count for _, _, count in ended] == list(range(19, -1, -1))
    listener.sends("GET", "not-restricted-any-more")
    assert other.hears() == []


def test_ending_all_subscriptions_of_a_kind_keeps_those_of_others(party):
    listener = party.listener()
    for word in KINDS:
        listener.sends(word, "a")
    for word in ("unsubscribe", "punsubscribe", "sunsubscribe"):
        listener.sends(word)
    assert listener.hears() == []


# ---- messages ----


def test_a_message_reaches_the_subscribers_of_its_channel_alone(party):
    first, second, other = (party.listener("SUBSCRIBE", name) for name in ("a", "a", "b"))
    assert party.pair.check("PUBLISH", "a", "m") == 2
    assert party.pair.check("PUBLISH", "nobody", "m") == 0
    assert first.hears() == second.hears() == [[b"message", b"a", b"m"]]
    assert other.hears() == []


@pytest.mark.parametrize("message", [b"", b"\r\n", b"\0", b"x" * 1023, b"y" * 1024, b"z" * 100_000, b"w" * 2_000_000])
def test_any_bytes_are_a_message_and_a_channel(party, message):
    listener = party.listener("SUBSCRIBE", message)
    party.pair.check("PUBLISH", message, message)
    assert listener.hears() == [[b"message", message, message]]


def test_subscribers_of_both_protocols_receive_a_message_in_their_own(party):
    listeners = [party.listener("SUBSCRIBE", "a", protocol=protocol) for protocol in (2, 3, 2, 3)]
    for number in range(3):
        assert party.pair.check("PUBLISH", "a", number) == 4
    for listener in listeners:
        assert [message for _, _, message in listener.hears()] == [b"0", b"1", b"2"]


# A subscriber of RESP2 may not call HELLO.
@pytest.mark.parametrize("protocol", [3], ids=["resp3"], indirect=True)
def test_a_client_that_changes_its_protocol_receives_what_comes_afterwards_in_it(party):
    listener = party.listener("SUBSCRIBE", "a")
    party.pair.check("PUBLISH", "a", 1)
    for client in listener.clients:
        client.send("HELLO", 2)
    party.pair.check("PUBLISH", "a", 2)
    for client in listener.clients:
        assert client.read().raw.startswith(b">3\r\n$7\r\nmessage")
        assert client.read().decoded[4] == b"proto"
        assert client.read().raw.startswith(b"*3\r\n$7\r\nmessage")
    listener.sends("GET", "k")


def test_a_pattern_receives_what_matches_and_says_where_it_was_published(party):
    patterns = ["h?llo", "h*llo", "h[ae]llo", "h[^e]llo", "*", r"h\?llo", "hello", "[", "h[a-f]llo", "h**o", ""]
    listeners = [party.listener("PSUBSCRIBE", pattern) for pattern in patterns]
    for name in ("hello", "hallo", "h?llo", "hllo", "heeeello", "x", "", "[", "*"):
        party.pair.check("PUBLISH", name, "m")
    heard = [listener.hears() for listener in listeners]
    assert heard[0][0] == [b"pmessage", b"h?llo", b"hello", b"m"]
    assert len(heard[4]) == 8, "* does not match an empty name, as in Redis"


def test_a_client_receives_a_message_once_for_its_channel_and_for_each_pattern(party):
    listener = party.listener("SUBSCRIBE", "news")
    listener.sends("PSUBSCRIBE", "n*", "*s", "other*", replies=3)
    assert party.pair.check("PUBLISH", "news", "m") == 3
    heard = listener.hears()
    assert heard[0] == [b"message", b"news", b"m"]
    assert sorted(heard[1:]) == [[b"pmessage", b"*s", b"news", b"m"], [b"pmessage", b"n*", b"news", b"m"]]


def test_shard_channels_are_apart_from_channels_and_patterns(party):
    listeners = [party.listener(word, "a") for word in KINDS]
    assert party.pair.check("SPUBLISH", "a", "sharded") == 1
    assert party.pair.check("PUBLISH", "a", "plain") == 2
    heard = [listener.hears() for listener in listeners]
    assert heard == [
        [[b"message", b"a", b"plain"]],
        [[b"pmessage", b"a", b"a", b"plain"]],
        [[b"smessage", b"a", b"sharded"]],
    ]


def test_channels_belong_to_no_database(party):
    listener = party.listener()
    listener.sends("SELECT", 3)
    listener.sends("SUBSCRIBE", "a")
    assert party.pair.check("PUBLISH", "a", "m") == 1
    party.pair.check("FLUSHALL")
    assert party.pair.check("PUBLISH", "a", "m") == 1
    assert len(listener.hears()) == 2


def test_messages_of_a_pipeline_arrive_in_its_order(party):
    listeners = [party.listener("SUBSCRIBE", "a"), party.listener("PSUBSCRIBE", "a*")]
    requests = b"".join(encode_command("PUBLISH", "a", number) for number in range(500))
    assert set(party.pair.check_bytes(requests, 500)) == {2}
    for listener in listeners:
        assert [int(message[-1]) for message in listener.hears()] == list(range(500))


def test_a_client_that_is_gone_receives_nothing_and_is_not_counted(party):
    gone = party.listener("SUBSCRIBE", "a")
    kept = party.listener("SUBSCRIBE", "a")
    gone.pair.close()
    for client in (party.pair.ours, party.pair.oracle):
        wait_until(lambda client=client: client.must("PUBSUB", "NUMSUB", "a") == [b"a", 1], "the end of a subscriber")
    assert party.pair.check("PUBLISH", "a", "m") == 1
    assert kept.hears() == [[b"message", b"a", b"m"]]


def test_a_client_that_is_killed_is_not_counted_by_the_next_command(party):
    killed = party.listener("SUBSCRIBE", "a")
    killed.sends("PSUBSCRIBE", "*")
    killed.sends("SSUBSCRIBE", "a")
    with Party(party.pair) as others:
        acting = others.listener()
        for client in acting.clients:
            replies = client.pipeline(
                [
                    ["CLIENT", "KILL", "TYPE", "pubsub"],
                    ["PUBLISH", "a", "m"],
                    ["SPUBLISH", "a", "m"],
                    ["PUBSUB", "NUMPAT"],
                ]
            )
            assert [reply.decoded for reply in replies] == [1, 0, 0, 0]
    for client in killed.clients:
        with pytest.raises(ConnectionClosed):
            client.read()


# ---- what a subscriber may call ----


def test_a_subscriber_of_resp2_may_call_few_commands(party):
    listener = party.listener("SUBSCRIBE", "a")
    commands = ["GET k", "SET k v", "CONFIG GET port", "MULTI", "HELLO 3", "PUBLISH a m", "CLIENT ID", "SPUBLISH a m",
                "PUBSUB NUMPAT", "AUTH x", "NOSUCH", "EXEC", "EXEC x", "GET", "CONFIG NOSUCH x", "PING a b",
                "SUBSCRIBE"]  # fmt: skip
    if party.pair.protocol == 2:
        for command in commands:
            (answer,) = listener.sends(*command.split())
            assert "Can't execute" not in str(answer) or RESTRICTED in answer
    else:
        assert listener.sends("GET", "k") == [None]
    listener.sends("PING")
    listener.sends("PING", "text")
    for word in ("PSUBSCRIBE", "SSUBSCRIBE", "UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE"):
        listener.sends(word, "a")
    listener.sends("GET", "k")
    listener.sends("PING")


@pytest.mark.parametrize("word", KINDS)
def test_any_kind_of_subscription_restricts_a_client_of_resp2(party, word):
    listener = party.listener(word, "a")
    (answer,) = listener.sends("ECHO", "x")
    assert (answer == b"x") == (party.pair.protocol == 3)


def test_reset_ends_all_subscriptions_silently(party):
    listener = party.listener()
    for word in KINDS:
        listener.sends(word, "a", "b", replies=2)
    assert listener.sends("RESET") == ["RESET"]
    assert party.pair.check("PUBLISH", "a", "m") == 0
    assert party.pair.check("PUBSUB", "NUMPAT") == 0
    listener.sends("GET", "k")
    listener.sends("PING")
    listener.sends("SUBSCRIBE", "a")


def test_quit_ends_a_subscriber(party):
    listener = party.listener("SUBSCRIBE", "a")
    for client in listener.clients:
        client.send("QUIT")
        assert client.read_to_end() == b"+OK\r\n"
    for client in (party.pair.ours, party.pair.oracle):
        wait_until(lambda client=client: client.must("PUBSUB", "CHANNELS") == [], "the end of the subscription")


def test_a_client_that_has_not_given_the_password_may_not_subscribe(start_ours, start_oracle):
    for server in (start_ours("--requirepass", "x"), start_oracle("--requirepass", "x")):
        with server.client() as client:
            for command in ("SUBSCRIBE a", "PSUBSCRIBE a", "SSUBSCRIBE a", "UNSUBSCRIBE", "PUBLISH a b"):
                assert client.call(*command.split()).raw == b"-NOAUTH Authentication required.\r\n"


@pytest.mark.parametrize(
    "command",
    ["SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "PUBLISH", "PUBLISH a", "PUBLISH a b c", "SPUBLISH a", "PUBSUB",
     "PUBSUB CHANNELS a b", "PUBSUB SHARDCHANNELS a b", "PUBSUB NUMPAT a", "PUBSUB NOSUCH", "PUBSUB HELP a"],
)  # fmt: skip
def test_wrong_calls_have_the_errors_of_the_oracle(pair, command):
    pair.check(*command.split())


# ---- PUBSUB and the counts of INFO and CLIENT LIST ----


def test_pubsub_shows_channels_patterns_and_their_subscribers(party):
    party.listener("SUBSCRIBE", "news", "sport", "n*")
    party.listener("SUBSCRIBE", "news")
    party.listener("PSUBSCRIBE", "n*", "s*")
    party.listener("PSUBSCRIBE", "n*")
    party.listener("SSUBSCRIBE", "news", "shard")
    check = party.pair.check
    for words in ([], ["*"], ["n*"], ["[ns]*"], ["none"], [""]):
        check("PUBSUB", "CHANNELS", *words, unordered=True)
        check("PUBSUB", "SHARDCHANNELS", *words, unordered=True)
    assert check("PUBSUB", "NUMPAT") == 2
    assert check("PUBSUB", "NUMSUB") == []
    counts = [b"news", 2, b"none", 0, b"sport", 1, b"news", 2]
    assert check("PUBSUB", "NUMSUB", "news", "none", "sport", "news") == counts
    assert check("PUBSUB", "SHARDNUMSUB", "shard", "sport") == [b"shard", 1, b"sport", 0]
    check("pubsub", "channels", unordered=True)


def test_pubsub_help_names_every_subcommand(client):
    text = " ".join(client.must("PUBSUB", "HELP"))
    for word in ("CHANNELS", "NUMPAT", "NUMSUB", "SHARDCHANNELS", "SHARDNUMSUB", "HELP"):
        assert word in text


def test_info_and_client_list_count_subscriptions(alone):
    client, listener = alone
    before = fields(client, "clients")["pubsub_clients"]
    identity = listener.must("CLIENT", "ID")
    for command in ("SUBSCRIBE a b c", "PSUBSCRIBE a* b*", "SSUBSCRIBE s"):
        listener.send(*command.split())
        for _ in command.split()[1:]:
            listener.read()
    line = client.must("CLIENT", "LIST", "ID", identity)
    assert b" sub=3 psub=2 ssub=1 " in line
    assert b" flags=P " in line
    assert client.must("CLIENT", "LIST", "TYPE", "pubsub") == line
    stats, clients = fields(client, "stats"), fields(client, "clients")
    assert [stats[name] for name in ("pubsub_channels", "pubsub_patterns", "pubsubshard_channels")] == ["3", "2", "1"]
    assert int(clients["pubsub_clients"]) == int(before) + 1
    listener.must("RESET")
    stats, clients = fields(client, "stats"), fields(client, "clients")
    assert [stats[name] for name in ("pubsub_channels", "pubsub_patterns", "pubsubshard_channels")] == ["0", "0", "0"]
    assert clients["pubsub_clients"] == before
    assert b" flags=N " in client.must("CLIENT", "LIST", "ID", identity)
    assert client.must("CLIENT", "LIST", "TYPE", "pubsub") == b""


# ---- transactions ----


def test_a_transaction_subscribes_and_ends_subscriptions(party):
    listener = party.listener()
    for command in ("MULTI", "SUBSCRIBE a", "PSUBSCRIBE p*", "GET k", "UNSUBSCRIBE a", "PING", "EXEC"):
        listener.sends(*command.split())
    assert party.pair.check("PUBLISH", "pa", "m") == 1
    assert listener.hears() == [[b"pmessage", b"p*", b"pa", b"m"]]


def test_a_transaction_may_not_subscribe_to_shard_channels(party):
    listener = party.listener()
    for command in ("MULTI", "SSUBSCRIBE a", "SUNSUBSCRIBE a", "EXEC"):
        listener.sends(*command.split())
    assert party.pair.check("SPUBLISH", "a", "m") == 0


def test_a_transaction_with_several_channels_confirms_each(party):
    listener = party.listener()
    for command in ("MULTI", "SUBSCRIBE a b", "GET k"):
        listener.sends(*command.split())
    for client in listener.clients:
        client.send("EXEC")
    frames = [client.readexactly(len(b"*2\r\n")) for client in listener.clients]
    assert frames == [b"*2\r\n"] * 2
    for _ in range(3):
        party.pair.compare("EXEC", *(client.read() for client in listener.clients))


def test_what_a_transaction_publishes_arrives_together(party):
    listener = party.listener("SUBSCRIBE", "a")
    for command in ("MULTI", "PUBLISH a 1", "SET k v", "PUBLISH a 2", "EXEC"):
        party.pair.check(*command.split())
    assert [message for _, _, message in listener.hears()] == [b"1", b"2"]


def test_a_discarded_transaction_subscribes_to_nothing(party):
    listener = party.listener()
    for command in ("MULTI", "SUBSCRIBE a", "DISCARD", "GET k"):
        listener.sends(*command.split())
    assert party.pair.check("PUBLISH", "a", "m") == 0


# ---- messages to the publisher itself: sent after the reply, as in 7.4; the oracle sends them before it ----


# A subscriber of RESP2 may not publish.
@pytest.mark.parametrize("protocol", [3], ids=["resp3"], indirect=True)
def test_a_client_receives_what_it_publishes_after_the_reply(client, protocol):
    client.must("SUBSCRIBE", "a")
    client.send("PUBLISH", "a", "m")
    assert client.read().decoded == 1
    assert client.read().decoded == [b"message", b"a", b"m"]


def test_a_transaction_that_publishes_to_its_own_client_is_answered_first(client, protocol):
    requests = [["MULTI"], ["SUBSCRIBE", "a"], ["PUBLISH", "a", "m"], ["PING"], ["EXEC"]]
    client.send_bytes(b"".join(encode_command(*request) for request in requests))
    for _ in range(4):
        client.read()
    confirmed, sent, pong = client.read().decoded
    assert (confirmed, sent) == ([b"subscribe", b"a", 1], 1)
    assert pong == ("PONG" if protocol == 3 else [b"pong", b""])
    assert client.read().decoded == [b"message", b"a", b"m"]


# ---- CLIENT REPLY ----


@pytest.mark.parametrize("mode", ["OFF", "SKIP"])
def test_confirmations_and_messages_are_not_withheld(party, mode):
    listener = party.listener()
    for client in listener.clients:
        client.send("CLIENT", "REPLY", mode)
    listener.sends("SUBSCRIBE", "a", "b", replies=2)
    assert party.pair.check("PUBLISH", "a", "m") == 1
    for client in listener.clients:
        assert client.read().decoded == [b"message", b"a", b"m"]
        if mode == "OFF":
            client.send("PING")
    listener.sends("UNSUBSCRIBE", "a", "b", replies=2)
    if mode == "OFF":
        listener.sends("CLIENT", "REPLY", "ON")
    listener.sends("PING")


def test_confirmations_of_a_transaction_whose_reply_is_withheld_are_sent(party):
    listener = party.listener()
    for client in listener.clients:
        client.send("CLIENT", "REPLY", "OFF")
        for command in ("MULTI", "SUBSCRIBE a b", "GET k", "EXEC"):
            client.send(*command.split())
    for _ in range(2):
        party.pair.compare("EXEC", *(client.read() for client in listener.clients))


# ---- waiting clients ----


# A subscriber of RESP2 may not wait.
@pytest.mark.parametrize("protocol", [3], ids=["resp3"], indirect=True)
def test_a_client_that_waits_for_a_key_receives_messages_meanwhile(alone, protocol):
    client, listener = alone
    listener.must("SUBSCRIBE", "a")
    listener.send("BLPOP", "k", 0)
    wait_until(lambda: fields(client, "clients")["blocked_clients"] == "1", "the listener to block")
    client.must("PUBLISH", "a", "m")
    assert listener.read().decoded == [b"message", b"a", b"m"]
    client.must("RPUSH", "k", "v")
    assert listener.read().decoded == [b"k", b"v"]


def test_idle_subscribers_are_not_closed_by_the_timeout(start_ours):
    server = start_ours("--timeout", "1")
    with server.client() as acting, server.client() as subscriber:
        subscriber.must("SUBSCRIBE", "a")
        idle = server.client()
        identity = idle.must("CLIENT", "ID")
        wait_until(lambda: acting.must("CLIENT", "LIST", "ID", identity) == b"", "the timeout of an idle client")
        with pytest.raises(ConnectionClosed):
            idle.read()
        assert acting.must("PUBLISH", "a", "m") == 1
        assert subscriber.read().decoded == [b"message", b"a", b"m"]


def test_after_a_restart_nobody_is_subscribed(start_ours):
    server = start_ours("--appendonly", "yes")
    with server.client() as client, server.client() as listener:
        listener.must("SUBSCRIBE", "a")
        client.must("SET", "k", "v")
        assert client.must("PUBLISH", "a", "m") == 1
    server.restart()
    with server.client() as client:
        assert client.must("PUBSUB", "CHANNELS") == []
        assert client.must("PUBLISH", "a", "m") == 0
        assert client.must("GET", "k") == b"v"


def test_subscribing_and_publishing_change_no_data(start_ours):
    server = start_ours("--appendonly", "yes")
    with server.client(3) as client:
        client.must("SET", "k", "v")
        before = fields(client, "persistence")["aof_current_size"]
        for command in ("SUBSCRIBE a", "PSUBSCRIBE a", "SSUBSCRIBE a", "PUBLISH b m", "SPUBLISH b m", "UNSUBSCRIBE"):
            client.must(*command.split())
        assert fields(client, "persistence")["aof_current_size"] == before
        assert fields(client, "persistence")["rdb_changes_since_last_save"] == "1"


# ---- pushes between replies, never inside one ----


# A subscriber of RESP2 has no other replies.
@pytest.mark.parametrize("protocol", [3], ids=["resp3"], indirect=True)
def test_pushes_come_between_replies_of_a_busy_client(alone, protocol):
    client, listener = alone
    listener.must("SUBSCRIBE", "a")
    value = b"v" * 300_000
    listener.must("SET", "k", value)
    listener.must("SET", "small", "v")
    rounds = 30
    for number in range(rounds):
        listener.send_bytes(encode_command("MGET", "k", "small", "k") + encode_command("GET", "small"))
        client.must("PUBLISH", "a", b"%d" % number * 2000)
    pushed, replies = [], []
    while len(pushed) + len(replies) < 3 * rounds:
        frame = listener.read()
        (pushed if frame.kind == PUSH else replies).append(frame.decoded)
    assert replies == [[value, b"v", value], b"v"] * rounds
    assert pushed == [[b"message", b"a", b"%d" % number * 2000] for number in range(rounds)]


def test_frames_until_pong_are_those_of_the_subscriber(alone):
    client, listener = alone
    listener.must("SUBSCRIBE", "a")
    client.must("PUBLISH", "a", "m")
    assert [frame.decoded for frame in frames_until_pong(listener)] == [[b"message", b"a", b"m"]]
    assert received(listener) == []

"""What a user may do: commands, keys and channels, in every place where a command can come from."""

import pytest

from support.client import RawClient, wait_until
from support.users import forget_users
from support.waiting import await_blocked

NO_KEY = "NOPERM No permissions to access a key"
NO_CHANNEL = "NOPERM No permissions to access a channel"


def no_command(command: str, name: str = "alice") -> str:
    return f"NOPERM User {name} has no permissions to run the '{command}' command"


@pytest.fixture
def admin(client, shared_ours):
    with shared_ours.client() as other:
        yield client
        forget_users(other)


@pytest.fixture
def login(admin, shared_ours):
    """Makes the user alice with these rules, and returns a client of hers."""
    clients = []

    def connect(*rules: str) -> RawClient:
        admin.must("ACL", "SETUSER", "alice", "reset", "on", "nopass", *rules)
        clients.append(shared_ours.client(admin_protocol))
        clients[-1].must("AUTH", "alice", "x")
        return clients[-1]

    admin_protocol = 2
    yield connect
    for other in clients:
        other.close()


def says(client: RawClient, *words: object) -> str:
    """The error that the command gets, or "" if it is served."""
    reply = client.call(*words)
    return reply.raw[1:-2].decode() if reply.is_error else ""


# Commands.


def test_only_allowed_commands_run(login):
    alice = login("~*", "+get", "+config|get", "-@dangerous", "+select|0", "+select|1")
    assert says(alice, "GET", "a") == ""
    assert says(alice, "SET", "a", "1") == no_command("set")
    assert says(alice, "CONFIG", "GET", "port") == no_command("config|get")
    assert says(alice, "SELECT", "0") == ""
    assert says(alice, "SELECT", "2") == no_command("select")
    assert says(alice, "SELECT", "10") == no_command("select")
    assert says(alice, "NOSUCH").startswith("ERR unknown command 'NOSUCH'")
    assert says(alice, "CONFIG", "NOSUCH").startswith("ERR unknown subcommand")
    assert says(alice, "GET") == "ERR wrong number of arguments for 'get' command"


def test_commands_that_need_no_authentication_are_allowed_to_everybody(login):
    alice = login()
    for command in ("AUTH alice y", "HELLO 2", "RESET", "AUTH alice y", "QUIT"):
        assert says(alice, *command.split()) == ""


def test_a_change_of_the_rules_is_obeyed_by_the_next_command(login, admin):
    alice = login("~*", "+get")
    admin.must("ACL", "SETUSER", "alice", "+set", "-get")
    assert says(alice, "SET", "a", "1") == ""
    assert says(alice, "GET", "a") == no_command("get")
    admin.must("ACL", "SETUSER", "alice", "+@all")
    assert says(alice, "GET", "a") == ""


def test_the_default_user_can_be_restricted_and_freed_again(admin, shared_ours):
    with shared_ours.client() as other:
        admin.must("ACL", "SETUSER", "default", "-get", "resetkeys", "~a*")
        assert says(other, "GET", "a") == no_command("get", "default")
        assert says(other, "SET", "b", "1") == NO_KEY
        with shared_ours.client() as new:
            assert says(new, "SET", "b", "1") == NO_KEY
            assert says(new, "SET", "a", "1") == ""
        admin.must("ACL", "SETUSER", "default", "+@all", "allkeys")
        assert says(other, "GET", "b") == ""


def test_a_client_of_a_deleted_user_is_closed_also_in_the_middle_of_its_work(login, admin):
    alice = login("~*", "+@all")
    alice.must("MULTI")
    alice.must("SET", "a", "1")
    admin.must("ACL", "DELUSER", "alice")
    assert alice.read_to_end() == b""
    assert admin.must("GET", "a") is None


def test_a_user_that_deletes_itself_gets_the_reply(login):
    alice = login("+@all")
    alice.send_bytes(b"ACL DELUSER alice\r\nPING\r\n")
    assert alice.read_to_end() == b":1\r\n"


def test_a_waiting_client_of_a_deleted_user_is_closed(login, admin):
    alice = login("~*", "+@all")
    alice.send("BLPOP", "list", "0")
    await_blocked(admin, 1)
    admin.must("ACL", "DELUSER", "alice")
    assert alice.read_to_end() == b""
    admin.must("RPUSH", "list", "x")
    assert admin.must("LLEN", "list") == 1


# Keys.


@pytest.mark.parametrize(
    ("command", "denied"),
    [
        ("GET r1", False),
        ("GET w1", True),
        ("SET w1 x", False),
        ("SET r1 x", True),
        ("SET w1 x GET", True),
        ("SET rw x GET", False),
        ("GETDEL r1", True),
        ("GETDEL rw", False),
        ("STRLEN w1", False),
        ("STRLEN r1", False),
        ("STRLEN x1", True),
        ("EXISTS r1 w1", False),
        ("EXISTS r1 x1", True),
        ("MGET r1 r2", False),
        ("MGET r1 w1", True),
        ("MSET w1 1 w2 2", False),
        ("MSET w1 1 r2 2", True),
        ("DEL w1", False),
        ("DEL r1", True),
        ("COPY r1 w1", False),
        ("COPY w1 r1", True),
        ("RENAME rw w1", False),
        ("RENAME r1 w1", True),
        ("SINTERSTORE w1 r1 r2", False),
        ("SINTERSTORE w1 r1 w2", True),
        ("ZUNIONSTORE w1 2 r1 r2", False),
        ("ZUNIONSTORE w1 2 r1 x2", True),
        ("ZUNIONSTORE r1 1 r2", True),
        ("BITFIELD r1 GET u8 0", False),
        ("BITFIELD r1 SET u8 0 1", True),
        ("BITFIELD w1 SET u8 0 1", True),
        ("BITFIELD_RO r1 GET u8 0", False),
        ("SORT r1", False),
        ("SORT r1 STORE w1", False),
        ("SORT r1 STORE r2", True),
        ("SORT r1 STORE w1 STORE r2", True),
        ("SORT_RO r1", False),
        ("SORT_RO w1", True),
        ("GEORADIUS r1 0 0 1 m", False),
        ("GEORADIUS r1 0 0 1 m STORE w1", False),
        ("GEORADIUS r1 0 0 1 m STORE r2", True),
        ("GEORADIUS r1 0 0 1 m STOREDIST r2", True),
        ("GEORADIUS r1 0 0 1 m STORE w1 STORE r2", True),
        ("GEORADIUS r1 0 0 1 m STORE w1 STOREDIST r2", True),
        ("GEORADIUSBYMEMBER r1 m 1 m STORE r2", True),
        ("GEORADIUSBYMEMBER r1 m 1 m STORE w1 STORE x1", True),
        ("GEOSEARCHSTORE w1 r1 FROMLONLAT 0 0 BYRADIUS 1 m", False),
        ("GEOSEARCHSTORE w1 w2 FROMLONLAT 0 0 BYRADIUS 1 m", True),
        ("XREAD STREAMS r1 0", False),
        ("XREAD COUNT 1 STREAMS r1 x1 0 0", True),
        ("XREAD COUNT 1 BLOCK 1 STREAMS x1 0", True),
        ("XREADGROUP GROUP g c STREAMS r1 >", False),
        ("XREADGROUP GROUP streams c STREAMS x1 >", True),
        ("LMPOP 2 rw x1 LEFT", True),
        ("LMPOP 1 rw LEFT", False),
        ("BLMPOP 1 2 rw x1 LEFT", True),
        ("BLPOP rw x1 1", True),
        ("ZINTER 2 r1 x1", True),
        ("SINTERCARD 2 r1 x1 LIMIT 1", True),
        ("OBJECT ENCODING x1", True),
        ("MEMORY USAGE x1", True),
        ("DEBUG OBJECT x1", False),
        ("WATCH x1", True),
        ("WATCH r1", False),
        ("TOUCH x1", True),
        ("PFCOUNT x1", True),
        ("PFMERGE w1 x1", True),
        ("PFMERGE x1", True),
        ("PFMERGE rw", False),
        ("BITOP AND w1 x1", True),
        ("EVAL '' 1 x1", True),
        ("EVAL_RO '' 1 r1", False),
        ("EVAL_RO '' 1 w1", True),
        ("FCALL f 1 x1", True),
        ("FCALL_RO f 1 w1", True),
        ("MOVE x1 1", True),
        ("LCS r1 x1", True),
        ("KEYS *", False),
        ("SCAN 0", False),
        ("DBSIZE", False),
    ],
)
def test_each_key_of_a_command_needs_the_right_that_its_use_demands(login, command, denied):
    alice = login("+@all", "%R~r*", "%W~w*", "~rw")
    words = [word.replace("''", "return 1") for word in command.split()]
    assert (says(alice, *words) == NO_KEY) == denied
    assert (alice.call("ACL", "DRYRUN", "alice", *words).raw != b"+OK\r\n") == denied


def test_patterns_are_matched_as_globs(login):
    alice = login("+set", "~exact", "~prefix:*", "~a?c", "~[xy]1", "~*:end", "~lit\\*", "~")
    for key in ("exact", "prefix:", "prefix:1", "abc", "x1", "y1", ":end", "some:end", "lit*", ""):
        assert says(alice, "SET", key, "1") == "", key
    for key in ("exactly", "exac", "prefix", "prefi:", "ac", "abbc", "z1", "end", "lit1", "lit", "Exact", "*"):
        assert says(alice, "SET", key, "1") == NO_KEY, key


def test_rights_of_one_pattern_do_not_add_to_those_of_another(login):
    alice = login("+set", "%R~a*", "%W~*b")
    assert says(alice, "SET", "ab", "1") == ""
    assert says(alice, "SET", "ab", "1", "GET") == NO_KEY


def test_one_selector_must_allow_all_of_a_call(login):
    alice = login("+get", "~a*", "(+set ~b* &c)", "(+mget ~a* ~b*)")
    assert says(alice, "GET", "a") == says(alice, "SET", "b", "1") == says(alice, "MGET", "a", "b") == ""
    assert says(alice, "GET", "b") == NO_KEY
    assert says(alice, "SET", "a", "1") == NO_KEY
    assert says(alice, "DEL", "a") == no_command("del")
    assert says(alice, "PUBLISH", "c", "x") == no_command("publish")


def test_patterns_of_sort_need_the_right_to_read_every_key(login, admin):
    admin.must("RPUSH", "list", "1")
    admin.must("SET", "v1", "1")
    by = "ERR BY option of SORT denied due to insufficient ACL permissions."
    get = by.replace("BY option", "GET option")
    for rules in (["+@all", "~list", "~v*"], ["+@all", "~list", "%W~*"], ["(+@all ~list)", "(+get ~*)"]):
        alice = login(*rules)
        assert says(alice, "SORT", "list", "BY", "v*") == by
        assert says(alice, "SORT", "list", "GET", "v*") == get
        assert says(alice, "SORT_RO", "list", "GET", "v*") == get
        assert says(alice, "SORT", "list", "BY", "nosort") == ""
    for rules in (["+@all", "~*"], ["+@all", "%R~*"], ["(+@all ~*)"]):
        assert login(*rules).must("SORT", "list", "BY", "v*", "GET", "v*") == [b"1"]


def test_a_call_with_too_few_keys_is_refused_like_any_other(login):
    alice = login("+@all", "~a")
    assert says(alice, "ZUNIONSTORE", "a", "5", "a", "b") == "ERR syntax error"
    assert says(alice, "EVAL", "return redis.acl_check_cmd('set')", "0") == ""
    for words in (("get",), ("set", "a"), ("zunionstore", "a", "9"), ("eval", "x"), ("bitfield",), ("sort",)):
        text = ",".join(f"'{word}'" for word in words)
        assert says(alice, "EVAL", f"return tostring(redis.acl_check_cmd({text}))", "0") == ""


# Channels.


def test_channels_need_a_pattern_of_the_user(login, admin):
    alice = login("+@all", "&news:*", "&one", "(+publish &other)")
    for command in ("PUBLISH news:1 x", "SPUBLISH one x", "PUBLISH other x"):
        assert says(alice, *command.split()) == ""
    for command in ("PUBLISH news x", "SPUBLISH two x", "SUBSCRIBE one two", "SSUBSCRIBE two", "PSUBSCRIBE news:1",
                    "PSUBSCRIBE *", "PSUBSCRIBE news:* one*", "SPUBLISH other x"):  # fmt: skip
        assert says(alice, *command.split()) == NO_CHANNEL, command
    assert says(alice, "PUNSUBSCRIBE", "x") == says(alice, "UNSUBSCRIBE", "x") == ""
    assert alice.must("PSUBSCRIBE", "news:*", "one") == [b"psubscribe", b"news:*", 1]


def test_a_client_whose_subscription_is_withdrawn_is_closed(login, admin):
    for command, kept in (("SUBSCRIBE a1", "&a*"), ("PSUBSCRIBE a*", "&a*"), ("SSUBSCRIBE a1", "&a1")):
        alice = login("+@all", "&*")
        alice.must(*command.split())
        admin.must("ACL", "SETUSER", "alice", "resetchannels", kept, "&b")
        admin.must("ACL", "SETUSER", "alice", "resetchannels", kept)
        admin.must("ACL", "SETUSER", "alice", "on", "+get")
        alice.must("PING")
        admin.must("ACL", "SETUSER", "alice", "resetchannels", "&b")
        assert alice.read_to_end() == b""


def test_a_subscriber_stays_if_only_channels_that_it_does_not_use_are_withdrawn(login, admin):
    alice = login("+@all", "&a", "&b")
    alice.must("SUBSCRIBE", "a")
    admin.must("ACL", "SETUSER", "alice", "resetchannels", "&a")
    admin.must("PUBLISH", "a", "x")
    assert alice.read().decoded == [b"message", b"a", b"x"]


def test_other_users_subscribers_are_left_alone(login, admin, shared_ours):
    login("+@all", "&*")
    with shared_ours.client() as other:
        other.must("SUBSCRIBE", "a")
        admin.must("ACL", "SETUSER", "alice", "resetchannels")
        admin.must("PUBLISH", "a", "x")
        assert other.read().decoded == [b"message", b"a", b"x"]


def test_new_users_have_the_channels_that_the_directive_says(admin):
    for value, shown in (("allchannels", b"&*"), ("resetchannels", b"")):
        admin.must("CONFIG", "SET", "acl-pubsub-default", value)
        admin.must("ACL", "SETUSER", "bob", "(+get)")
        found = admin.must("ACL", "GETUSER", "bob")
        fields = found if isinstance(found, dict) else dict(zip(found[::2], found[1::2], strict=True))
        assert fields[b"channels"] == shown
        admin.must("ACL", "SETUSER", "bob", "allchannels", "reset")
        assert (b"&*" in admin.must("ACL", "LIST")[0]) == (value == "allchannels")
        admin.must("ACL", "DELUSER", "bob")


# Transactions, scripts, commands that wait.


def test_a_command_that_is_refused_before_it_is_queued_ends_the_transaction(login):
    alice = login("+@all", "-set", "~a")
    alice.must("MULTI")
    assert says(alice, "SET", "a", "1") == no_command("set")
    assert says(alice, "GET", "b") == NO_KEY
    assert says(alice, "EXEC").startswith("EXECABORT Transaction discarded because of previous errors.")
    assert alice.must("ACL", "LOG")[0][5] == b"multi"


@pytest.mark.parametrize(
    ("rules", "reason"),
    [
        (["-set"], "no permission to execute the command or subcommand"),
        (["resetkeys", "~b"], "no permission to touch the specified keys"),
        (["resetchannels"], "no permission to access one of the channels used as arguments to the command"),
    ],
)
def test_queued_commands_are_checked_again_at_exec(login, admin, rules, reason):
    alice = login("+@all", "~*", "&*")
    alice.must("MULTI")
    alice.must("PUBLISH" if "channels" in reason else "SET", "a", "1")
    alice.must("PING")
    admin.must("ACL", "SETUSER", "alice", *rules)
    error, pong = alice.must("EXEC")
    assert str(error) == (
        "NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. This command "
        f"is no longer allowed for the following reason: {reason}"
    )
    assert pong == "PONG"
    assert admin.must("GET", "a") is None
    # The transaction is over.
    assert says(alice, "EXEC") == "ERR EXEC without MULTI"


def test_scripts_may_do_what_their_caller_may(login, admin):
    alice = login("+@all", "-set", "~a*")
    failure = "ERR ACL failure in script: "
    denied = no_command("set").removeprefix("NOPERM ")
    assert says(alice, "EVAL", "return redis.call('set', 'a', 1)", "0").startswith(failure + denied)
    assert says(alice, "EVAL", "return redis.pcall('set', 'a', 1)", "0") == failure + denied
    key = NO_KEY.removeprefix("NOPERM ")
    assert says(alice, "EVAL", "return redis.call('get', 'b')", "0").startswith(failure + key)
    assert says(alice, "EVAL", "return redis.call('get', 'a')", "0") == ""
    entry = alice.must("ACL", "LOG")[0]
    assert entry[3] == b"key"
    assert entry[5] == b"lua"
    assert entry[7] == b"b"
    assert b" user=alice " in entry[13]
    # The next script is another user's.
    assert says(admin, "EVAL", "return redis.call('set', 'b', 1)", "0") == ""
    assert says(alice, "EVAL", "return redis.call('set', 'b', 1)", "0").startswith(failure)


def test_functions_may_do_what_their_caller_may(login, admin):
    code = "#!lua name=l\nredis.register_function('f', function(keys) return redis.call('set', 'b', 1) end)"
    admin.must("FUNCTION", "LOAD", "REPLACE", code)
    alice = login("+@all", "~a*")
    assert says(alice, "FCALL", "f", "0").startswith("ERR ACL failure in script: No permissions to access a key")
    assert says(admin, "FCALL", "f", "0") == ""
    admin.must("FUNCTION", "FLUSH")


def test_scripts_can_ask_what_their_caller_may(login, admin):
    alice = login("+@all", "-set", "~a*", "&c")
    for words, allowed in (
        ("'get', 'a1'", True),
        ("'get', 'b'", False),
        ("'set', 'a', '1'", False),
        ("'config', 'get', 'x'", True),
        ("'publish', 'c', 'x'", True),
        ("'publish', 'd', 'x'", False),
    ):
        script = f"return redis.acl_check_cmd({words})"
        assert alice.must("EVAL", script, "0") == (1 if allowed else None)
        assert admin.must("EVAL", script, "0") == 1
    assert "Invalid command passed to redis.acl_check_cmd()" in says(
        alice, "EVAL", "return redis.acl_check_cmd('nosuch')", "0"
    )


def test_a_command_that_waited_is_checked_again_when_it_is_served(login, admin):
    alice = login("+@all", "~list")
    alice.send("BLPOP", "list", "0")
    await_blocked(admin, 1)
    admin.must("ACL", "SETUSER", "alice", "-blpop")
    admin.must("RPUSH", "list", "x")
    assert alice.read().raw == f"-{no_command('blpop')}\r\n".encode()
    assert admin.must("LLEN", "list") == 1
    entry = admin.must("ACL", "LOG")[0]
    fields = entry if isinstance(entry, dict) else dict(zip(entry[::2], entry[1::2], strict=True))
    assert fields[b"object"] == b"blpop"
    assert b" user=alice " in fields[b"client-info"]


def test_a_command_held_back_by_a_pause_is_checked_when_it_runs(login, admin):
    alice = login("+@all", "~*")
    admin.must("CLIENT", "PAUSE", "100000", "WRITE")
    alice.send("SET", "a", "1")
    await_blocked(admin, 1)
    admin.must("ACL", "SETUSER", "alice", "-set")
    admin.must("CLIENT", "UNPAUSE")
    assert alice.read().raw == f"-{no_command('set')}\r\n".encode()
    assert admin.must("GET", "a") is None


# Commands that a program adds.


def test_commands_in_python_obey_users(tmp_path):
    import redis

    import pyredis

    with pyredis.Server(dir=tmp_path) as server:

        @server.command("PUTTWICE key value", flags="write", categories="string")
        def put_twice(context, key: bytes, value: bytes) -> bytes:
            context.call("SET", key + b":2", value)
            return b"done"

        admin = redis.Redis(port=server.port)
        admin.execute_command("ACL", "SETUSER", "alice", "on", ">x", "~a*", "+@all")
        admin.execute_command("ACL", "SETUSER", "bob", "on", ">x", "~a*", "+@string", "-puttwice")
        alice = redis.Redis(port=server.port, username="alice", password="x", socket_timeout=30)
        bob = redis.Redis(port=server.port, username="bob", password="x", socket_timeout=30)
        assert alice.execute_command("PUTTWICE", "a", "1") == b"done"
        with pytest.raises(redis.exceptions.NoPermissionError, match="No permissions to access a key"):
            alice.execute_command("PUTTWICE", "b", "1")
        with pytest.raises(redis.exceptions.NoPermissionError, match="'puttwice' command"):
            bob.execute_command("PUTTWICE", "a", "1")

        @server.command("LATER key", flags="readonly", categories="string dangerous")
        def later(context, key: bytes) -> bytes:
            return b"now"

        # A category gains its members at once; a single rule does not.
        assert bob.execute_command("LATER", "a") == b"now"
        admin.execute_command("ACL", "SETUSER", "bob", "-@dangerous")
        with pytest.raises(redis.exceptions.NoPermissionError):
            bob.execute_command("LATER", "a")
        server.remove_command("PUTTWICE")
        assert b"-puttwice" in admin.execute_command("ACL", "LIST")[1]


def test_many_changes_of_a_user_leak_nothing(admin, shared_ours):
    def used() -> int:
        return int(next(line for line in admin.must("INFO", "memory").split(b"\r\n") if b"used_memory:" in line)[12:])

    with shared_ours.client() as other:
        admin.must("ACL", "SETUSER", "alice", "on", "nopass", "+@all", "~*")
        other.must("AUTH", "alice", "x")
        before = used()
        for number in range(50):
            admin.must("ACL", "SETUSER", "alice", "resetkeys", f"~{number}*", "(+get|x ~y)")
            other.must("AUTH", "alice", "x")
        wait_until(lambda: used() <= before + 100_000, "memory to be freed")

"""ACL: defining, describing and deleting users, authentication, and the log of what was refused."""

import re

import pytest

from support.client import now_ms
from support.users import facts, forget_users, has_new_rules

SECRET = "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8"  # of "password"
OTHER = "0" * 64


@pytest.fixture
def users(pair):
    # Connected before the test, because these remain authenticated whatever it does to the default user.
    with pair.servers[0].client() as ours, pair.servers[1].client() as theirs:
        yield pair
        forget_users(ours)
        forget_users(theirs)


@pytest.fixture
def admin(client, shared_ours):
    with shared_ours.client() as other:
        yield client
        forget_users(other)


RULES = [
    "",
    "on",
    "ON nopass",
    "off >password",
    ">password >other #" + SECRET,
    ">a nopass >b",
    ">a >b resetpass",
    ">password <password",
    ">password !" + SECRET,
    "<password",
    "!" + OTHER,
    "!x",
    "#x",
    "#" + OTHER.replace("0", "A"),
    "#" + OTHER + "0",
    ">",
    "~a ~b ~a %R~b %W~c %R~c %rw~d %wr~e",
    "~* ~a",
    "~* %R~a",
    "allkeys resetkeys ~a",
    "%RW~* ~a",
    "%~a",
    "%RR~a",
    "%X~a",
    "%R",
    "~",
    "resetkeys",
    "allkeys allchannels allcommands",
    "&a &b &a",
    "&* &a",
    "allchannels resetchannels &c",
    "&",
    "+get -set",
    "+GET",
    "+nosuch",
    "-nosuch",
    "+",
    "-",
    "+@",
    "+@nosuch",
    "-@nosuch",
    "+@all -@all",
    "+@read -@WRITE",
    "allcommands nocommands",
    "+config|get -config|set",
    "+config -config|set +config|set",
    "+config|nosuch",
    "-config|nosuch",
    "+config|",
    "+config|get|x",
    "+select|0 +select|0 +SELECT|1",
    "-select|0",
    "+select|",
    "+get|a|b",
    "(+get ~a)",
    "(+get ~a) (-@all) ()",
    "(+get ~a) clearselectors",
    "(+get|x +nosuch)",
    "(on)",
    "((+get))",
    "(~* ~a)",
    "(%R~a &b +@read)",
    "reset",
    "on nopass +@all ~* &* (+get ~a) reset",
    "sanitize-payload",
    "skip-sanitize-payload",
    "nosuch",
    "a b",
]


@pytest.mark.parametrize("rules", RULES)
def test_a_new_user_has_the_rules_as_with_the_oracle(users, rules):
    users.check("ACL", "SETUSER", "alice", *filter(None, rules.split(" ")) if "(" not in rules else [rules])
    users.check("ACL", "USERS")
    if b"alice" in users.ours.must("ACL", "USERS"):
        assert facts(users.ours, "alice") == facts(users.oracle, "alice")
        if has_new_rules(users.oracle):
            users.check("ACL", "GETUSER", "alice")
            users.check("ACL", "LIST")


@pytest.mark.parametrize(
    "rules",
    [
        ["(+get", "~a)"],
        ["on", "(+get", "~a", "%R~b)", "off"],
        ["(", "+get", ")"],
        ["(+get", "~a"],
        ["on", "(+get"],
        ["("],
        [")"],
        ['(+get "~a b")'],
        ['(+get "~a)'],
        ["~a b"],
        ["~a\tb"],
        ["&a\nb"],
        [b"~a\x00b"],
        [b"on\x00x"],
        [b"+get\x00x"],
        [b"~*\x00x"],
        [b">pass\x00word"],
        [">päss"],
        ["~ä*", "&ö"],
        ["", "on", ""],
    ],
)
def test_rules_with_unusual_words_are_read_as_by_the_oracle(users, rules):
    users.check("ACL", "SETUSER", "alice", *rules)
    users.check("ACL", "USERS")
    if b"alice" in users.ours.must("ACL", "USERS"):
        assert facts(users.ours, "alice") == facts(users.oracle, "alice")


@pytest.mark.parametrize("name", ["a b", "a\tb", "a\nb", b"a\x00b", "", "ä", "default2", "(x)"])
def test_a_name_is_accepted_or_refused_as_by_the_oracle(users, name):
    users.check("ACL", "SETUSER", name, "on")
    users.check("ACL", "USERS")


def test_the_rules_of_a_command_that_fails_change_nothing(users):
    users.check("ACL", "SETUSER", "alice", "on", ">a", "~a", "+get")
    before = users.ours.must("ACL", "LIST")
    for rules in (["off", "nosuch"], ["+set", "+nosuch"], ["~*", "~b"], ["(+set)", "(+nosuch)"], ["off", "(+set"]):
        assert users.check("ACL", "SETUSER", "alice", *rules).startswith("ERR ")
        assert users.ours.must("ACL", "LIST") == before


@pytest.mark.parametrize(
    ("rules", "description"),
    [
        ("", "off sanitize-payload resetchannels -@all"),
        ("on nopass", "on nopass sanitize-payload resetchannels -@all"),
        ("skip-sanitize-payload", "off skip-sanitize-payload resetchannels -@all"),
        ("+get +set -get", "off sanitize-payload resetchannels -@all +set -get"),
        ("+@all -@dangerous +config|get", "off sanitize-payload resetchannels +@all -@dangerous +config|get"),
        ("+config|get +config|set +config", "off sanitize-payload resetchannels -@all +config"),
        ("+config -config|set", "off sanitize-payload resetchannels -@all +config -config|set"),
        ("+@Read -@READ +GET", "off sanitize-payload resetchannels -@all -@read +get"),
        ("+select|0 +SELECT|1", "off sanitize-payload resetchannels -@all +select|0 +select|1"),
        ("+select|0 +select", "off sanitize-payload resetchannels -@all +select"),
        ("+get +@all", "off sanitize-payload resetchannels +@all"),
        ("%R~a %W~a ~b %W~c", "off sanitize-payload ~a ~b %W~c resetchannels -@all"),
        ("&a &b", "off sanitize-payload resetchannels &a &b -@all"),
        (
            ">password ~* &* +@all (%R~a +get) (~* &* +@all)",
            f"off sanitize-payload #{SECRET} ~* &* +@all (%R~a resetchannels -@all +get) (~* &* +@all)",
        ),
    ],
)
def test_a_description_has_the_order_of_redis_and_makes_the_same_user(admin, rules, description):
    words = re.findall(r"\([^)]*\)|\S+", rules)
    admin.must("ACL", "SETUSER", "alice", *words)
    line = f"user alice {description}".encode()
    assert line in admin.must("ACL", "LIST")
    admin.must("ACL", "SETUSER", "bob", *description.split(" "))
    assert line.replace(b"alice", b"bob") in admin.must("ACL", "LIST")


def test_the_default_user_is_described_as_redis_does(admin):
    assert admin.must("ACL", "LIST") == [b"user default on nopass sanitize-payload ~* &* +@all"]
    admin.must("ACL", "SETUSER", "default", "-debug", "resetkeys", "%R~a")
    assert admin.must("ACL", "LIST") == [
        b"user default on nopass sanitize-payload %R~a &* +@all -debug"
    ]  # fmt: skip


def test_getuser_shows_fields_in_redis_order(admin, protocol):
    admin.must("ACL", "SETUSER", "alice", "on", ">password", "~a", "%R~b", "&c", "+get", "(~d +@read)")
    found = admin.must("ACL", "GETUSER", "alice")
    names = list(found) if protocol == 3 else found[::2]
    assert names == [b"flags", b"passwords", b"commands", b"keys", b"channels", b"selectors"]
    assert admin.call("ACL", "GETUSER", "nobody").raw == (b"$-1\r\n" if protocol == 2 else b"_\r\n")
    inner = b"commands", b"-@all +@read", b"keys", b"~d", b"channels", b""
    head = b"%6\r\n" if protocol == 3 else b"*12\r\n"
    nested = b"%3\r\n" if protocol == 3 else b"*6\r\n"
    raw = admin.call("ACL", "GETUSER", "alice").raw
    assert raw.startswith(head)
    assert raw.endswith(b"*1\r\n" + nested + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in inner))
    assert (b"~2\r\n" if protocol == 3 else b"*2\r\n") + b"$2\r\non\r\n$16\r\nsanitize-payload\r\n" in raw


@pytest.mark.parametrize(
    "command",
    [
        "ACL",
        "ACL NOSUCH",
        "ACL SETUSER",
        "ACL GETUSER",
        "ACL GETUSER a b",
        "ACL DELUSER",
        "ACL DELUSER default",
        "ACL DELUSER nobody default",
        "ACL LIST x",
        "ACL USERS x",
        "ACL WHOAMI x",
        "ACL LOAD",
        "ACL LOAD x",
        "ACL SAVE",
        "ACL CAT a b",
        "ACL CAT nosuch",
        "ACL GENPASS 1 2",
        "ACL GENPASS 0",
        "ACL GENPASS -1",
        "ACL GENPASS 4097",
        "ACL GENPASS x",
        "ACL LOG 1 2",
        "ACL LOG x",
        "ACL LOG -1",
        "ACL LOG 5",
        "ACL DRYRUN",
        "ACL DRYRUN default",
        "ACL DRYRUN nobody get a",
        "ACL DRYRUN default nosuch",
        "ACL DRYRUN default config",
        "ACL DRYRUN default config nosuch",
        "ACL DRYRUN default get",
        "ACL DRYRUN default get a",
        "AUTH",
        "AUTH a",
        "AUTH a b c",
        "AUTH nobody x",
        "HELLO 3 AUTH nobody x",
        "HELLO 3 AUTH nobody",
        "CLIENT KILL USER nobody",
    ],
)
def test_wrong_calls_are_refused_as_by_the_oracle(users, command):
    users.check(*command.split())


def test_users_are_listed_by_name_and_deleted(users):
    for name in ("zoe", "alice", "Bob", "ä"):
        users.check("ACL", "SETUSER", name)
    users.check("ACL", "USERS")
    users.check("ACL", "DELUSER", "alice", "nobody", "zoe", "zoe")
    users.check("ACL", "USERS")
    users.check("ACL", "GETUSER", "alice")


def test_cat_lists_the_categories_and_their_commands(users):
    categories = users.check("ACL", "CAT")
    for category in categories:
        listed = users.ours.must("COMMAND", "LIST", "FILTERBY", "ACLCAT", category)
        assert sorted(users.ours.must("ACL", "CAT", category.upper())) == sorted(listed)
        known = set(users.ours.must("COMMAND", "LIST"))
        theirs = known.intersection(users.oracle.must("ACL", "CAT", category))
        assert theirs <= set(listed)


@pytest.mark.parametrize("bits", [1, 4, 5, 32, 255, 256, 4095, 4096])
def test_genpass_returns_as_many_digits_as_the_oracle(users, bits):
    ours, theirs = (client.must("ACL", "GENPASS", bits) for client in (users.ours, users.oracle))
    assert len(ours) == len(theirs) == (bits + 3) // 4
    assert re.fullmatch(b"[0-9a-f]+", ours)


def test_two_generated_passwords_differ(admin):
    first, second = admin.must("ACL", "GENPASS"), admin.must("ACL", "GENPASS")
    assert len(first) == len(second) == 64
    assert first != second


# Authentication.


def test_a_user_authenticates_with_each_of_its_passwords(users):
    users.check("ACL", "SETUSER", "alice", "on", ">one", ">two", "+@all")
    for words in ("alice one", "alice two", "alice three", "alice ", "bob one", "default x"):
        users.check("AUTH", *words.split(" "))
        users.check("ACL", "WHOAMI")
    for client in (users.ours, users.oracle):
        client.must("HELLO", users.protocol, "AUTH", "alice", "two")
    users.check("ACL", "WHOAMI")
    users.check("RESET")
    for client in (users.ours, users.oracle):
        client.hello(users.protocol)
    users.check("ACL", "WHOAMI")


def test_a_user_that_is_off_cannot_authenticate_but_its_clients_go_on(users):
    users.check("ACL", "SETUSER", "alice", "on", "nopass", "+@all", "~*")
    other = users.another()
    other.check("AUTH", "alice", "any")
    users.check("ACL", "SETUSER", "alice", "off")
    users.check("AUTH", "alice", "any")
    other.check("SET", "a", "1")
    other.check("ACL", "WHOAMI")
    other.close()


def test_a_password_of_the_default_user_is_demanded_of_new_clients(users):
    users.check("ACL", "SETUSER", "default", "resetpass", ">one", ">two")
    users.check("GET", "a")
    with users.servers[0].client() as ours, users.servers[1].client() as theirs:
        for command in ("GET a", "AUTH three", "AUTH default three", "GET a", "AUTH two", "GET a"):
            assert ours.call(*command.split()).raw == theirs.call(*command.split()).raw
    users.check("ACL", "SETUSER", "default", "nopass")
    users.check("AUTH", "x")


def test_a_default_user_that_is_off_leaves_new_clients_unauthenticated(users):
    users.check("ACL", "SETUSER", "alice", "on", "nopass", "+@all", "~*")
    users.check("ACL", "SETUSER", "default", "off")
    with users.servers[0].client() as ours, users.servers[1].client() as theirs:
        for command in ("GET a", "AUTH x y", "AUTH default x", "AUTH alice x", "GET a", "ACL WHOAMI", "RESET", "GET a"):
            assert ours.call(*command.split()).raw == theirs.call(*command.split()).raw
    users.check("ACL", "SETUSER", "default", "on")


def test_requirepass_sets_the_only_password_of_the_default_user(users):
    users.check("ACL", "SETUSER", "default", ">other")
    users.check("CONFIG", "SET", "requirepass", "password")
    assert facts(users.ours, "default") == facts(users.oracle, "default")
    users.check("CONFIG", "GET", "requirepass")
    users.check("AUTH", "other")
    users.check("AUTH", "password")
    users.check("CONFIG", "SET", "requirepass", "")
    assert facts(users.ours, "default") == facts(users.oracle, "default")
    users.check("AUTH", "password")


def test_the_comparison_of_passwords_does_not_depend_on_where_they_differ(monkeypatch):
    import hmac

    from pyredis.config.user_rules import NoCatalogue, User

    compared = []
    monkeypatch.setattr(hmac, "compare_digest", lambda one, other: compared.append((one, other)) or one == other)
    user = User(b"alice")
    for rule in (b"on", b">one", b">two", b">three"):
        user.apply(rule, NoCatalogue())
    assert user.accepts(b"one")
    assert not user.accepts(b"four")
    # All hashes are compared each time, also after one that is equal.
    assert len(compared) == 6
    assert all(len(one) == len(other) == 64 for one, other in compared)


def test_clients_show_their_user_and_are_killed_by_it(users):
    users.check("ACL", "SETUSER", "alice", "on", "nopass", "+@all")
    other = users.another()
    other.check("AUTH", "alice", "x")
    for client in (other.ours, other.oracle):
        assert b" user=alice " in client.must("CLIENT", "INFO")
    users.check("CLIENT", "KILL", "USER", "alice")
    for client in (other.ours, other.oracle):
        assert client.read_to_end() == b""
    users.check("CLIENT", "KILL", "USER", "alice")
    other.close()


# The log.


def entries(client) -> list[dict[bytes, object]]:
    found = client.must("ACL", "LOG")
    return [entry if isinstance(entry, dict) else dict(zip(entry[::2], entry[1::2], strict=True)) for entry in found]


def counted(client) -> list[tuple[object, object]]:
    return [(entry[b"username"], entry[b"count"]) for entry in entries(client)]


def test_the_log_has_an_entry_for_what_was_refused_with_the_fields_of_redis(admin, shared_ours):
    begun = now_ms()
    admin.must("ACL", "SETUSER", "alice", "on", ">pw", "+get", "+publish", "~a", "&c")
    with shared_ours.client() as other:
        other.call("AUTH", "alice", "wrong")
        other.must("AUTH", "alice", "pw")
        for command in ("SET a 1", "GET b", "PUBLISH d x", "CONFIG GET x"):
            assert other.call(*command.split()).raw.startswith(b"-NOPERM ")
    found = entries(admin)
    assert [(entry[b"reason"], entry[b"object"], entry[b"username"]) for entry in found] == [
        (b"command", b"config|get", b"alice"),
        (b"channel", b"d", b"alice"),
        (b"key", b"b", b"alice"),
        (b"command", b"set", b"alice"),
        (b"auth", b"AUTH", b"alice"),
    ]
    assert list(found[0]) == [
        *(b"count", b"reason", b"context", b"object", b"username", b"age-seconds", b"client-info", b"entry-id"),
        *(b"timestamp-created", b"timestamp-last-updated"),
    ]
    numbers = [entry[b"entry-id"] for entry in found]
    assert numbers == list(range(numbers[0], numbers[0] - 5, -1))
    for entry in found:
        assert entry[b"count"] == 1
        assert entry[b"context"] == b"toplevel"
        assert begun <= entry[b"timestamp-created"] == entry[b"timestamp-last-updated"] <= now_ms()
        assert b" user=" in entry[b"client-info"]
        assert not entry[b"client-info"].endswith(b"\n")


def test_the_log_counts_what_is_repeated_and_moves_it_to_the_front(users):
    for name in ("alice", "bob", "alice", "alice", "carol"):
        users.check("AUTH", name, "x")
    shown = [
        [(entry[b"username"], entry[b"count"]) for entry in entries(client)] for client in (users.ours, users.oracle)
    ]
    assert shown[0] == shown[1] == [(b"carol", 1), (b"alice", 3), (b"bob", 1)]


def test_only_the_last_ten_entries_count_repetitions(users):
    for number in (*range(11), 0, 1):
        users.check("AUTH", f"user{number}", "x")
    shown = [
        [(entry[b"username"], entry[b"count"]) for entry in entries(client)] for client in (users.ours, users.oracle)
    ]
    assert shown[0] == shown[1]


def test_the_log_is_bounded_by_its_directive(users):
    for limit in (3, 0, 2):
        users.check("CONFIG", "SET", "acllog-max-len", limit)
        for number in range(limit, limit + 5):
            users.check("AUTH", f"user{number}", "x")
        assert len(entries(users.ours)) == len(entries(users.oracle)) == limit
    users.check("ACL", "LOG", "0")
    users.check("ACL", "LOG", "reset")
    users.check("ACL", "LOG")
    users.check("CONFIG", "SET", "acllog-max-len", "128")


def test_an_entry_keeps_only_the_beginning_of_a_long_key_or_name(admin, shared_ours):
    admin.must("ACL", "SETUSER", "alice", "on", "nopass", "+get", "~a")
    with shared_ours.client() as other:
        other.must("AUTH", "alice", "x")
        other.call("GET", "b" * 10_000_000)
        other.call("AUTH", "n" * 100_000, "x")
    name, key = entries(admin)
    assert name[b"username"] == b"n" * 4096
    assert key[b"object"] == b"b" * 4096


def test_info_counts_what_was_refused_by_its_kind(admin, shared_ours):
    def counters() -> list[int]:
        text = admin.must("INFO", "stats").decode()
        return [
            int(re.search(rf"acl_access_denied_{kind}:(\d+)", text)[1]) for kind in ("auth", "cmd", "key", "channel")
        ]

    admin.must("CONFIG", "RESETSTAT")
    admin.must("ACL", "SETUSER", "alice", "on", "nopass", "+get", "+publish", "~a")
    with shared_ours.client() as other:
        other.call("AUTH", "bob", "x")
        other.must("AUTH", "alice", "x")
        for command in ("SET a 1", "GET b", "GET b", "PUBLISH c x"):
            other.call(*command.split())
    assert counters() == [1, 1, 2, 1]
    admin.must("CONFIG", "RESETSTAT")
    assert counters() == [0, 0, 0, 0]


# Secrets.


def test_neither_the_slow_log_nor_monitor_shows_a_user(admin, shared_ours):
    admin.must("CONFIG", "SET", "slowlog-log-slower-than", "0")
    admin.must("SLOWLOG", "RESET")
    with shared_ours.client() as monitor:
        monitor.must("MONITOR")
        admin.must("ACL", "SETUSER", "alice", "on", ">topsecret", "+@all")
        admin.call("AUTH", "alice", "topsecret")
        admin.call("AUTH", "topsecret")
        admin.call("HELLO", "2", "AUTH", "alice", "topsecret")
        admin.must("ACL", "GETUSER", "alice")
        admin.must("ACL", "DELUSER", "bob")
        admin.must("ECHO", "the end")
        lines = b""
        while b"the end" not in lines:
            lines += monitor.read().raw
    shown = repr(admin.must("SLOWLOG", "GET", "-1"))
    admin.must("CONFIG", "SET", "slowlog-log-slower-than", "10000")
    for text in (lines.decode(), shown):
        assert "topsecret" not in text
        assert "alice" not in text
    assert "topsecret" not in shared_ours.log()

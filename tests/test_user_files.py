"""Users in files: `user` lines of a configuration, CONFIG REWRITE, the file of `aclfile` with ACL LOAD and ACL SAVE."""

import os

import pytest

from pyredis.config import Config, ConfigError
from support.client import RawClient
from support.users import facts, has_new_rules

HASH = "30c952fab122c3f9759f02a6d95c3758b246b4fee239957b2d4fee46e26170c4"  # of "pw"


def write(path, *lines: str) -> str:
    path.write_text("".join(f"{line}\n" for line in lines))
    return str(path)


def start_with(start, path: str, wait: bool = True):
    """Starts a server with a configuration file."""
    server = start(start=False)
    server.command.append(path)
    return server.start(wait=wait)


# Lines of a configuration.


def test_users_of_a_configuration_are_there_after_the_start(start_ours, start_oracle, tmp_path):
    path = write(
        tmp_path / "users.conf",
        "user alice on >pw ~a* +@read (+set ~b* &c)",
        f"user bob off #{HASH} allkeys (+get ~x)",
        "user default on >secret +@all ~* &*",
    )
    clients = []
    for server in (start_with(start_ours, path), start_with(start_oracle, path)):
        clients.append(server.client())
        assert clients[-1].call("GET", "a").raw == b"-NOAUTH Authentication required.\r\n"
        clients[-1].must("AUTH", "secret")
    for name in ("alice", "bob", "default"):
        assert facts(clients[0], name) == facts(clients[1], name)
    for client in clients:
        client.must("AUTH", "alice", "pw")
        client.close()


@pytest.mark.parametrize(
    ("lines", "number", "reason"),
    [
        (["user"], 1, "Bad directive or wrong number of arguments"),
        (["user alice badrule"], 1, "Error in user declaration 'user': Syntax error"),
        (["user alice on badrule"], 1, "Error in user declaration 'alice': Syntax error"),
        (["user alice on +nosuch #x"], 1, "Error in user declaration 'on': The password hash must be exactly"),
        (["user alice on (+get"], 1, "Error in user declaration 'alice': "),
        (["user alice on", "user alice off"], 2, "Error in user declaration 'alice': Duplicate user found."),
        (["user alice <pw"], 1, "Error in user declaration 'user': The password you are trying to remove"),
        (["user alice ~* ~a"], 1, "Error in user declaration 'alice': Adding a pattern after the * pattern"),
        (["user alice &* &a"], 1, "Error in user declaration 'alice': Adding a pattern after the * pattern"),
    ],
)
def test_a_line_that_is_not_valid_stops_the_start_as_with_redis(tmp_path, lines, number, reason):
    path = write(tmp_path / "redis.conf", *lines)
    with pytest.raises(ConfigError) as error:
        Config.load(path)
    assert error.value.line == number
    assert error.value.reason.startswith(reason)


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (
            ["user alice on +nosuch"],
            "Error loading ACL rule '+nosuch' for the user named 'alice': Unknown command or category name in ACL",
        ),
        (['user "a b" on'], "Spaces not allowed in ACL usernames"),
        (["user alice on", "aclfile users.acl"], "Configuring Redis with users defined in redis.conf and at the same"),
        (["aclfile nosuch.acl"], "Aborting Redis startup because of ACL errors: Error loading ACLs, opening file"),
    ],
)
def test_users_that_cannot_be_loaded_stop_the_start(start_ours, tmp_path, lines, text):
    server = start_with(start_ours, write(tmp_path / "redis.conf", *lines), wait=False)
    assert server.wait_exit() == 1
    assert text in server.log()


def test_a_user_that_is_off_in_the_configuration_is_logged(start_ours, tmp_path):
    server = start_with(start_ours, write(tmp_path / "redis.conf", "user alice +get"))
    assert "The user 'alice' is disabled (there is no 'on' modifier in the user description)." in server.log()


def test_config_rewrite_writes_the_users_as_redis_does(start_ours, start_oracle, tmp_path):
    texts = []
    for name, start in (("ours", start_ours), ("theirs", start_oracle)):
        path = write(tmp_path / f"{name}.conf", "# users", "user bob on +get", "user zoe on", "hz 20", "user carol off")
        with start_with(start, path).client() as client:
            client.must("ACL", "DELUSER", "zoe")
            client.must("ACL", "SETUSER", "alice", "on", ">pw", "~a*", "+get")
            client.must("CONFIG", "REWRITE")
            new = has_new_rules(client)
        texts.append([line for line in (tmp_path / f"{name}.conf").read_text().splitlines() if "user" in line])
    if new:
        assert texts[0] == texts[1]
    assert texts[0] == [
        "# users",
        f"user alice on sanitize-payload #{HASH} ~a* resetchannels -@all +get",
        "user bob on sanitize-payload resetchannels -@all +get",
        "user carol off sanitize-payload resetchannels -@all",
        "user default on nopass sanitize-payload ~* &* +@all",
    ]


def test_rewritten_users_are_the_same_after_a_restart(start_ours, tmp_path):
    path = write(tmp_path / "redis.conf", "requirepass pw")
    server = start_with(start_ours, path)
    with server.client() as client:
        client.must("AUTH", "pw")
        client.must("ACL", "SETUSER", "alice", "on", ">one", "~a*", "(%R~b +@read -get)", "+select|0", "&x")
        client.must("ACL", "SETUSER", "default", "-debug", ">two")
        client.must("CONFIG", "REWRITE")
        before = client.must("ACL", "LIST")
    server.stop()
    server.start()
    with server.client() as client:
        client.must("AUTH", "two")
        assert client.must("ACL", "LIST") == before
        assert client.must("CONFIG", "GET", "requirepass") == [b"requirepass", b"pw"]


# The file.


@pytest.fixture
def both(start_ours, start_oracle, tmp_path):
    """A client of each of two servers with the same users in their files, and the paths of the files."""
    lines = ["user default on nopass ~* &* +@all", "user alice on >pw ~a* &* +@all", "", "user bob off"]
    clients, paths = [], []
    for name, start in (("ours", start_ours), ("theirs", start_oracle)):
        paths.append(tmp_path / f"{name}.acl")
        write(paths[-1], *lines)
        clients.append(start("--aclfile", str(paths[-1])).client())
    yield clients, paths
    for client in clients:
        client.close()


def test_the_file_has_the_users_at_the_start(both):
    (ours, theirs), _ = both
    for name in ("default", "alice", "bob"):
        assert facts(ours, name) == facts(theirs, name)
    assert ours.call("AUTH", "alice", "pw").raw == b"+OK\r\n"


def test_load_replaces_all_users_and_closes_the_clients_of_those_that_are_gone(both, tmp_path):
    clients, paths = both
    others = [start_client(client) for client in clients]
    kept = [start_client(client) for client in clients]
    for other, stays in zip(others, kept, strict=True):
        other.must("AUTH", "alice", "pw")
        stays.must("PING")
    for client, path in zip(clients, paths, strict=True):
        client.must("ACL", "SETUSER", "carol", "on")
        write(path, "user bob on nopass +get ~*")
        client.must("ACL", "LOAD")
    assert clients[0].must("ACL", "USERS") == clients[1].must("ACL", "USERS") == [b"bob", b"default"]
    assert facts(clients[0], "default") == facts(clients[1], "default")
    for other, stays in zip(others, kept, strict=True):
        assert other.read_to_end() == b""
        stays.must("PING")
        stays.close()


def start_client(client):
    """Another client of the same server."""
    return RawClient(client.socket.getpeername())


def test_load_gives_connected_clients_their_new_rights(both):
    # Redis 7.0 closes them.
    client, path = both[0][0], both[1][0]
    other = start_client(client)
    other.must("AUTH", "alice", "pw")
    write(path, "user alice on nopass +@all -set ~*")
    client.must("ACL", "LOAD")
    assert other.call("SET", "a", "1").raw == b"-NOPERM User alice has no permissions to run the 'set' command\r\n"
    assert other.call("GET", "b").raw == b"$-1\r\n"
    other.close()


def test_load_closes_subscribers_whose_channels_are_withdrawn(both):
    clients, paths = both
    client, path = clients[0], paths[0]
    other = start_client(client)
    other.must("AUTH", "alice", "pw")
    other.must("SUBSCRIBE", "news")
    write(path, "user alice on nopass +@all ~* &news")
    client.must("ACL", "LOAD")
    client.must("PUBLISH", "news", "x")
    assert other.read().decoded == [b"message", b"news", b"x"]
    write(path, "user alice on nopass +@all ~* &other")
    client.must("ACL", "LOAD")
    assert other.read_to_end() == b""


@pytest.mark.parametrize(
    "lines",
    [
        ["# a comment"],
        ["user"],
        ["User alice on"],
        ["user alice on", "user alice off"],
        ["user alice +nosuch badrule #x", "nonsense", "user bob on"],
        ["user alice >pw <other"],
        ["user a\tb on"],
        ["user alice (+get"],
        ["user alice (+nosuch)"],
        ["user alice ~* ~a", "user bob &* &a"],
    ],
)
def test_a_file_with_an_error_changes_nothing_and_all_its_errors_are_reported(both, lines):
    clients, paths = both
    replies, before = [], clients[0].must("ACL", "LIST")
    for client, path in zip(clients, paths, strict=True):
        write(path, *lines)
        reply = client.call("ACL", "LOAD").raw
        replies.append(reply.replace(os.fsencode(path), b"FILE"))
    assert replies[0] == replies[1]
    assert replies[0].startswith(b"-ERR ")
    assert clients[0].must("ACL", "LIST") == before


def test_a_file_that_is_missing_is_reported(both):
    clients, paths = both
    replies = []
    for client, path in zip(clients, paths, strict=True):
        path.unlink()
        replies.append(client.call("ACL", "LOAD").raw.replace(os.fsencode(path), b"FILE"))
    assert replies[0] == replies[1]


def test_save_writes_all_users_sorted_and_load_reads_them_back(both):
    clients, paths = both
    client, path = clients[0], paths[0]
    client.must("ACL", "SETUSER", "zoe", "on", ">x", "(+get ~a %R~b)", "+config|get")
    # As ACL LIST shows this, no further pattern could follow.
    client.must("ACL", "SETUSER", "Anna", "&c", "%RW~*", "%R~a")
    before = client.must("ACL", "LIST")
    os.chmod(path, 0o600)
    client.must("ACL", "SAVE")
    assert path.read_bytes() == b"".join(line + b"\n" for line in before).replace(b" ~* %R~a", b" %RW~* %R~a")
    assert path.stat().st_mode & 0o777 == 0o600
    client.must("ACL", "LOAD")
    assert client.must("ACL", "LIST") == before
    assert [name for name in os.listdir(path.parent) if name.startswith(path.name)] == [path.name]


def test_a_file_that_cannot_be_written_stays_as_it_is(start_ours, tmp_path):
    folder = tmp_path / "users"
    folder.mkdir()
    path = folder / "file.acl"
    write(path, "user alice on")
    server = start_ours("--aclfile", str(path))
    with server.client() as client:
        # A folder of this name takes the place of the file, so that renaming fails.
        path.rename(folder / "away")
        path.mkdir()
        (path / "inside").touch()
        assert client.call("ACL", "SAVE").raw == (
            b"-ERR There was an error trying to save the ACLs. Please check the server logs for more information\r\n"
        )
        assert "for ACL SAVE" in server.log()
        assert sorted(os.listdir(folder)) == ["away", "file.acl"]
        client.must("PING")


def test_config_rewrite_leaves_the_users_to_their_file(start_ours, tmp_path):
    write(tmp_path / "users.acl", "user alice on")
    path = write(tmp_path / "redis.conf", f"aclfile {tmp_path}/users.acl", "hz 20")
    with start_with(start_ours, path).client() as client:
        client.must("CONFIG", "SET", "hz", "30")
        client.must("CONFIG", "REWRITE")
    text = (tmp_path / "redis.conf").read_text()
    assert "hz 30" in text
    assert "user alice" not in text
    assert f'aclfile "{tmp_path}/users.acl"' in text


def test_a_password_in_the_file_is_demanded(start_ours, tmp_path):
    write(tmp_path / "users.acl", "user default on >pw ~* &* +@all")
    with start_ours("--aclfile", str(tmp_path / "users.acl")).client() as client:
        assert client.call("GET", "a").raw == b"-NOAUTH Authentication required.\r\n"
        client.must("AUTH", "pw")
        assert client.must("GET", "a") is None

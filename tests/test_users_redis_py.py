"""Users with redis-py, sync and asyncio, with redis-cli, and with clients in the process."""

import asyncio
import subprocess

import pytest
import redis
import redis.asyncio
from redis.exceptions import AuthenticationError, NoPermissionError

import pyredis
from fuzz.server import FuzzedServer
from pyredis.wire.reply_objects import ReplyError
from support.servers import require_tool
from support.users import forget_users


@pytest.fixture
def port(shared_ours):
    with shared_ours.client() as admin:
        admin.must("ACL", "SETUSER", "alice", "on", ">pw", "~a*", "+@all", "-@dangerous", "&news")
        yield shared_ours.port
        forget_users(admin)


def test_a_connection_authenticates_with_a_name_and_a_password(port):
    for protocol in (2, 3):
        with redis.Redis(port=port, username="alice", password="pw", protocol=protocol) as alice:
            assert alice.set("a", "1")
            assert alice.execute_command("CLIENT INFO")["user"] == "alice"
            with pytest.raises(NoPermissionError, match="No permissions to access a key"):
                alice.get("b")
            with pytest.raises(NoPermissionError, match="User alice has no permissions to run the 'keys' command"):
                alice.keys()
        with pytest.raises(AuthenticationError):
            redis.Redis(port=port, username="alice", password="no", protocol=protocol).ping()


def test_a_credential_provider_gives_the_name_and_the_password(port):
    provider = redis.UsernamePasswordCredentialProvider("alice", "pw")
    with redis.Redis(port=port, credential_provider=provider) as alice:
        assert alice.acl_whoami() == "alice"

    async def asynchronously():
        async with redis.asyncio.Redis(port=port, credential_provider=provider) as client:
            with pytest.raises(NoPermissionError):
                await client.get("b")
            return await client.acl_whoami()

    assert asyncio.run(asynchronously()) == "alice"


def test_a_pipeline_reports_the_command_that_is_refused(port):
    with redis.Redis(port=port, username="alice", password="pw") as alice:
        pipe = alice.pipeline().set("a", 1).set("b", 1).get("a")
        with pytest.raises(NoPermissionError, match="No permissions to access a key"):
            pipe.execute()


def test_redis_cli_authenticates_with_a_user(port):
    def run(*arguments: str) -> str:
        command = [require_tool("redis-cli"), "-p", str(port), "--no-auth-warning", *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=60).stdout

    assert run("--user", "alice", "--pass", "pw", "ACL", "WHOAMI") == "alice\n"
    assert run("-u", f"redis://alice:pw@127.0.0.1:{port}", "GET", "b") == "NOPERM No permissions to access a key\n\n"
    assert run("ACL", "WHOAMI") == "default\n"


def test_a_database_in_the_process_obeys_the_default_user():
    with pyredis.open() as db:
        db.set("b", 1)
        db.execute_command("ACL", "SETUSER", "default", "resetkeys", "~a*", "-keys")
        assert db.set("a", 1)
        with pytest.raises(NoPermissionError):
            db.get("b")
        with pytest.raises(NoPermissionError):
            db.keys()
        # A password concerns connections only.
        db.execute_command("ACL", "SETUSER", "default", ">pw", "allkeys")
        assert db.get("b") == b"1"


def test_authenticating_a_shared_client_in_the_process_changes_no_other_call():
    with pyredis.open() as db:
        db.acl_setuser("alice", enabled=True, passwords="+pw", keys=["a*"], commands=["+get"])
        assert db.auth("pw", "alice")
        assert db.acl_whoami() == "default"
        with pytest.raises(AuthenticationError):
            db.auth("no", "alice")
        assert db.acl_log()[0]["username"] == "alice"


def test_a_client_of_the_core_authenticates_again_after_its_user_is_gone(tmp_path):
    core = FuzzedServer(tmp_path).core
    admin, alice = core.client(), core.client()
    core.call(admin, ["ACL", "SETUSER", "alice", "on", "nopass", "+@all", "~a"])
    core.call(alice, ["AUTH", "alice", "x"])
    assert core.call(alice, ["ACL", "WHOAMI"]) == b"alice"
    with pytest.raises(ReplyError, match="NOPERM No permissions to access a key"):
        core.call(alice, ["GET", "b"])
    core.call(admin, ["ACL", "DELUSER", "alice"])
    for _ in range(2):
        with pytest.raises(ReplyError, match="NOAUTH Authentication required"):
            core.call(alice, ["GET", "a"])
    core.call(alice, ["AUTH", "default", "x"])
    assert core.call(alice, ["ACL", "WHOAMI"]) == b"default"
    assert core.call(alice, ["GET", "b"]) is None

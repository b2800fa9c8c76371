"""A database in the process is a client, and its callers do not see each other's state."""

import asyncio
import copy
import gc
import os
import pickle
import signal

import pytest
import redis

import pyredis
from pyredis.embedded import engine
from pyredis.shell.local_client import PRIVATE, REFUSED
from support.client import wait_until
from support.in_threads import blocked, in_thread, until_blocked


@pytest.fixture
def db():
    with pyredis.open() as db:
        yield db


# ---- commands about the connection ----


@pytest.mark.parametrize("command", sorted(name.decode().replace("|", " ") for name in REFUSED))
def test_what_would_change_the_client_of_all_callers_is_refused(db, command):
    argument = {"client reply": ["off"], "select": [1], "multi": [], "monitor": []}.get(command, ["a"])
    before = db.execute_command("CLIENT INFO")
    with pytest.raises(redis.ResponseError, match="which all callers of this database share: "):
        db.execute_command(*command.split(), *argument)
    assert db.set("key", "value") is True
    assert db.get("key") == b"value"
    after = db.execute_command("CLIENT INFO")
    assert {name: after[name] for name in ("id", "db", "flags", "multi", "watch", "sub", "resp")} == {
        name: before[name] for name in ("id", "db", "flags", "multi", "watch", "sub", "resp")
    }


def test_the_same_commands_are_allowed_where_they_change_nothing(db):
    assert db.select(0) is True
    assert db.execute_command("CLIENT REPLY", "ON") == b"OK"
    with pytest.raises(redis.ResponseError, match="wrong number of arguments for 'select' command"):
        db.execute_command("SELECT")


@pytest.mark.parametrize("arguments", [["HELLO", 2], ["HELLO", 3, "SETNAME", "x"], ["RESET"], ["QUIT"]])
def test_what_concerns_a_connection_runs_on_one_of_its_own(db, arguments):
    db.client_setname("mine")
    number = db.client_id()
    db.execute_command(*arguments)
    assert (db.client_id(), db.client_getname()) == (number, "mine")
    assert db.execute_command("HGETALL", "none") == {}
    assert {client["resp"] for client in db.client_list()} == {"3"}


def test_every_private_command_exists(db):
    for name in (*PRIVATE, *REFUSED):
        assert db.execute_command("COMMAND INFO", name) != {name.decode(): None}


def test_a_borrowed_client_leaves_no_state_behind(db):
    for command in (["CLIENT", "SETNAME", "x"], ["CLIENT", "NO-TOUCH", "ON"], ["CLIENT", "NO-EVICT", "ON"]):
        db.pipeline(transaction=False).execute_command(*command).execute()
    for command in (["CLIENT", "SETINFO", "LIB-NAME", "x"], ["SELECT", 3], ["MULTI"], ["HELLO", "2"]):
        db.pipeline(transaction=False).execute_command(*command).execute(raise_on_error=False)
    db.pipeline(transaction=False).execute_command("SUBSCRIBE", "a").execute()
    (seen,) = db.pipeline(transaction=False).execute_command("CLIENT INFO").execute()
    expected = {"name": "", "flags": "N", "db": 0, "lib-name": "", "multi": -1, "resp": "3", "sub": 0}
    assert {name: seen[name] for name in expected} == expected


# ---- several handles ----


def test_each_handle_is_a_client_of_its_own():
    with pyredis.open(name="shared") as first, pyredis.open(name="shared", db=3) as second, pyredis.open() as other:
        first.client_setname("first")
        second.client_setname("second")
        assert {client["name"]: client["db"] for client in first.client_list()} == {"first": "0", "second": "3"}
        second.set("key", "value")
        assert (first.get("key"), second.get("key"), other.get("key")) == (None, b"value", None)
        assert first.info("keyspace")["db3"]["keys"] == 1


@pytest.mark.parametrize(
    "use",
    [
        lambda db: db.get("key"),
        lambda db: db.blpop("list"),
        lambda db: db.pipeline().get("key").execute(),
        lambda db: db.pipeline().watch("key"),
        lambda db: db.pubsub().subscribe("channel"),
        lambda db: db.monitor().__enter__(),
        lambda db: db.clock.time,
        lambda db: db.reset(),
        lambda db: db.serve(),
        lambda db: db.metrics(),
        lambda db: db.full_disk(),
        lambda db: db.fail("GET", error="LOADING"),
        lambda db: db.command("NEW key")(lambda ctx, key: 1),
    ],
)
@pytest.mark.parametrize("others", [True, False])
def test_a_closed_handle_refuses_everything(use, others):
    db = pyredis.open(name="closed")
    other = pyredis.open(name="closed") if others else None
    db.close()
    with pytest.raises(redis.ConnectionError, match="the database has been closed"):
        use(db)
    db.close()
    if other is not None:
        assert other.get("key") is None
        assert len(other.client_list()) == 1
        other.close()


def test_closing_ends_the_commands_that_wait_with_an_error(db):
    other = pyredis.open()
    results = [in_thread(other.blpop, "list"), in_thread(other.xread, {"stream": "$"}, None, 0)]
    subscriber = other.pubsub()
    subscriber.subscribe("channel")
    subscriber.get_message()
    results.append(in_thread(subscriber.get_message, False, None))
    until_blocked(other, 2)
    other.close()
    for result in results:
        with pytest.raises(redis.ConnectionError):
            result()


def test_client_is_an_object_with_a_client_of_its_own(tmp_path):
    with pyredis.open(tmp_path, db=3, decode_responses=True) as db:
        with db.client() as own:
            own.client_setname("own")
            own.set("key", "value")
            assert (db.get("key"), own.get("key"), db.client_getname()) == ("value", "value", None)
            assert sorted(each["name"] for each in db.client_list()) == ["", "own"]
        assert len(db.client_list()) == 1
        own = db.client()
    # It keeps the folder open.
    assert own.get("key") == "value"
    own.close()
    with pytest.raises(redis.ConnectionError, match="the database has been closed"):
        own.client()
    with pyredis.open(tmp_path, db=3) as db:
        assert db.get("key") == b"value"


def test_coroutines_have_clients_of_their_own_too():
    async def main():
        async with pyredis.aopen() as db, db.client() as own:
            await own.client_setname("own")
            assert sorted(each["name"] for each in await db.client_list()) == ["", "own"]

    asyncio.run(main())


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_handle_is_neither_copied_nor_pickled(db, copied):
    for handle in (db, pyredis.aopen()):
        with pytest.raises(TypeError, match="can be neither copied nor pickled: open the database where it is used"):
            copied(handle)


def test_the_path_of_a_folder_may_be_bytes(tmp_path):
    with pyredis.open(os.fsencode(tmp_path)) as db, pyredis.open(tmp_path) as same:
        db.set("key", "value")
        assert same.get("key") == b"value"


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"path": "folder", "name": "name"}, ValueError, "in a folder or has a name, not both"),
        ({"name": 5}, TypeError, "the name of a database is a str: 5"),
        ({"port": 6379}, TypeError, "where its serve\\(\\) says, not at a port"),
        ({"unixsocket": "socket"}, TypeError, "where its serve\\(\\) says, not at a unixsocket"),
    ],
)
def test_arguments_that_would_have_no_effect_are_refused(arguments, error, text):
    for opened in (pyredis.open, pyredis.aopen, pyredis.connection_pool, pyredis.async_connection_pool):
        with pytest.raises(error, match=text):
            opened(**arguments)


@pytest.mark.parametrize(
    ("port", "error"), [("0", TypeError), (True, TypeError), (1.0, TypeError), (65536, ValueError)]
)
def test_what_is_no_port_is_refused(db, port, error):
    with pytest.raises(error, match="port"):
        db.serve(port)
    with pytest.raises(error, match="port"):
        pyredis.Server(port)


def test_a_number_of_no_database_leaves_nothing_open():
    before = len(engine._running)
    for _ in range(3):
        with pytest.raises(ValueError, match="no such database: 16; there are 16"):
            pyredis.open(db=16)
    gc.collect()
    wait_until(lambda: len(engine._running) <= before, "the engine has ended")


def test_a_database_that_nobody_refers_to_is_closed(tmp_path):
    before = len(engine._running)
    db = pyredis.open(tmp_path)
    db.set("key", "value")
    db.itself = db
    del db
    gc.collect()
    wait_until(lambda: len(engine._running) <= before, "the engine has ended")
    with pyredis.open(tmp_path) as db:
        assert db.get("key") == b"value"


# ---- the end ----


def test_shutdown_ends_the_database_for_all(tmp_path):
    db, other = pyredis.open(tmp_path), pyredis.open(tmp_path)
    db.set("key", "value")
    result = in_thread(other.blpop, "list")
    until_blocked(db)
    assert db.shutdown() is None
    with pytest.raises(redis.ConnectionError):
        result()
    for handle in (db, other):
        with pytest.raises(redis.ConnectionError, match="the database has been closed"):
            handle.get("key")
    with pyredis.open(tmp_path) as again:
        assert again.get("key") == b"value"
        # The old handles do not end the new engine.
        db.close()
        other.close()
        assert again.set("key", "more") is True
        with pyredis.open(tmp_path) as same:
            assert same.get("key") == b"more"


def test_shutdown_takes_its_options(db):
    with pytest.raises(redis.ResponseError, match="syntax error"):
        db.execute_command("SHUTDOWN", "SAVE", "NOSAVE")
    with pytest.raises(redis.ResponseError, match="No shutdown in progress"):
        db.execute_command("SHUTDOWN", "ABORT")
    assert db.ping()


# ---- CLIENT ----


def test_a_killed_handle_is_a_new_client_at_its_next_call(db):
    number = db.client_id()
    with pyredis.open(name="kill") as first, pyredis.open(name="kill") as second:
        assert first.client_kill_filter(_id=second.client_id()) == 1
        assert second.ping()
    assert db.client_kill_filter(_id=number, skipme=False) == 1
    assert db.client_id() > number


def test_a_command_that_waits_can_be_killed_and_unblocked(db):
    def waiting():
        until_blocked(db)
        (number,) = (client["id"] for client in db.client_list() if "b" in client["flags"])
        return int(number)

    result = in_thread(db.blpop, "list")
    assert db.client_unblock(waiting()) == 1
    assert result() is None
    result = in_thread(db.blpop, "list")
    assert db.client_unblock(waiting(), error=True) == 1
    with pytest.raises(redis.ResponseError, match="UNBLOCKED client unblocked via CLIENT UNBLOCK"):
        result()
    result = in_thread(db.blpop, "list")
    assert db.client_kill_filter(_id=waiting()) == 1
    with pytest.raises(redis.ConnectionError, match="closed before the reply arrived"):
        result()
    assert blocked(db) == 0
    db.rpush("list", "kept")
    assert db.lrange("list", 0, -1) == [b"kept"]


def test_a_pause_holds_back_writes_and_their_order_is_kept(db):
    db.client_pause(60_000, all=False)
    assert db.get("key") is None
    results = []
    for number in range(3):
        results.append(in_thread(db.rpush, "list", number))
        until_blocked(db, number + 1)
    queued = in_thread(db.pipeline().rpush("list", "queued").llen("list").execute)
    until_blocked(db, 4)
    assert db.client_unpause()
    assert sorted(result() for result in results) == [1, 2, 3]
    assert queued() == [4, 4]
    assert db.lrange("list", 0, -1) == [b"0", b"1", b"2", b"queued"]


def test_no_touch_leaves_the_idle_time():
    with pyredis.open(name="touch") as db, pyredis.open(name="touch") as other:
        db.clock.freeze()
        db.set("key", "value")
        db.clock.advance(100)
        other.client_no_touch("ON")
        other.get("key")
        assert db.object("idletime", "key") == 100
        db.get("key")
        assert db.object("idletime", "key") == 0


def test_settings_of_sockets_and_passwords_do_not_affect_the_process(db):
    db.config_set("tcp-keepalive", 10)
    db.config_set("requirepass", "secret")
    assert db.set("key", "value") is True
    with pytest.raises(redis.AuthenticationError, match="invalid username-password pair"):
        db.execute_command("AUTH", "wrong")
    assert db.get("key") == b"value"
    assert db.pipeline().get("key").execute() == [b"value"]


def test_idle_clients_are_closed_and_replaced(db):
    db.pipeline().get("key").execute()
    db.config_set("timeout", 1)
    wait_until(lambda: len(db.client_list()) == 1, "the idle client is closed")
    assert db.set("key", "value") is True


# ---- exceptions from outside ----


def interrupt(_number, _frame):
    raise KeyboardInterrupt


def test_an_interrupted_wait_takes_nothing(db):
    before = signal.signal(signal.SIGUSR1, interrupt)
    try:
        for wait in (lambda: db.blpop("list"), lambda: db.pipeline(False).blpop("list").execute()):
            sender = in_thread(lambda: until_blocked(db) or os.kill(os.getpid(), signal.SIGUSR1))
            with pytest.raises(KeyboardInterrupt):
                wait()
            sender()
            assert blocked(db) == 0
        db.rpush("list", "kept")
        assert db.lrange("list", 0, -1) == [b"kept"]
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_a_signal_handler_may_call_the_database_while_its_thread_waits(db):
    before = signal.signal(signal.SIGUSR1, lambda *_: db.rpush("list", "from the handler"))
    try:
        sender = in_thread(lambda: until_blocked(db) or os.kill(os.getpid(), signal.SIGUSR1))
        assert db.blpop("list") == (b"list", b"from the handler")
        sender()
    finally:
        signal.signal(signal.SIGUSR1, before)


# ---- values ----


def test_bytes_that_are_no_text_raise_and_are_not_lost():
    with pyredis.open(decode_responses=True) as db:
        db.set("key", b"\xff")
        db.rpush("list", b"\xff", "text")
        for call in (lambda: db.get("key"), lambda: db.pipeline().get("key").execute()):
            with pytest.raises(UnicodeDecodeError):
                call()
        assert db.execute_command("GET", "key", NEVER_DECODE=True) == b"\xff"
        with pytest.raises(UnicodeDecodeError):
            db.blpop("list")
        assert db.blpop("list") == ("list", "text")
        subscriber = db.pubsub(ignore_subscribe_messages=True)
        subscriber.subscribe("channel")
        db.publish("channel", b"\xff")
        db.publish("channel", "text")
        subscriber.get_message()
        with pytest.raises(UnicodeDecodeError):
            subscriber.get_message()
        assert subscriber.get_message()["data"] == "text"


def test_undecoded_replies_stay_so_when_they_have_to_wait(tmp_path):
    with pyredis.open(tmp_path, decode_responses=True, appendfsync="always") as db:
        db.set("key", b"\xff")
        assert db.execute_command("GETSET", "key", b"\xfe", NEVER_DECODE=True) == b"\xff"
        db.rpush("list", b"\xfe")
        assert db.execute_command("BLPOP", "list", 0, NEVER_DECODE=True) == (b"list", b"\xfe")
        waiting = in_thread(lambda: db.execute_command("BLPOP", "list", 0, NEVER_DECODE=True))
        until_blocked(db)
        db.rpush("list", b"\xfd")
        assert waiting() == (b"list", b"\xfd")
        db.client_pause(60_000)
        held_back = in_thread(lambda: db.execute_command("GET", "key", NEVER_DECODE=True))
        until_blocked(db)
        db.engine.call(lambda server: server.unpause())
        assert held_back() == b"\xfe"


def test_large_values_and_many_arguments(db):
    large = os.urandom(1 << 20) * 64
    assert db.set("large", large) is True
    assert db.get("large") == large
    assert db.pipeline().get("large").execute() == [large]
    db.rpush("list", large)
    assert db.blpop("list") == (b"list", large)
    names = {f"key{number}": number for number in range(100_000)}
    assert db.mset(names) is True
    assert db.mget(names) == [b"%d" % number for number in names.values()]
    assert db.delete(*names) == len(names)

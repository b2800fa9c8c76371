"""redis-py over an engine in the process: the same calls have the same results as over TCP, for threads and tasks."""

import asyncio
import gc
import os
import subprocess
import sys
import textwrap
import threading
import weakref

import pytest
import redis
import redis.asyncio
from redis.exceptions import NoScriptError, WatchError

import pyredis
from pyredis.embedded import engine as engines
from support.client import wait_until
from support.loop_turns import turn
from support.paths import server_environment

PARSERS = {
    "default": redis.connection.DefaultParser,
    "python": redis._parsers._RESP2Parser,
}
ASYNC_PARSERS = {
    "default": redis.asyncio.connection.DefaultParser,
    "python": redis._parsers._AsyncRESP2Parser,
}


@pytest.fixture(params=["default", "python"])
def parser(request):
    return request.param


@pytest.fixture
def pool(protocol, parser):
    with pyredis.connection_pool(protocol=protocol, parser_class=PARSERS[parser]) as pool:
        yield pool


@pytest.fixture
def client(pool):
    return redis.Redis(connection_pool=pool)


def run_program(source, *arguments, **options):
    """Runs a program in an interpreter of its own, and returns what it printed. Nothing may go to its stderr."""
    done = subprocess.run(
        [sys.executable, "-P", "-W", "always", "-c", textwrap.dedent(source), *map(str, arguments)],
        capture_output=True,
        text=True,
        env=server_environment(),
        timeout=60,
        **options,
    )
    assert done.stderr == ""
    assert done.returncode == 0
    return done.stdout


# ---- the same as over TCP ----


def outcome(call):
    """Returns what a call returns or raises, in a form that can be compared."""
    try:
        return call()
    except (redis.RedisError, RuntimeError) as error:
        return type(error), str(error)


def strings(client):
    yield client.set("s", "value")
    yield client.set("s", "other", nx=True)
    yield client.get("s")
    yield client.get("missing")
    yield client.set("s", "ü", ex=100, get=True)
    yield client.mset({"a": 1, "b": 1.5, b"c": b"\x00\xff", "d": memoryview(b"view")})
    yield client.mget("a", "b", "c", "missing")
    yield client.incrbyfloat("a", 1.5)
    yield client.execute_command("CONFIG GET", "databases")
    yield client.set("large", b"x" * 3_000_000)
    yield client.get("large")
    yield client.get("large")
    yield client.execute_command("GET", "large", NEVER_DECODE=True)
    yield outcome(lambda: client.incr("s"))
    yield outcome(lambda: client.lpush("s", 1))
    yield outcome(lambda: client.execute_command("NOSUCHCOMMAND", "argument"))


def containers(client):
    yield client.hset("h", mapping={"f": 1, "g": "two"})
    yield client.hgetall("h")
    yield client.sadd("set", "m")
    yield client.smembers("set")
    yield client.zadd("z", {"a": 1.5, "b": float("inf")})
    yield client.zrange("z", 0, -1, withscores=True)
    yield client.zscore("z", "a")
    yield client.zrandmember("nothing", 3)
    yield client.rpush("l", *range(200))
    yield client.lrange("l", 0, -1)
    yield client.lpos("l", "7", rank=1)
    yield client.xadd("x", {"f": "v"}, id="1-1")
    yield client.xread({"x": "0"})
    yield client.xrange("x")
    yield client.geoadd("g", (13.361389, 38.115556, "Palermo"))
    yield client.geopos("g", "Palermo")
    yield client.object("encoding", "h")
    yield client.type("x")
    yield sorted(client.scan_iter(count=1000))
    yield client.eval("return {1, 'two', {3}, false}", 0)
    yield outcome(lambda: client.eval("return redis.error_reply('MY error')", 0))
    yield outcome(lambda: client.evalsha("0" * 40, 0))


def add_a_zero(queued):
    value = queued.get("p")
    queued.multi()
    queued.set("p", value + b"0")


def pipelines(client):
    yield client.pipeline().set("p", 1).incr("p").get("p").execute()
    yield client.pipeline(transaction=False).set("p", 1).lpush("p", 1).get("p").execute(raise_on_error=False)[0]
    yield outcome(lambda: client.pipeline().set("p", 1).lpush("p", 1).execute())
    yield outcome(lambda: client.pipeline().execute_command("NOSUCHCOMMAND").set("p", 2).execute())
    yield client.get("p")
    yield client.pipeline().execute()
    yield client.transaction(add_a_zero, "p")
    yield client.get("p")
    with client.pipeline() as watching:
        watching.watch("p")
        client.set("p", "changed")
        watching.multi()
        watching.set("p", "lost")
        yield outcome(watching.execute)


@pytest.mark.parametrize("calls", [strings, containers, pipelines])
def test_calls_have_the_same_results_as_over_tcp(calls, shared_oracle, client, protocol, parser):
    oracle_pool = redis.ConnectionPool(port=shared_oracle.port, protocol=protocol, parser_class=PARSERS[parser])
    with redis.Redis.from_pool(oracle_pool) as oracle:
        assert list(calls(client)) == list(calls(oracle))


@pytest.mark.parametrize("calls", [strings, containers])
def test_decoded_results_are_the_same_as_over_tcp(calls, shared_oracle, protocol):
    with (
        pyredis.connection_pool(protocol=protocol, decode_responses=True, encoding_errors="replace") as pool,
        redis.Redis(
            port=shared_oracle.port, protocol=protocol, decode_responses=True, encoding_errors="replace"
        ) as oracle,
    ):
        assert list(calls(redis.Redis(connection_pool=pool))) == list(calls(oracle))


def test_another_encoding_is_used_for_arguments_and_results(parser):
    with pyredis.connection_pool(encoding="latin-1", decode_responses=True, parser_class=PARSERS[parser]) as pool:
        client = redis.Redis(connection_pool=pool)
        client.set("k", "ü")
        assert client.get("k") == "ü"
        assert client.strlen("k") == 1
        assert client.pipeline().set("k", "öö").strlen("k").get("k").execute() == [True, 2, "öö"]


@pytest.mark.parametrize("value", [None, True, object(), [], {}])
def test_values_that_cannot_be_sent_raise_data_error_and_nothing_is_executed(client, value):
    with pytest.raises(redis.DataError):
        client.set("k", value)
    with pytest.raises(redis.DataError):
        client.pipeline().set("before", 1).execute_command("SET", "k", value).execute()
    assert client.dbsize() == 0
    assert client.ping()


def test_errors_are_the_classes_of_redis_py(client):
    with pytest.raises(NoScriptError):
        client.evalsha("0" * 40, 0)
    client.config_set("maxmemory", 1)
    with pytest.raises(redis.exceptions.OutOfMemoryError):
        client.set("k", 1)
    client.config_set("maxmemory", 0)
    with client.pipeline() as watching:
        watching.watch("k")
        client.set("k", 1)
        watching.multi()
        watching.get("k")
        with pytest.raises(WatchError):
            watching.execute()


def test_requests_that_were_packed_into_bytes_are_executed(client, pool):
    connection = pool.get_connection()
    packed = b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nva\r\nu\r\n"
    connection.send_packed_command([packed[:9], packed[9:31], packed[31:]])
    assert connection.read_response() == b"OK"
    connection.send_packed_command([b"GET k\r\n"])
    assert connection.read_response() == b"va\r\nu"
    pool.release(connection)


# ---- waiting ----


def test_a_blocked_command_is_answered_by_another_thread(client):
    waiting = threading.Thread(target=wait_and_push, args=(client,))
    waiting.start()
    assert client.blpop("jobs", timeout=30)[1] == b"job"
    waiting.join()


def wait_and_push(client):
    wait_until(lambda: client.info("clients")["blocked_clients"] == 1, "a blocked client")
    client.rpush("jobs", "job")


def test_a_blocked_command_times_out(client):
    assert client.blpop("nothing", timeout=0.01) is None
    assert client.ping()


def test_a_command_that_waits_longer_than_the_socket_timeout_takes_nothing(protocol):
    with pyredis.connection_pool(protocol=protocol, socket_timeout=0.05) as pool:
        client = redis.Redis(connection_pool=pool)
        with pytest.raises(redis.TimeoutError):
            client.blpop("jobs", timeout=0)
        client.rpush("jobs", "job")
        assert client.lrange("jobs", 0, -1) == [b"job"]


def test_what_is_sent_after_a_command_that_waits_is_executed_after_it(client, pool):
    connection = pool.get_connection()
    connection.send_command("BLPOP", "jobs", 0)
    connection.send_command("RPUSH", "results", "after")
    connection.send_command("BLPOP", "jobs", 0)
    connection.send_command("GET", "missing")
    assert client.llen("results") == 0
    client.rpush("jobs", "first")
    assert list(connection.read_response()) == [b"jobs", b"first"]
    assert connection.read_response() == 1
    assert not connection.can_read(timeout=0.01)
    client.rpush("jobs", "second")
    assert list(connection.read_response()) == [b"jobs", b"second"]
    assert connection.read_response() is None
    pool.release(connection)


def test_a_pause_holds_back_commands_and_those_after_them(client, pool):
    connection = pool.get_connection()
    client.client_pause(60_000, all=False)
    connection.send_command("SET", "k", 1)
    connection.send_command("INCR", "k")
    assert client.get("k") is None
    client.client_unpause()
    assert connection.read_response() == b"OK"
    assert connection.read_response() == 2
    pool.release(connection)


def test_many_threads_share_a_pool(client):
    def count():
        for _ in range(200):
            client.incr("count")
            client.pipeline().incr("count").get("count").execute()

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert int(client.get("count")) == 8 * 400


def test_locks_are_passed_from_thread_to_thread(client):
    inside = []

    def work():
        for _ in range(5):
            with client.lock("lock", timeout=60, sleep=0.001):
                inside.append(threading.get_ident())
                assert inside == [threading.get_ident()]
                inside.clear()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert client.get("lock") is None


# ---- messages ----


def test_messages_arrive_in_order(client):
    with client.pubsub() as subscriber:
        subscriber.subscribe("a")
        subscriber.psubscribe("*")
        assert [subscriber.get_message(timeout=10)["type"] for _ in range(2)] == ["subscribe", "psubscribe"]
        for number in range(100):
            client.publish("a", number)
        received = [subscriber.get_message(timeout=10) for _ in range(200)]
        assert [message["data"] for message in received] == [b"%d" % (n // 2) for n in range(200)]
        assert subscriber.get_message(timeout=0.01) is None
        assert subscriber.get_message() is None
        subscriber.unsubscribe()
        assert subscriber.get_message(timeout=10)["type"] == "unsubscribe"


def test_a_thread_runs_handlers_of_messages(client):
    received = []
    subscriber = client.pubsub()
    subscriber.subscribe(news=received.append)
    worker = subscriber.run_in_thread(sleep_time=0.01)
    client.publish("news", "one")
    wait_until(lambda: [message["data"] for message in received] == [b"one"], "a message")
    worker.stop()
    worker.join()


def test_listen_ends_when_another_thread_unsubscribes(client):
    received = []
    subscriber = client.pubsub(ignore_subscribe_messages=True)
    subscriber.subscribe("news")
    listener = threading.Thread(target=lambda: received.extend(subscriber.listen()))
    listener.start()
    client.publish("news", "one")
    wait_until(lambda: received, "a message")
    subscriber.unsubscribe("news")
    listener.join()
    assert [message["data"] for message in received] == [b"one"]


def test_a_monitor_reports_commands(client, pool):
    client.ping()
    with client.monitor() as monitor:
        client.set("k", 'with "quotes"')
        commands = []
        while not commands or not commands[-1].startswith("SET"):
            commands.append(monitor.next_command()["command"])
        assert commands[-1] == 'SET k with "quotes"'


# ---- the end of connections ----


def test_a_client_that_is_killed_is_replaced(client):
    first = client.client_id()
    client.client_kill_filter(_id=first, skipme=False)
    assert client.client_id() != first


def test_a_subscription_that_is_killed_is_renewed(client):
    subscriber = client.pubsub(ignore_subscribe_messages=True)
    subscriber.subscribe("news")
    assert subscriber.get_message(timeout=0.01) is None
    client.client_kill_filter(_type="pubsub")
    with pytest.raises(redis.ConnectionError):
        subscriber.get_message(timeout=10)
    wait_until(lambda: subscriber.get_message(timeout=0.01) is None and client.publish("news", "one"), "subscription")
    assert wait_until(lambda: subscriber.get_message(timeout=0.1), "a message")["data"] == b"one"
    subscriber.close()


def test_disconnected_pools_connect_again_and_keep_the_data(client, pool):
    client.set("k", 1)
    pool.disconnect()
    assert client.get("k") == b"1"
    assert len(client.client_list()) == 1


def test_health_checks_are_answered(protocol):
    with pyredis.connection_pool(protocol=protocol, health_check_interval=1e-9) as pool:
        client = redis.Redis(connection_pool=pool)
        assert client.pipeline().set("k", 1).get("k").execute() == [True, b"1"]
        assert client.get("k") == b"1"
        assert client.info("commandstats")["cmdstat_ping"]["calls"] >= 2
        subscriber = client.pubsub(ignore_subscribe_messages=True)
        subscriber.subscribe("news")
        client.publish("news", "one")
        assert wait_until(lambda: subscriber.get_message(timeout=0.1), "a message")["data"] == b"one"
        subscriber.close()


def test_names_databases_and_passwords_are_set_when_connecting(protocol):
    with pyredis.connection_pool(protocol=protocol, db=3, client_name="tester", name="shared") as pool:
        client = redis.Redis(connection_pool=pool)
        client.set("k", 1)
        (entry,) = client.client_list()
        assert (entry["db"], entry["name"]) == ("3", "tester")
        client.config_set("requirepass", "secret")
        assert client.ping()
        with pyredis.connection_pool(protocol=protocol, name="shared", password="secret", db=1) as other:
            assert redis.Redis(connection_pool=other).ping()
        refuse(redis.AuthenticationError, "invalid", name="shared", password="wrong", protocol=protocol)
    refuse(redis.ResponseError, "DB index is out of range", db=99, protocol=protocol)


def refuse(kind, reason, **options):
    with pyredis.connection_pool(**options) as pool, pytest.raises(kind, match=reason):
        redis.Redis(connection_pool=pool).ping()


def test_options_are_directives_or_those_of_redis_py():
    with pyredis.connection_pool(maxmemory="100mb", max_connections=1) as pool:
        assert redis.Redis(connection_pool=pool).config_get("maxmemory") == {"maxmemory": "104857600"}
        assert pool.max_connections == 1
    with pytest.raises(TypeError, match="no_such_thing"):
        pyredis.connection_pool(no_such_thing=1)
    with pytest.raises(ValueError, match="maxmemory"):
        pyredis.connection_pool(maxmemory="much")


def test_shutdown_ends_the_database_for_all_connections(pool, client):
    client.set("k", 1)
    client.shutdown(nosave=True)
    with pytest.raises(redis.ConnectionError, match="shut down"):
        client.get("k")
    pool.close()
    assert client.get("k") is None


# ---- the end of the engine ----


def test_a_database_that_replaces_one_that_was_shut_down_is_found_by_its_name():
    first = pyredis.connection_pool(name="town")
    second = pyredis.connection_pool(name="town")
    client = redis.Redis(connection_pool=first)
    client.shutdown(nosave=True)
    first.close()
    client.set("k", 1)
    second.close()
    with pyredis.connection_pool(name="town") as third:
        assert redis.Redis(connection_pool=third).get("k") == b"1"
    first.close()


def test_nothing_that_was_answered_is_lost_when_the_process_is_killed(tmp_path):
    program = subprocess.Popen(
        [sys.executable, "-P", "-c", textwrap.dedent(COUNT), str(tmp_path)],
        env=server_environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    answered = [int(program.stdout.readline()) for _ in range(2000)][-1]
    program.kill()
    answered = max(
        [answered, *(int(line) for line in program.communicate()[0].splitlines(keepends=True) if line[-1] == "\n")]
    )
    with pyredis.connection_pool(tmp_path) as pool:
        assert int(redis.Redis(connection_pool=pool).get("count")) >= answered


COUNT = """
    import sys, threading, redis, pyredis
    client = redis.Redis(connection_pool=pyredis.connection_pool(sys.argv[1]))
    def count():
        while True:
            sys.stdout.write(f"{client.incr('count')}\\n")
            sys.stdout.flush()
    for _ in range(3):
        threading.Thread(target=count, daemon=True).start()
    count()
"""


def test_forks_while_threads_work_harm_neither_side(client):
    done = threading.Event()

    def work():
        while not done.is_set():
            client.pipeline().incr("count").lpush("l", 1).ltrim("l", 0, 9).execute()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    # A child cannot import what another thread was importing when it was forked.
    wait_until(lambda: int(client.get("count") or 0) > 100, "the threads' work")
    with pyredis.connection_pool() as warm:
        redis.Redis(connection_pool=warm).incr("count")
    for _ in range(10):
        child = os.fork()
        if child == 0:
            kind, _text = outcome(client.ping)
            with pyredis.connection_pool() as own:
                fresh = redis.Redis(connection_pool=own).incr("count")
            os._exit(0 if (kind, fresh) == (RuntimeError, 1) else 1)
        assert os.waitpid(child, 0)[1] == 0
    done.set()
    for thread in threads:
        thread.join()
    assert client.llen("l") == 10


def test_data_in_memory_live_as_long_as_the_last_pool_of_their_name():
    first = pyredis.connection_pool(name="town")
    second = pyredis.connection_pool(name="town")
    redis.Redis(connection_pool=first).set("k", 1)
    first.close()
    assert redis.Redis(connection_pool=second).get("k") == b"1"
    second.close()
    with pyredis.connection_pool(name="town") as third:
        assert redis.Redis(connection_pool=third).get("k") is None


def test_a_folder_is_written_when_the_pool_is_closed(tmp_path):
    with pyredis.connection_pool(tmp_path) as pool:
        redis.Redis(connection_pool=pool).set("k", 1)
    with pyredis.connection_pool(tmp_path) as pool:
        assert redis.Redis(connection_pool=pool).get("k") == b"1"


def test_a_closed_pool_opens_its_folder_again(tmp_path):
    pool = pyredis.connection_pool(tmp_path)
    client = redis.Redis(connection_pool=pool)
    client.set("k", 1)
    pool.close()
    pool.close()
    assert client.get("k") == b"1"
    pool.close()


def test_the_engine_ends_when_the_pool_is_collected(tmp_path):
    pool = pyredis.connection_pool(tmp_path)
    redis.Redis(connection_pool=pool).set("k", 1)
    engine = weakref.ref(pool._engine._engine)
    del pool
    gc.collect()
    wait_until(lambda: engine() is None or engine() not in engines._running, "the engine's end")
    with pyredis.connection_pool(tmp_path) as pool:
        assert redis.Redis(connection_pool=pool).get("k") == b"1"


def test_nothing_is_lost_or_printed_when_the_interpreter_exits(tmp_path):
    run_program(
        """
        import sys, redis, pyredis
        client = redis.Redis(connection_pool=pyredis.connection_pool(sys.argv[1]))
        subscriber = client.pubsub()
        subscriber.subscribe("news")
        client.set("k", 1)
        """,
        tmp_path,
    )
    with pyredis.connection_pool(tmp_path) as pool:
        assert redis.Redis(connection_pool=pool).get("k") == b"1"


def test_nothing_is_printed_when_asyncio_pools_are_left_open(tmp_path):
    run_program(
        """
        import asyncio, sys, redis.asyncio, pyredis
        async def main():
            client = redis.asyncio.Redis(connection_pool=pyredis.async_connection_pool(sys.argv[1]))
            await client.set("k", 1)
            waiting = asyncio.create_task(client.blpop("jobs"))
            await client.ping()
        asyncio.run(main())
        """,
        tmp_path,
    )
    with pyredis.connection_pool(tmp_path) as pool:
        assert redis.Redis(connection_pool=pool).get("k") == b"1"


def test_a_forked_child_gets_an_error_that_names_the_parent(client, pool):
    client.set("k", 1)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        result = outcome(lambda: client.get("k"))
        os.write(writing, repr(result).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as report:
        assert f"was opened in process {os.getpid()}" in report.read()
    os.waitpid(child, 0)
    assert client.get("k") == b"1"


def test_without_redis_py_the_error_says_what_is_missing():
    printed = run_program(
        """
        import sys
        sys.modules["redis"] = None
        import pyredis
        try:
            pyredis.connection_pool
        except ImportError as error:
            print(error)
        """
    )
    assert printed == "pyredis.connection_pool needs redis-py: pip install redis\n"


# ---- asyncio ----


@pytest.fixture
def run_async(protocol, parser):
    """Runs a coroutine function with a client of `redis.asyncio`."""

    def run(body, **options):
        async def main():
            options.setdefault("protocol", protocol)
            options.setdefault("parser_class", ASYNC_PARSERS[parser])
            async with pyredis.async_connection_pool(**options) as pool:
                await body(redis.asyncio.Redis(connection_pool=pool))

        asyncio.run(main())

    return run


def test_coroutines_get_results_and_errors(run_async):
    async def body(client):
        assert await client.set("k", "value")
        assert await client.get("k") == b"value"
        assert await client.hset("h", mapping={"f": 1})
        assert await client.hgetall("h") == {b"f": b"1"}
        assert await client.set("large", b"x" * 3_000_000)
        assert await client.get("large") == b"x" * 3_000_000
        assert await client.pipeline().set("n", 1).incr("n").execute() == [True, 2]
        with pytest.raises(redis.ResponseError, match="not an integer"):
            await client.incr("k")
        with pytest.raises(redis.DataError):
            await client.set("k", None)
        with pytest.raises(redis.DataError):
            await client.pipeline().set("n", 9).set("k", None).execute()
        assert await client.get("n") == b"2"

    run_async(body)


def test_tasks_wait_for_each_other(run_async):
    async def body(client):
        jobs = [asyncio.create_task(client.blpop("jobs", timeout=30)) for _ in range(10)]
        while (await client.info("clients"))["blocked_clients"] < 10:
            await turn()
        await client.rpush("jobs", *range(10))
        assert sorted([int(job[1]) for job in await asyncio.gather(*jobs)]) == list(range(10))

    run_async(body)


def test_a_cancelled_task_takes_nothing(run_async):
    async def body(client):
        waiting = asyncio.create_task(client.blpop("jobs", timeout=0))
        while (await client.info("clients"))["blocked_clients"] < 1:
            await turn()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await client.rpush("jobs", "one")
        assert await client.lrange("jobs", 0, -1) == [b"one"]

    run_async(body)


def test_a_task_that_is_cancelled_after_its_reply_gets_the_reply(run_async):
    async def body(client):
        waiting = asyncio.create_task(client.blpop("jobs", timeout=0))
        while (await client.info("clients"))["blocked_clients"] < 1:
            await turn()
        await client.rpush("jobs", "one")
        waiting.cancel()
        assert (await waiting)[1] == b"one"
        assert await client.llen("jobs") == 0
        assert await client.ping()

    run_async(body, max_connections=2)


def test_elements_are_never_lost_when_tasks_are_cancelled_at_any_time(run_async):
    async def body(client):
        received = []

        async def take():
            job = await client.blpop("jobs", timeout=0)
            received.append(int(job[1]))

        pushing = threading.Thread(target=push_from_a_thread, args=(client.connection_pool._engine.title,))
        pushing.start()
        while pushing.is_alive() or await client.llen("jobs"):
            tasks = [asyncio.create_task(take()) for _ in range(3)]
            await turn()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        received += map(int, await client.lrange("jobs", 0, -1))
        assert sorted(received) == list(range(500))

    run_async(body, name="cancellations")


def push_from_a_thread(title):
    with pyredis.connection_pool(name=title.removeprefix("memory://")) as pool:
        client = redis.Redis(connection_pool=pool)
        for number in range(500):
            client.rpush("jobs", number)


def test_a_timeout_while_waiting_leaves_the_client_usable(run_async):
    async def body(client):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await client.blpop("jobs", timeout=0)
        await client.rpush("jobs", "one")
        assert (await client.blpop("jobs", timeout=1))[1] == b"one"

    run_async(body)


def test_coroutines_receive_messages(run_async):
    async def body(client):
        async with client.pubsub() as subscriber:
            await subscriber.subscribe("news")
            assert (await subscriber.get_message(timeout=10))["type"] == "subscribe"
            assert await subscriber.get_message(timeout=0.01) is None
            await client.publish("news", "one")
            assert (await subscriber.get_message(timeout=10))["data"] == b"one"
            later = asyncio.create_task(subscriber.get_message(timeout=10))
            await turn()
            await client.publish("news", "two")
            assert (await later)["data"] == b"two"
            async for message in subscriber.listen():
                assert message["data"] == b"three"
                break
            else:
                pytest.fail("no message")

    async def start(client):
        asyncio.get_running_loop().call_later(0.05, lambda: tasks.append(asyncio.create_task(three(client))))
        await body(client)

    async def three(client):
        await client.publish("news", "three")

    tasks = []
    run_async(start)


def test_a_killed_connection_of_a_coroutine_is_replaced(run_async):
    async def body(client):
        first = await client.client_id()
        await client.client_kill_filter(_id=first, skipme=False)
        assert await client.client_id() != first
        await client.connection_pool.disconnect()
        assert await client.ping()

    run_async(body)


def test_threads_and_tasks_share_a_database_by_its_name(run_async):
    async def body(client):
        waiting = asyncio.create_task(client.blpop("jobs", timeout=30))
        await turn()
        await asyncio.to_thread(push_from_a_thread, "both")
        assert (await waiting)[1] == b"0"

    run_async(body, name="both")

"""The log of changes: its framing, that every reader gets the same bytes, and that a slow one does not delay others."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzz.server import SLICE_US, FuzzedServer, digest_when_expired, feed, load, reader
from pyredis.journal.aof_handle import AofWriter
from pyredis.journal.log_handle import LogWriter
from pyredis.persistence.following import follow
from pyredis.persistence.loader import AofLoader
from pyredis.persistence.snapshot import Snapshot
from support.client import encode_command
from support.in_process import Local
from support.strategies import CONNECTIONS, SEQUENCES

LONG = bool(os.environ.get("PYREDIS_LONG"))
PING = b"*1\r\n$4\r\nPING\r\n"
MULTI = encode_command("MULTI")
EXEC = encode_command("EXEC")


def select(database):
    return encode_command("SELECT", database)


def give(log, *commands, database=0):
    for command in commands:
        log.begin(database)
        log.append(command)
    log.publish()


def open_file(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL)


# ---- framing ----


@pytest.fixture
def log():
    return LogWriter(64)


def test_a_command_alone_stands_alone_and_several_stand_between_multi_and_exec(log):
    follower = log.join()
    give(log, PING)
    give(log, PING)
    give(log, PING, PING)
    give(log, PING, PING, PING)
    assert follower.read() == select(0) + PING * 2 + MULTI + PING * 2 + EXEC + MULTI + PING * 3 + EXEC


def test_a_multi_comes_before_the_select_of_its_first_command(log):
    follower = log.join()
    give(log, PING, PING, database=11)
    assert follower.read() == MULTI + select(11) + PING * 2 + EXEC


@pytest.mark.parametrize("size", [1, 63, 64, 4095, 4096, 4097, 20_000])
def test_a_first_command_of_any_size_makes_way_for_the_multi(size, log):
    follower = log.join()
    command = bytes(number % 251 for number in range(size))
    give(log, command)
    give(log, command, PING)
    assert follower.read() == select(0) + command + MULTI + command + PING + EXEC


def test_a_command_may_be_appended_in_pieces(log):
    follower = log.join()
    log.begin(0)
    for byte in PING:
        log.append(bytes([byte]))
    log.publish()
    assert follower.read() == select(0) + PING


def test_loose_commands_are_published_together_without_a_frame(log):
    follower = log.join()
    log.loose = True
    give(log, PING, PING)
    log.loose = False
    give(log, PING, PING)
    assert follower.read() == select(0) + PING * 2 + MULTI + PING * 2 + EXEC


def test_nothing_is_seen_before_it_is_published(log):
    follower = log.join()
    log.begin(0)
    log.append(PING)
    assert follower.read() == b""
    log.publish()
    assert follower.read() == select(0) + PING


# ---- joining and leaving ----


def test_the_first_command_after_a_reader_has_joined_follows_a_select(log):
    first = log.join()
    give(log, PING)
    second = log.join()
    give(log, PING)
    give(log, PING)
    assert second.read() == select(0) + PING * 2
    assert first.read() == select(0) + PING + select(0) + PING * 2


def test_nobody_joins_amid_a_unit(log):
    first = log.join()
    log.begin(0)
    log.append(PING)
    with pytest.raises(BlockingIOError):
        log.join()
    log.publish()
    second = log.join()
    give(log, PING)
    assert second.read() == select(0) + PING
    assert first.read() == (select(0) + PING) * 2


def test_positions_go_on_after_the_last_reader_has_left_and_a_unit_that_nobody_will_see_is_dropped(log):
    first = log.join()
    give(log, PING)
    before = log.position
    log.begin(3)
    log.append(PING)
    log.append(PING * 10)
    first.leave()
    assert (log.position, log.is_open) == (before, False)
    second = log.join()
    assert second.position == before
    give(log, PING)
    assert second.read() == select(0) + PING


def test_a_reader_that_goes_away_holds_nothing(log):
    follower = log.join()
    give(log, PING)
    del follower
    with pytest.raises(ValueError, match="has no reader"):
        log.append(PING)


# ---- slow readers ----


def test_a_reader_further_behind_than_its_limit_is_lost_and_notified_and_the_others_go_on(log):
    slow, fast = log.join(limit=100), log.join()
    got = b""
    for _ in range(100 // len(PING) + 1):
        give(log, PING)
        got += fast.read()
        if slow.lost:
            break
    assert slow.fell_behind == log.position > 100
    assert slow.fell_behind - len(PING) <= 100
    with pytest.raises(BufferError):
        slow.read()
    give(log, PING)
    assert slow.fell_behind == len(got), "the reader is notified once"
    assert got + fast.read() == select(0) + PING * (len(got) // len(PING))


def test_a_lost_reader_may_join_again(log):
    slow, fast = log.join(limit=30), log.join()
    give(log, PING, PING)
    assert slow.lost
    slow.join()
    assert (slow.lost, slow.fell_behind) == (False, None)
    give(log, b"x")
    assert slow.read() == select(0) + b"x"
    assert fast.read().endswith(EXEC + select(0) + b"x")


def test_a_reader_within_its_limit_loses_nothing_however_small_the_ring(log):
    slow = log.join(limit=10_000)
    given = select(0)
    while len(given) + len(PING) <= 10_000:
        give(log, PING)
        given += PING
    assert not slow.lost
    assert log.memory == 1 << 14
    assert slow.read(5000) == given[:5000]
    assert slow.read() == given[5000:]


def test_a_slow_reader_occupies_no_more_than_its_limit_and_a_lost_one_nothing(log):
    slow, fast = log.join(limit=1000), log.join()
    for _ in range(2000):
        give(log, PING)
        fast.read()
        assert log.memory <= 2048
    assert slow.lost
    for _ in range(1100):
        fast.read()
    assert log.memory == 64


def test_several_slow_readers_are_lost_each_at_its_own_limit(log):
    limits = [400, 100, 200, 100]
    stays = log.join()
    slow = [log.join(limit=limit) for limit in limits]
    lost_at = {}
    for _ in range(50):
        give(log, PING)
        for number, follower in enumerate(slow):
            if follower.lost:
                lost_at.setdefault(number, log.position)
                assert follower.fell_behind == lost_at[number]
    assert all(limit < lost_at[number] <= limit + len(select(0) + PING) for number, limit in enumerate(limits))
    assert len(stays.read()) == log.position


@pytest.mark.parametrize("policy", ["no", "everysec", "always"])
def test_a_slow_reader_does_not_hold_back_the_file(policy, tmp_path):
    log = LogWriter(64)
    writer = AofWriter(log, policy)
    path = tmp_path / "file.aof"
    assert writer.attach(open_file(path), 0) == 0
    slow = log.join(limit=1 << 16)
    given = select(0)
    for _ in range(500):
        give(log, PING)
        given += PING
        writer.drain()
    assert writer.sync() == 0
    assert path.read_bytes() == given
    assert slow.read() == given


@pytest.mark.parametrize("policy", ["no", "everysec", "always"])
def test_a_file_that_begins_amid_the_log_gets_a_select_of_its_own_which_no_other_reader_sees(policy, tmp_path):
    log = LogWriter(64)
    follower = log.join()
    writer = AofWriter(log, policy)
    paths = [tmp_path / name for name in ("first.aof", "second.aof", "third.aof")]
    assert writer.attach(open_file(paths[0]), 0) == 0
    give(log, PING, PING, database=7)
    for path in paths[1:]:
        assert writer.attach(open_file(path), 0) == 0
    assert writer.sync() == 0
    assert paths[2].read_bytes() == b"", "the SELECT is written with the first bytes"
    give(log, PING, database=7)
    assert writer.sync() == 0
    contents = [path.read_bytes() for path in paths]
    assert contents == [MULTI + select(7) + PING * 2 + EXEC, b"", select(7) + PING]
    assert writer.file_size == len(contents[2])
    assert follower.read() == contents[0] + PING


# ---- against a model ----

LOG_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("unit"), st.lists(st.tuples(st.integers(0, 3), st.integers(0, 150)), min_size=1, max_size=4)),
        st.tuples(st.just("join"), st.one_of(st.none(), st.integers(0, 500))),
        st.tuples(st.sampled_from(["leave", "rejoin"]), st.integers(0, 5)),
        st.tuples(st.just("read"), st.tuples(st.integers(0, 5), st.one_of(st.none(), st.integers(0, 100)))),
    ),
    max_size=50,
)


class Model:
    """A log, and all that it should have held; the first reader stays and has no limit."""

    def __init__(self) -> None:
        self.log = LogWriter(64)
        self.given = b""
        self.database = None
        self.followers: list = []
        self.starts: list[int] = []
        self.got: list[bytes] = []
        self.join(None)

    def join(self, limit) -> None:
        self.followers.append(self.log.join(limit))
        self.starts.append(len(self.given))
        self.got.append(b"")
        self.database = None

    def unit(self, commands) -> None:
        unit = b""
        for database, size in commands:
            command = bytes((len(self.given) + number) % 251 for number in range(size))
            self.log.begin(database)
            self.log.append(command)
            if database != self.database:
                unit += select(database)
                self.database = database
            unit += command
        self.log.publish()
        self.given += MULTI + unit + EXEC if len(commands) > 1 else unit

    def leave(self, number) -> None:
        if 0 < number < len(self.followers):
            self.check(number)
            del self.followers[number], self.starts[number], self.got[number]

    def rejoin(self, number) -> None:
        if number < len(self.followers):
            self.check(number)
            self.followers[number].join()
            self.starts[number], self.got[number] = len(self.given), b""
            self.database = None

    def read(self, what) -> None:
        number, most = what
        if number < len(self.followers) and not self.followers[number].lost:
            self.got[number] += self.followers[number].read(most)

    def check(self, number) -> None:
        if not self.followers[number].lost:
            self.read((number, None))
            assert self.got[number] == self.given[self.starts[number] :]
        assert self.given[self.starts[number] :].startswith(self.got[number])


@settings(max_examples=2000 if LONG else 200)
@given(LOG_STEPS)
def test_readers_get_what_a_model_says(steps):
    model = Model()
    for name, value in steps:
        getattr(model, name)(value)
        assert model.log.position == len(model.given)
    for number in range(len(model.followers)):
        model.check(number)


# ---- a server's log ----


class Played:
    """A server in this process with two connections, and the readers of its log; the first reads everything."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.server = FuzzedServer(folder)
        self.core = self.server.core
        self.transports = [self.server.connect() for _ in range(CONNECTIONS)]
        for transport in self.transports:
            self.send(transport, b"DISCARD", b"UNWATCH", b"SELECT 0")
        self.origin = self.core.log_position
        self.first = follow(self.core)
        self.whole = b""
        self.others: list = []
        self.starts: list[int] = []
        self.got: list[bytes] = []
        self.files: list[tuple[Path, int, bytes]] = []
        self.joined_at = self.origin
        self.copier = None

    def send(self, transport, *requests) -> None:
        feed(transport.connection, b"".join(encode_command(*request.split()) for request in requests))
        self.server.hub.loop.run()
        transport.written.clear()

    def execute(self, step) -> None:
        transport = self.transports[step.connection]
        feed(transport.connection, encode_command(*step.arguments))
        self.server.hub.loop.run()
        transport.written.clear()

    def act(self, name: str, number: int) -> None:
        if name == "join":
            self.others.append(self.join())
            self.starts.append(self.core.log_position)
            self.got.append(b"")
        elif name == "file":
            self.switch(("no", "everysec", "always")[number % 3])
        elif name == "copy":
            self.copy()
        elif number < len(self.others):
            getattr(self, name)(number)

    def join(self):
        self.joined_at = self.core.log_position
        return follow(self.core)

    def read(self, number: int) -> None:
        self.got[number] += self.others[number].read(number * 100 or None)

    def leave(self, number: int) -> None:
        self.check(number)
        del self.others[number], self.starts[number], self.got[number]

    def switch(self, policy: str) -> None:
        path = self.folder / f"{len(self.files)}.aof"
        path.unlink(missing_ok=True)
        if not self.files:
            self.joined_at = self.core.log_position
        self.core.aof_open(open_file(path), 0, policy)
        self.files.append((path, self.core.log_position, self.selection()))

    def selection(self) -> bytes:
        """Returns the SELECT in force, or nothing if the next command brings one."""
        begin = b"*2\r\n$6\r\nSELECT\r\n"
        whole = self.since(self.origin)
        if self.joined_at == self.core.log_position:
            return b""
        return begin + b"".join(whole.rpartition(begin)[2].splitlines(keepends=True)[:2])

    def copy(self) -> None:
        """Saves a snapshot and joins a reader at the same position: all that a replica needs."""
        base = self.folder / "base.aof"
        base.unlink(missing_ok=True)
        snapshot = Snapshot(self.core, open_file(base))
        while snapshot.work(SLICE_US):
            pass
        assert snapshot.finish() == 0
        self.copier = self.join()

    def since(self, position: int) -> bytes:
        self.whole += self.first.read()
        return self.whole[position - self.origin :]

    def check(self, number: int) -> None:
        self.got[number] += self.others[number].read()
        assert self.got[number] == self.since(self.starts[number])
        check_begin(self.got[number])

    def check_files(self) -> None:
        """Checks that each file has its part of the log, after its own SELECT if needed, or is empty without a part."""
        end = self.core.log_position
        for path, start, selection in reversed(self.files):
            part = self.since(start)[: end - start]
            assert path.read_bytes() == (selection + part if part else b"")
            check_begin(path.read_bytes())
            end = start

    def check_loaded(self, content: bytes) -> None:
        path = self.folder / "whole.aof"
        path.write_bytes(content)
        copy = reader()
        load(copy, path)
        copy.core.loading = False
        assert digest_when_expired(copy.core) == digest_when_expired(self.core)

    def finish(self) -> None:
        assert self.core.aof_close() == 0
        for number in range(len(self.others)):
            self.check(number)
        self.check_files()
        self.check_loaded(self.since(self.origin))
        if self.copier is not None:
            self.check_loaded((self.folder / "base.aof").read_bytes() + self.copier.read())
        assert not self.server.exceptions


def check_begin(content: bytes) -> None:
    """Checks that the first command for a new reader selects a database."""
    if content:
        assert content.removeprefix(MULTI).startswith(b"*2\r\n$6\r\nSELECT\r\n")


ACTIONS = st.lists(
    st.tuples(
        st.integers(0, 60),
        st.sampled_from(["join", "join", "read", "read", "leave", "file", "copy"]),
        st.integers(0, 4),
    ),
    max_size=12,
)


@pytest.mark.long
def test_all_readers_of_a_server_get_the_same_bytes_which_make_the_same_data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("played")

    @settings(max_examples=1000 if LONG else 60)
    @given(SEQUENCES, ACTIONS)
    def run(steps, actions):
        played = Played(folder)
        for place, step in enumerate(steps):
            for at, name, number in actions:
                if at == place:
                    played.act(name, number)
            played.execute(step)
        played.finish()

    run()


@pytest.fixture
def local(tmp_path):
    return Local(tmp_path)


def test_while_nobody_reads_nothing_is_appended(local):
    local.must("SET", "a", 1)
    assert local.core.log_position == 0
    follower = follow(local.core)
    local.must("SET", "a", 2)
    assert follower.read() == select(0) + encode_command("SET", "a", 2)
    follower.leave()
    before = local.core.log_position
    local.must("SET", "a", 3)
    assert local.core.log_position == before


def test_a_reader_too_slow_for_a_server_is_lost_and_the_server_serves_on(local):
    slow, fast = follow(local.core, 1000), follow(local.core)
    got = b""
    for number in range(100):
        local.must("SET", "a", number)
        got += fast.read()
    assert slow.lost
    assert 1000 < slow.fell_behind < 1100
    assert got.endswith(encode_command("SET", "a", 99))


def test_positions_go_on_when_the_file_is_turned_off_and_on(local, tmp_path):
    positions = []
    for name in ("first.aof", "second.aof"):
        local.core.aof_open(open_file(tmp_path / name), 0, "no")
        local.must("SET", "a", name)
        assert local.core.aof_close() == 0
        positions.append(local.core.log_position)
    assert (tmp_path / "second.aof").read_bytes() == select(0) + encode_command("SET", "a", "second.aof")
    assert positions[1] == positions[0] + (tmp_path / "second.aof").stat().st_size


UNITS = {
    "XREADGROUP": (
        [["XADD", "s", "1-1", "a", 1], ["XADD", "s", "2-1", "a", 1], ["XGROUP", "CREATE", "s", "g", 0]],
        [["XREADGROUP", "GROUP", "g", "c", "STREAMS", "s", ">"]],
    ),
    "HINCRBYFLOAT": (
        [["HSET", "h", "f", 1, "g", 2], ["HPEXPIREAT", "h", 4102444800000, "FIELDS", 1, "f"]],
        [["HINCRBYFLOAT", "h", "f", "0.5"]],
    ),
    "EXEC": ([["SET", "a", 0]], [["MULTI"], ["SET", "a", 1], ["SELECT", 3], ["SET", "b", 2], ["EXEC"]]),
}


@pytest.mark.parametrize("name", UNITS)
def test_a_file_that_is_torn_anywhere_has_a_unit_whole_or_not_at_all(name, local, tmp_path):
    before, requests = UNITS[name]
    follower = follow(local.core)
    for request in before:
        local.must(*request)
    start, old = follower.read(), local.contents()
    for request in requests:
        local.must(*request)
    unit, new = follower.read(), local.contents()
    assert old != new
    assert unit.startswith(MULTI)
    copy = Local(tmp_path)
    path = tmp_path / "torn.aof"
    for size in range(len(unit) + 1):
        path.write_bytes(start + unit[:size])
        load_as_far_as_whole(copy, path)
        assert copy.contents() == (new if size == len(unit) else old), size


def load_as_far_as_whole(copy: Local, path: Path) -> None:
    copy.empty()
    copy.core.loading = True
    loader = AofLoader(copy.core, path)
    while loader.step(SLICE_US):
        pass
    loader.close()
    copy.core.loading = False
    copy.core.tick()

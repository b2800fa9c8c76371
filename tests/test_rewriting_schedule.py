"""When a rewrite of the append-only file is due, by a clock that the test moves, and the file size that decides it."""

from types import SimpleNamespace

import pytest

from pyredis.persistence import rewriting
from pyredis.persistence.persistence import Persistence
from pyredis.persistence.rewriting import LONGEST_DELAY, Rewriting


class Schedule:
    """A `Rewriting` that only records when it would begin."""

    def __init__(self, monkeypatch) -> None:
        self.now = 1000.0
        self.begun: list[float] = []
        self.config = {
            "auto-aof-rewrite-percentage": 100,
            "auto-aof-rewrite-min-size": 0,
            "no-appendfsync-on-rewrite": False,
        }
        self.core = SimpleNamespace(loading=False, busy=False, aof_sync_failed=False, in_transaction=False)
        log = SimpleNamespace(notice=lambda text: None, warning=lambda text: None)
        server = SimpleNamespace(core=self.core, config=self.config, log=log)
        self.persistence = SimpleNamespace(
            server=server, core=self.core, log=log, appending=True, needs_base=False, current_size=0
        )
        monkeypatch.setattr(rewriting, "time", SimpleNamespace(monotonic=lambda: self.now))
        self.rewriting = Rewriting(self.persistence)
        self.rewriting.begin = lambda: self.begun.append(self.now)

    def due(self) -> bool:
        """Returns whether a rewrite begins now."""
        before = len(self.begun)
        self.rewriting.cron()
        return len(self.begun) > before


@pytest.fixture
def schedule(monkeypatch):
    return Schedule(monkeypatch)


def test_each_failure_in_a_row_doubles_the_wait_for_the_next_attempt_up_to_a_limit(schedule):
    schedule.persistence.needs_base = True
    assert schedule.due()
    for delay in (1, 2, 4, 8, 16, 32, LONGEST_DELAY, LONGEST_DELAY):
        schedule.rewriting._note_vain(OSError("no space"))
        failed = schedule.now
        schedule.now = failed + delay - 0.001
        assert not schedule.due()
        schedule.now = failed + delay
        assert schedule.due()
    assert schedule.rewriting.failures == 8


def test_who_asks_for_a_rewrite_does_not_wait_for_what_failed_before(schedule):
    schedule.rewriting._note_vain(OSError("no space"))
    schedule.core.in_transaction = True
    assert schedule.rewriting.on_request(lambda failure: None) is False
    schedule.core.in_transaction = False
    assert schedule.due()


@pytest.mark.parametrize(
    ("percentage", "least", "before", "size", "due"),
    [
        (100, 0, 1000, 1999, False),
        (100, 0, 1000, 2000, True),
        (50, 0, 1000, 1499, False),
        (50, 0, 1000, 1500, True),
        (100, 5000, 1000, 4999, False),
        (100, 5000, 1000, 5000, True),
        (100, 0, 0, 0, False),
        (100, 0, 0, 1, True),
        (0, 0, 1000, 1_000_000, False),
    ],
)
def test_a_file_is_rewritten_when_it_has_grown_by_the_percentage_and_to_the_size(
    schedule, percentage, least, before, size, due
):
    schedule.config |= {"auto-aof-rewrite-percentage": percentage, "auto-aof-rewrite-min-size": least}
    schedule.rewriting.size_at_end = before
    schedule.persistence.current_size = size
    assert schedule.due() == due


def test_nothing_begins_while_loading_or_without_a_file(schedule):
    schedule.persistence.current_size = 1000
    schedule.core.loading = True
    assert not schedule.due()
    schedule.core.loading = False
    schedule.persistence.appending = False
    assert not schedule.due()
    schedule.persistence.appending = True
    assert schedule.due()


class Writer:
    """The part of the core that `Persistence` uses: one file, and bytes that wait to be written to it."""

    def __init__(self, size: int, buffered: int, sync_failed: bool) -> None:
        self.sizes = [size]
        self.buffered = buffered
        self.aof_sync_failed = sync_failed
        self.aof_wake_fd = 0

    def aof_policy(self, policy: str) -> None:
        pass

    def aof_state(self) -> tuple[int, int, int, bool]:
        return self.sizes[-1], self.buffered, 0, False

    def aof_open(self, fd: int, size: int, policy: str) -> None:
        """Writes pending bytes to the old file, or leaves them to the new one if a sync of the old one has failed."""
        if not self.aof_sync_failed:
            self.drain()
        self.sizes.append(size)

    def drain(self) -> None:
        self.sizes[-1] += self.buffered
        self.buffered = 0


class Settings(dict):
    def on_change(self, name: str, hook: object) -> None:
        pass


@pytest.mark.parametrize("sync_failed", [False, True])
def test_what_waits_to_be_written_when_another_file_takes_over_counts_once(sync_failed):
    writer = Writer(1000, 50, sync_failed)
    server = SimpleNamespace(core=writer, log=None, config=Settings(appendfsync="everysec"), hub=None)
    persistence = Persistence(server)
    persistence._woken_by = writer.aof_wake_fd
    assert persistence.current_size == 1000
    persistence.switch(-1)
    writer.drain()
    assert persistence.current_size == sum(writer.sizes) == 1050

"""XREAD that waits: by what it is woken, and by what it is not; beside the oracle."""

import pytest

from support.waiting import Scene, await_blocked


@pytest.fixture
def scene(pair):
    with Scene(pair) as scene:
        yield scene


def test_everybody_who_reads_gets_the_entry(scene):
    readers = [scene.waiting("XREAD BLOCK 0 STREAMS s $") for _ in range(3)]
    scene.does("XADD s 1-1 f v")
    answers = [reader.hears() for reader in readers]
    assert answers[0] == answers[1] == answers[2]


@pytest.mark.parametrize("start", ["$", "0", "1-1", "5-0"])
def test_what_was_asked_for_is_waited_for(scene, start):
    scene.does("XADD s 1-1 f v", "DEL s", "XADD s 1-1 f v" if start == "$" else "XLEN s")
    reader = scene.waiter("XREAD", "BLOCK", 0, "STREAMS", "s", start)
    scene.does("XADD s 4-0 f v", "XADD s 6-0 f v")
    reader.hears()


def test_entries_of_a_transaction_come_together(scene):
    reader = scene.waiting("XREAD BLOCK 0 STREAMS s t $ $")
    scene.together("XADD s 1-1 f v", "XADD s 1-2 f v")
    reader.hears()


def test_count_bounds_what_a_woken_reader_gets(scene):
    reader = scene.waiting("XREAD COUNT 1 BLOCK 0 STREAMS s $")
    scene.together("XADD s 1-1 f v", "XADD s 1-2 f v")
    reader.hears()


@pytest.mark.parametrize(
    "commands",
    [["SET s x", "DEL s"], ["RPUSH s x", "DEL s"], ["XADD s 1-1 f v", "DEL s"]],
)
def test_what_leaves_nothing_to_read_wakes_nobody(scene, commands):
    reader = scene.waiting("XREAD BLOCK 0 STREAMS s $")
    scene.together(*commands)
    scene.does("XADD s 9-1 f v")
    reader.hears()


def test_an_entry_removed_within_its_transaction_wakes_nobody(client, shared_ours):
    """Redis 7.0 answers with a stream without entries."""
    with shared_ours.client() as waiting:
        waiting.send("XREAD", "BLOCK", 0, "STREAMS", "s", "$")
        await_blocked(client, 1)
        client.pipeline(command.split() for command in ("MULTI", "XADD s 1-1 f v", "XDEL s 1-1", "EXEC"))
        client.must("XADD", "s", "2-1", "f", "v")
        assert waiting.read().decoded == [[b"s", [[b"2-1", [b"f", b"v"]]]]]


def test_a_value_of_another_kind_wakes_no_reader(scene):
    reader = scene.waiting("XREAD BLOCK 0 STREAMS s $")
    scene.does("SET s x", "DEL s", "XADD s 1-1 f v")
    reader.hears()


@pytest.mark.parametrize("commands", [["RENAME t s"], ["COPY t s"]])
def test_a_stream_that_comes_whole_wakes_who_reads_from_its_beginning(scene, commands):
    reader = scene.waiting("XREAD BLOCK 0 STREAMS s 0")
    scene.does("XADD t 1-1 f v", *commands)
    reader.hears()


def test_who_reads_in_vain_gets_a_null(scene):
    assert scene.does("XREAD BLOCK 10 STREAMS s $", "XREAD BLOCK 10 STREAMS s t 0 $") == [None, None]


def test_nothing_waits_inside_a_transaction(scene):
    scene.together(
        "XREAD BLOCK 0 STREAMS s $", "XADD s 1-1 f v", "XREAD BLOCK 0 STREAMS s 0", "XREAD BLOCK 0 STREAMS s $"
    )


@pytest.mark.parametrize("timeout", ["x", "-1", "1.5", ""])
def test_a_wrong_timeout_is_refused(scene, timeout):
    scene.pair.check("XREAD", "BLOCK", timeout, "STREAMS", "s", "$")

"""Fuzzing, for a moment: the corpus and mutations of it, in a process that may die. PYREDIS_LONG=1 goes on for minutes.

The guided form, with the native code's coverage, is ``tools/fuzz``.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fuzz import blocks, packs, scores
from fuzz.targets import TARGETS
from pyredis.types._testing import PackedList
from pyredis.types._testing_sorted import check_scored
from pyredis.types._testing_stream import StreamValue, check_block, stream_from
from support.paths import server_environment

SECONDS = 300 if os.environ.get("PYREDIS_LONG") else 3


def run_fuzzer(target: str, keep: Path) -> subprocess.CompletedProcess[str]:
    environment = server_environment()
    tests = str(Path(__file__).parent)
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [environment.get("PYTHONPATH"), tests]))
    command = [sys.executable, "-P", "-X", "faulthandler", "-m", "fuzz", target, "--seconds", str(SECONDS)]
    return subprocess.run(
        [*command, "--keep", str(keep)], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


@pytest.mark.long
@pytest.mark.timeout(SECONDS + 300)
@pytest.mark.parametrize("target", TARGETS)
def test_nothing_that_always_holds_is_broken_by_mutated_input(target, tmp_path):
    keep = tmp_path / "input"
    result = run_fuzzer(target, keep)
    data = keep.read_bytes() if keep.exists() else b""
    assert result.returncode == 0, f"{result.stdout}\nthe input: {data!r}"


def test_the_reading_of_packs_in_python_agrees_with_what_the_core_writes():
    items = [b"", b"a" * 63, b"a" * 64, b"b" * 16447, b"c" * 16448, b"01", b"-0", b"9223372036854775808"]
    items += [b"%d" % number for edge in (0, 96, 4192, 128, 1 << 15, 1 << 62) for number in (edge - 1, edge, -edge)]
    for backward in (False, True):
        pack = PackedList(backward)
        for item in items:
            pack.append(item)
        assert packs.read(bytes(pack)) == items


def test_the_reading_of_blocks_in_python_agrees_with_what_the_core_writes():
    high = (1 << 64) - 1
    ids = [(5, 7), (5, 8), (5, 200), (6, 0), (6, high), (high - 1, 1), (high, high)]
    texts = [b"", b"a" * 64, b"b" * 16448, b"12", b"-70000", b"012", b"f"]
    stream = StreamValue(entries=0, bytes=0)
    expected = []
    for number, id in enumerate(ids):
        pairs = [(b"f", texts[number]), (b"g" if number % 2 else b"h", b"1")][: number % 3 + 1]
        stream.append(id, *(text for pair in pairs for text in pair))
        expected.append((id, pairs))
    for at in (0, 3):
        stream.delete(ids[at])
    image = stream.last_block()
    assert [(entry.id, entry.pairs) for entry in blocks.read(image)] == expected
    assert [entry.id for entry in blocks.read(image) if entry.deleted] == [ids[0], ids[3]]
    assert check_block(image)
    assert stream_from(image).entries((0, 0), (high, high)) == [expected[at] for at in (1, 2, 4, 5, 6)]


def test_every_bit_of_a_block_that_is_flipped_is_seen_or_makes_another_block():
    stream = StreamValue()
    for seq in range(1, 4):
        stream.append((1, seq), b"f", b"%d" % seq, b"name", b"value")
    image = stream.last_block()
    for bit in range(8 * len(image)):
        changed = bytearray(image)
        changed[bit // 8] ^= 1 << bit % 8
        try:
            blocks.read(bytes(changed))
        except blocks.NotABlock:
            assert not check_block(bytes(changed))
        else:
            assert check_block(bytes(changed))


def scored_pack(*pairs):
    pack = PackedList()
    for member, score in pairs:
        pack.append(member, scores.text_of(score))
    return bytes(pack)


@pytest.mark.parametrize(
    ("pairs", "sound"),
    [
        ([], True),
        ([(b"a", 1.0), (b"b", 1.0), (b"a1", 1.5)], True),
        ([(b"b", 1.0), (b"a", 1.0)], False),
        ([(b"a", 1.0), (b"b", 2.0), (b"a", 3.0)], False),
        ([(b"a", float("nan"))], False),
        ([(b"12", float("-inf")), (b"x" * 70, float("inf"))], True),
    ],
)
def test_a_pack_of_scores_has_its_order_and_each_member_once(pairs, sound):
    assert check_scored(scored_pack(*pairs)) == sound


def test_a_score_has_one_encoding():
    pack = PackedList()
    pack.append(b"a", b"\x3f\xf0")
    assert not check_scored(bytes(pack))

"""Short fuzzing: the corpus and mutations of it, in a process that may die. PYREDIS_LONG=1 runs for minutes.

``tools/fuzz`` is the guided version, which uses the native code's coverage.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fuzz import blocks, hashes, packs, scores
from fuzz.targets import TARGETS
from pyredis.types.handles.hash_handle import HashValue, PackedList, check_hash, hash_from
from pyredis.types.handles.set_handle import check_set, set_from
from pyredis.types.handles.sorted_set_handle import check_scored
from pyredis.types.handles.stream_handle import StreamValue, check_block, stream_from
from support.paths import server_environment

LONG = bool(os.environ.get("PYREDIS_LONG"))
SECONDS = 300 if LONG else 3
# Short runs use the same inputs in the same order; how many depends on the machine's speed.
SEED = [] if LONG else ["--seed", "1"]


def run_fuzzer(target: str, keep: Path) -> subprocess.CompletedProcess[str]:
    environment = server_environment()
    tests = str(Path(__file__).parent)
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [environment.get("PYTHONPATH"), tests]))
    command = [sys.executable, "-P", "-X", "faulthandler", "-m", "fuzz", target, "--seconds", str(SECONDS), *SEED]
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


def field_pack(*texts, owner=hashes.TRIPLES, backward=False):
    pack = PackedList(backward, owner)
    for text in texts:
        pack.append(text)
    return bytes(pack)


@pytest.mark.parametrize(
    ("texts", "sound"),
    [
        ([], True),
        ([b"a", b"1", 5, b"1", b"a", 5, b"b", b"", 2**63 - 1, b"", b"x" * 300, 0, b"c", b"", 0], True),
        ([b"a", b"1", 6, b"b", b"1", 5], False),
        ([b"a", b"1", 0, b"b", b"1", 2**63 - 1], False),
        ([b"a", b"1", 5, b"b", b"1", 6, b"a", b"1", 7], False),
        ([b"a", b"1", -1], False),
        ([b"a", b"1", b"soon"], False),
        ([b"a", b"1", b"01"], False),
        ([b"a", b"1"], False),
        ([b"a", b"1", 5, b"b"], False),
    ],
)
def test_a_pack_of_fields_that_expire_has_its_order_and_each_field_once(texts, sound):
    assert check_hash(field_pack(*texts)) == sound
    if sound:
        assert hash_from(field_pack(*texts)).items() == hashes.read(field_pack(*texts))


def test_a_pack_of_fields_without_expiry_has_each_once_and_no_other_owner():
    pairs = [b"a", b"1", b"b", 1, 1, b"a"]
    assert check_hash(field_pack(*pairs, owner=hashes.PAIRS))
    assert not check_hash(field_pack(*pairs, b"b", b"2", owner=hashes.PAIRS))
    assert not check_hash(field_pack(*pairs, b"b", owner=hashes.PAIRS))
    assert not check_hash(field_pack(*pairs, owner=hashes.PAIRS, backward=True))
    assert [check_hash(field_pack(b"a", b"1", 0, b"b", b"1", 0, owner=owner)) for owner in range(4)] == [
        *(True, True),
        *(False, False),
    ]
    assert not any(check_hash(field_pack()[:size]) for size in range(packs.HEADER))


@pytest.mark.parametrize("count", [15, 16, 17, 1000])
@pytest.mark.parametrize("owner", [hashes.PAIRS, hashes.TRIPLES])
def test_a_field_that_is_there_twice_is_found_among_few_and_among_many(count, owner):
    rest = [b"value", 0][: 1 + owner]
    names = [b"field" * (1 + i % 20) + b"%d" % i for i in range(count)]
    assert check_hash(field_pack(*(text for name in names for text in (name, *rest)), owner=owner))
    for a, b in ((0, count - 1), (count // 2, count // 2 - 1), (count - 2, count - 1)):
        twice = [*names[:b], names[a], *names[b + 1 :]]
        assert not check_hash(field_pack(*(text for name in twice for text in (name, *rest)), owner=owner))
        assert not check_set(field_pack(*twice, owner=1))
        assert not check_scored(scored_pack(*((name, float(rank)) for rank, name in enumerate(twice))))


def test_every_bit_of_a_hash_that_is_flipped_is_seen_or_makes_another_hash():
    value = HashValue(value=100)
    value.set_pairs(b"soon", b"1", b"later", b"x" * 70, b"never", b"", b"-7", b"-8")
    value.set_expiry(b"soon", 1 << 40)
    value.set_expiry(b"later", (1 << 40) + 1)
    image = bytes(value)
    assert hashes.read(image) == value.items()
    for bit in range(8 * len(image)):
        changed = bytearray(image)
        changed[bit // 8] ^= 1 << bit % 8
        try:
            fields = hashes.read(bytes(changed))
        except packs.NotAPack:
            assert not check_hash(bytes(changed))
        else:
            assert hash_from(bytes(changed)).items() == fields


def test_a_pack_is_a_set_where_it_is_owned_as_one_and_has_each_member_once():
    members = [b"a", 1, b"", b"x" * 70]
    assert set_from(field_pack(*members, owner=1)).members() == [b"a", b"1", b"", b"x" * 70]
    assert not check_set(field_pack(*members, b"1", owner=1))
    assert not check_set(field_pack(*members, owner=1, backward=True))
    assert not check_set(field_pack(*members, owner=2))
    assert not check_set(field_pack(*members, owner=3))
    assert not any(check_set(field_pack(owner=1)[:size]) for size in range(packs.HEADER))


def test_a_set_of_integers_is_a_set_where_no_other_form_owns_it():
    image = b"\x0a\0\0\0\2\0\xff\xff\2\0"
    assert set_from(image).members() == [b"-1", b"2"]
    assert not check_set(image[:5] + b"\x40" + image[6:])
    assert not check_set(image[:6] + image[8:] + image[6:8])

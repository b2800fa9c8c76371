"""Targets for the packed encodings of all types and for HyperLogLogs; ``fuzz.targets`` describes each.

The first byte of an input has flags. With 1 the rest is used as it is; otherwise it gets a matching header, so that
mutations reach what follows the header, and with 128 only its complete elements are used. The readers in Python must
refuse what the native check refuses; what is accepted is read, searched and changed.
"""

import bisect
import struct

from fuzz import blocks, hashes, lzf, packs, scores, sketches
from pyredis.types.handles import hyperloglog_handle as native_sketch
from pyredis.types.handles.hash_handle import HashValue, check_hash, hash_from
from pyredis.types.handles.list_handle import (
    ListValue,
    check_node,
    check_run,
    compress,
    decompress,
    list_from_node,
    list_from_run,
)
from pyredis.types.handles.set_handle import SetValue, check_integers, check_set, set_from
from pyredis.types.handles.sorted_set_handle import check_scored, scored_from
from pyredis.types.handles.stream_handle import Ids, StreamValue, check_block, next_id, stream_from

AS_IT_IS = 1
WHOLE = 128


# ---- compressed: a byte for the room (in units of 16 bytes), then a stream


def compressed(data: bytes) -> None:
    if not data:
        return
    room, stream = 16 * data[0], data[1:]
    assert decompress(stream, room) == (lzf.read(stream, room) or b"")
    made = compress(stream, len(stream) * 33 // 32 + 8)
    assert decompress(made, len(stream)) == stream
    assert made == b"" or decompress(made, len(stream) - 1) == b""


# ---- run: flags (14: size of the gaps in bytes), then elements that can be walked backward

RUN_HEADER = struct.Struct("=IIII")


def run(data: bytes) -> None:
    if not data:
        return
    body = whole_elements(data[1:], True) if data[0] & WHOLE else data[1:]
    image = body if data[0] & AS_IT_IS else with_gaps(body, data[0] & 14)
    expected = read_run(image)
    assert check_run(image) == (expected is not None)
    if expected:
        change_list(list_from_run(image), expected)


def with_gaps(body: bytes, gap: int) -> bytes:
    begin, count = RUN_HEADER.size + gap, len(elements(body, 0, len(body)) or ())
    header = RUN_HEADER.pack(begin + len(body) + gap, count, begin, begin + len(body))
    return header + bytes(gap) + body + bytes(gap)


def read_run(image: bytes) -> list[bytes] | None:
    if len(image) < RUN_HEADER.size:
        return None
    capacity, count, begin, end = RUN_HEADER.unpack_from(image)
    if capacity != len(image) or not RUN_HEADER.size <= begin <= end <= capacity:
        return None
    found = elements(image, begin, end)
    return found if found is not None and len(found) == count else None


def whole_elements(body: bytes, backward: bool) -> bytes:
    """Returns the leading elements that are complete."""
    at = 0
    try:
        while at < len(body):
            _, at = packs.element(body, at, backward)
    except packs.NotAPack:
        pass
    return body[:at]


def elements(image: bytes, at: int, end: int) -> list[bytes] | None:
    """Returns the elements that fill image[at : end] and can be walked backward; None if the bytes are invalid."""
    found = []
    try:
        while at < end:
            text, at = packs.element(image[:end], at, True)
            found.append(text)
    except packs.NotAPack:
        return None
    return found


# ---- node: flags (6: the kind; 8: compress what follows), then the elements, the text or the compressed pack

PACKED, PLAIN, COMPRESSED = range(3)


def node(data: bytes) -> None:
    if not data:
        return
    kind = (data[0] >> 1 & 3) % 3
    body = whole_elements(data[1:], False) if data[0] & WHOLE else data[1:]
    image = body if data[0] & AS_IT_IS else node_image(kind, body, bool(data[0] & 8))
    expected = read_node(kind, image)
    assert check_node(kind, image) == (len(expected) if expected else None)
    if expected:
        held = list_from_node(kind, image)
        held.set_limits(-1, data[0] >> 4 & 3)
        change_list(held, expected)


def node_image(kind: int, body: bytes, make: bool) -> bytes:
    if kind == PLAIN:
        return struct.pack("@N", len(body)) + body
    if kind == PACKED:
        return pack_with_header(body)
    stream = compress(pack_with_header(body), 2 * len(body) + 100) if make else body
    return struct.pack("=II", len(stream), len(lzf.read(stream, 1 << 20) or b"")) + stream


def pack_with_header(body: bytes, owner: int = 0) -> bytes:
    count, at = 0, 0
    try:
        while at < len(body):
            _, at = packs.element(body, at, False)
            count += 1
    except packs.NotAPack:
        pass
    meta = owner << hashes.OWNER_SHIFT | min(count, packs.COUNT)
    return struct.pack("=IH", packs.HEADER + len(body), meta) + body


def read_node(kind: int, image: bytes) -> list[bytes] | None:
    """Returns the elements, of which there is at least one; None if the image is invalid."""
    if kind == PLAIN:
        size = struct.calcsize("@N")
        return [image[size:]] if len(image) >= size and image[:size] == struct.pack("@N", len(image) - size) else None
    if kind == COMPRESSED:
        if len(image) < 8 or struct.unpack_from("=I", image)[0] != len(image) - 8:
            return None
        size = struct.unpack_from("=I", image, 4)[0]
        unpacked = lzf.read(image[8:], size) if size <= 88 * len(image) else None
        if unpacked is None or len(unpacked) != size:
            return None
        image = unpacked
    try:
        found = packs.read(image)
    except packs.NotAPack:
        return None
    return found if found and not struct.unpack_from("=H", image, 4)[0] & packs.BACKWARD else None


def change_list(held: ListValue, expected: list[bytes]) -> None:
    """Reads the list and changes it; each change is also made to Python's list, and both must stay equal."""
    agree(held, expected)
    middle = len(expected) // 2
    assert held.items(middle) == expected[middle:]
    text = expected[middle]
    found = [index for index, item in enumerate(expected) if item == text]
    assert held.positions(text, True, 0, len(expected), len(expected)) == found
    assert held.positions(text, False, 0, len(expected), len(expected)) == found[::-1]
    assert held.insert(text, b"inserted", False)
    expected.insert(found[0], b"inserted")
    held.set(len(expected) - 1, b"x" * 70)
    expected[-1] = b"x" * 70
    agree(held, expected)
    held.push(True, b"12345678", b"")
    held.push(False, b"-1")
    expected[:] = [b"", b"12345678", *expected, b"-1"]
    copy = held.copy()
    count = expected.count(text)
    assert held.remove(text, 2, False) == min(count, 2)
    for _ in range(min(count, 2)):
        del expected[len(expected) - 1 - expected[::-1].index(text)]
    agree(held, expected)
    assert held.pop(True) == expected.pop(0)
    assert held.pop(False) == expected.pop()
    agree(held, expected)
    held.drop_many(len(expected) // 2, True)
    agree(held, expected[len(expected) // 2 :])
    assert copy.is_sound()


def agree(held: ListValue, expected: list[bytes]) -> None:
    assert held.is_sound()
    assert held.items() == expected


# ---- fields: flags (2: with expiries; 4: one more field makes a table), then the elements of a small hash


def fields(data: bytes) -> None:
    if not data:
        return
    form = data[0] >> 1 & 1
    body = in_order_of_expiry(data[1:], form) if data[0] & WHOLE else data[1:]
    image = body if data[0] & AS_IT_IS else pack_with_header(body, form)
    try:
        expected = hashes.read(image)
    except packs.NotAPack:
        assert not check_hash(image)
        return
    assert check_hash(image)
    tight = bool(data[0] & 4)
    held = hash_from(image, entries=len(expected) if tight else len(expected) + 100, value=1 << 30)
    assert bytes(held) == image
    read_hash(held, expected)
    change_hash(held, {name: (value, expiry) for name, value, expiry in expected})


def in_order_of_expiry(body: bytes, form: int) -> bytes:
    """Returns the complete elements as pairs or triples of different fields, in the order that these must have."""
    texts = iter(packs.read(pack_with_header(whole_elements(body, False))))
    found = {}
    for name, value, *expiry in zip(*[texts] * (2 + form), strict=False):
        found[name] = (value, abs(packs.canonical_integer(expiry[0]) or 0) if expiry else 0)
    order = sorted(found.items(), key=lambda field: field[1][1] or 1 << 64)
    triples = [(name, value, b"%d" % expiry) for name, (value, expiry) in order]
    return b"".join(packs.encoded(text) for triple in triples for text in triple[: 2 + form])


def read_hash(held: HashValue, expected: list[hashes.Field]) -> None:
    assert held.is_sound()
    assert held.items() == expected
    assert held.next_expiry == (expected[0][2] if expected else 0)
    for name, value, expiry in {expected[0], expected[len(expected) // 2], expected[-1]} if expected else ():
        assert held.get(name) == (value, expiry)
        # At the exact time of its expiry a field is not yet due.
        living = [field for field in expected if field[2] == 0 or field[2] >= expiry]
        assert held.items(expiry) == living
        assert (held.living(expiry), held.sample(len(expected), expiry)) == (len(living), living)
        assert held.random(expiry) in living


def change_hash(held: HashValue, model: dict[bytes, tuple[bytes, int]]) -> None:
    """Changes the hash; each change is also made to a dict, and both must stay equal."""
    names = list(model)
    latest = max((expiry for _, expiry in model.values()), default=0)
    for name in {*names[:1], *names[len(names) // 2 :][:1], *names[-1:], b"added"}:
        expiry = model[name][1] if name in model else 0
        assert held.set(name, b"changed", True) == (name not in model)
        agree_with_dict(held, model | {name: (b"changed", expiry)})
        assert held.set_expiry(name, latest // 2 + 1)
        agree_with_dict(held, model | {name: (b"changed", latest // 2 + 1)})
        assert not held.set(name, b"7")
        assert held.increment(name, -8) == (0, -1)
        model[name] = (b"-1", 0)
        agree_with_dict(held.copy(), model)
    assert held.delete(b"added")
    del model[b"added"]
    removed = held.expire_due(latest)
    due = [name for name, (_, expiry) in model.items() if 0 < expiry < latest]
    assert sorted(name for name, _, _ in removed) == sorted(due)
    agree_with_dict(held, {name: value for name, value in model.items() if name not in due})


def agree_with_dict(held: HashValue, model: dict[bytes, tuple[bytes, int]]) -> None:
    assert held.is_sound()
    found = held.items()
    assert {name: (value, expiry) for name, value, expiry in found} == model
    assert len(found) == len(model) == len(held)
    assert held.next_expiry == min((expiry for _, expiry in model.values() if expiry), default=0)


# ---- members: flags (2: one more member makes a table), then the elements of a small set

SET_INTEGERS, SET_PACKED = range(2)


def members(data: bytes) -> None:
    if not data:
        return
    body = different(data[1:]) if data[0] & WHOLE else data[1:]
    image = body if data[0] & AS_IT_IS else pack_with_header(body, SET_PACKED)
    expected = read_set(image)
    assert check_set(image) == (expected is not None or are_integers(image))
    if expected is not None:
        room = 0 if data[0] & 2 else 100
        change_set(set_from(image, entries=len(expected) + room, value=1 << 30), expected)


def are_integers(image: bytes) -> bool:
    return check_integers(image) and hashes.owner_of(image)[0] == SET_INTEGERS


def read_set(image: bytes) -> list[bytes] | None:
    try:
        found = packs.read(image)
    except packs.NotAPack:
        return None
    return found if hashes.owner_of(image) == (SET_PACKED, False) and len(set(found)) == len(found) else None


def different(body: bytes) -> bytes:
    """Returns the complete elements, each once."""
    texts = packs.read(pack_with_header(whole_elements(body, False)))
    return b"".join(packs.encoded(text) for text in dict.fromkeys(texts))


def change_set(held: SetValue, expected: list[bytes]) -> None:
    assert held.is_sound()
    assert held.members() == expected
    assert sorted(held.sample(len(expected))) == sorted(expected)
    model = set(expected)
    for member in {*expected[:1], *expected[len(expected) // 2 :][:1], *expected[-1:], b"added", b"-12"}:
        assert (member in held) == (member in model)
        assert held.remove(member) == (member in model)
        assert member not in held
        assert held.add(member)
        assert not held.add(member)
        model.add(member)
        assert held.is_sound()
        assert sorted(held.members()) == sorted(model)
    copy = held.copy()
    popped = held.pop(len(model) // 2)
    assert len(set(popped)) == len(popped) == len(model) // 2
    assert model == {*popped, *held.members()} == set(copy.members())
    assert held.is_sound()


# ---- scored: flags, then the elements of a small sorted set


def scored(data: bytes) -> None:
    if not data:
        return
    body = in_order(data[1:]) if data[0] & WHOLE else data[1:]
    image = body if data[0] & AS_IT_IS else pack_with_header(body)
    try:
        expected = scores.read(image)
    except packs.NotAPack:
        assert not check_scored(image)
        return
    assert check_scored(image)
    # The limit is small, so that most become trees while they are changed.
    held = scored_from(image, entries=len(expected) + (data[0] >> 1 & 1))
    assert held.items() == expected
    for rank in {0, len(expected) // 2, len(expected) - 1} if expected else ():
        member, score = expected[rank]
        assert (held.score(member), held.rank(member)) == (score, rank)
        assert held.rank_of_score(score, True) > rank >= held.rank_of_score(score, False)
        held.add(member, -score)
        expected[rank] = (member, -score)
        expected.sort(key=lambda pair: (pair[1], pair[0]))
    assert held.items() == expected
    if expected:
        assert held.delete(expected[0][0])
        del expected[0]
    added = {b"added": 0.1, b"": float("inf"), b"12": 1e300}
    for member, score in added.items():
        held.add(member, score)
    expected = sorted((dict(expected) | added).items(), key=lambda pair: (pair[1], pair[0]))
    assert held.items() == expected
    assert held.sound()
    held.delete_range(0, len(expected) // 2)
    assert held.copy().items(reverse=True) == expected[len(expected) // 2 :][::-1]


def in_order(body: bytes) -> bytes:
    """Returns the complete elements as pairs of member and score, in the order that they must have."""
    texts = packs.read(pack_with_header(whole_elements(body, False)))
    pairs = {}
    for member, text in zip(texts[::2], texts[1::2], strict=False):
        try:
            pairs[member] = scores.score_of(text)
        except packs.NotAPack:
            pairs[member] = float(len(text))
    order = sorted(pairs.items(), key=lambda pair: (pair[1], pair[0]))
    return b"".join(packs.encoded(member) + packs.encoded(scores.text_of(score)) for member, score in order)


# ---- block: flags (6: the master's id), a byte with the number of its names, then names and entries

MASTERS = ((0, 1), (1, 0), (1526919030474, 55), (blocks.ID_LIMIT - 2, blocks.ID_LIMIT - 2))
LEAST, GREATEST = (0, 0), (blocks.ID_LIMIT - 1, blocks.ID_LIMIT - 1)


def block(data: bytes) -> None:
    if len(data) < 2:
        return
    image = data[2:]
    if not data[0] & AS_IT_IS:
        image = blocks.with_header(image, MASTERS[data[0] >> 1 & 3], data[1], whole=bool(data[0] & WHOLE))
    try:
        entries = blocks.read(image)
    except blocks.NotABlock:
        assert not check_block(image)
        return
    assert check_block(image)
    held = stream_from(image)
    living = [(entry.id, entry.pairs) for entry in entries if not entry.deleted]
    walk(held, living)
    for entry in (entries[0], entries[len(entries) // 2], entries[-1]):
        assert held.has(entry.id) == (not entry.deleted)
    change_stream(held, living)


def walk(held: StreamValue, living: list) -> None:
    """Compares walks forward and backward, from the ends and from the middle."""
    assert held.is_sound()
    assert len(held) == len(living)
    assert held.entries(LEAST, GREATEST) == living
    assert held.entries_back(LEAST, GREATEST) == living[::-1]
    middle = len(living) // 2
    if living:
        assert held.entries(living[middle][0], GREATEST) == living[middle:]
        assert held.entries_back(LEAST, living[middle][0]) == living[middle::-1]
        assert (held.first(), held.last()) == (living[0][0], living[-1][0])


def change_stream(held: StreamValue, living: list) -> None:
    last = held.last_id
    for pairs in (living[0][1], [(b"other", b"1")], []):
        if (id := next_id(last)) is not None:
            held.append(id, *(text for pair in pairs for text in pair))
            living.append((id, pairs))
            last = id
    walk(held, living)
    written = blocks.read(held.last_block())
    assert [entry.id for entry in written if not entry.deleted] == [id for id, _ in living if id >= written[0].id]
    for at in (len(living) // 2, -1, 0):
        if living:
            assert held.delete(living.pop(at)[0])
            walk(held, living)
    walk(held.copy(), living)
    if living:
        removed = held.trim_length(1)
        assert removed == len(living) - 1
        walk(held, living[-1:])


# ---- ids: steps of three bytes: flags (1: remove, otherwise insert; 48: how far apart), the first id, how many

MOST_STEPS = 60


def ids(data: bytes) -> None:
    """Compares an index of ids with a sorted list."""
    index, model = Ids(), []
    for at in range(0, min(len(data) - 2, 3 * MOST_STEPS), 3):
        step, first, count = data[at : at + 3]
        apart = (step >> 4 & 3) + 1
        stretch = [divmod(number, 8) for number in range(16 * first, 16 * first + 2 * apart * count, apart)]
        for id in stretch:
            place = bisect.bisect_left(model, id)
            there = model[place : place + 1] == [id]
            if step & 1:
                assert index.remove(id) == there
                del model[place : place + there]
            elif not there:
                index.insert(id)
                model.insert(place, id)
        assert index.is_sound()
        assert index.all() == model
        place = bisect.bisect_left(model, divmod(16 * first, 8))
        assert index.since(divmod(16 * first, 8)) == model[place:]
        assert index.before(divmod(16 * first, 8)) == model[:place][::-1]
    assert index.last() == (model[-1] if model else None)
    while model:
        assert index.pop() == model.pop()
    assert (index.pop(), index.memory) == (None, 0)


# ---- sketch: flags (2: dense), then the bytes after the header; the last ones choose which registers are raised


def sketch(data: bytes) -> None:
    if not data:
        return
    value = data[1:] if data[0] & AS_IT_IS else sketch_with_header(data[1:], bool(data[0] & 2))
    assert native_sketch.recognized(value) == sketches.is_recognized(value)
    if not sketches.is_recognized(value):
        return
    dense = value[4] != sketches.SPARSE
    registers = sketches.dense_registers(value) if dense else sketches.registers_of(value)
    assert (native_sketch.count(value) is None) == (registers is None)
    merged = native_sketch.merge(value, bytes(sketches.REGISTERS))
    assert merged == (bytes(registers) if registers is not None else None)
    if dense:
        index, register = next(raisings(data))
        raised, after = native_sketch.raise_dense(value, index, register)
        assert raised == (register > registers[index])
        assert sketches.dense_registers(after)[index] == max(register, registers[index])
    else:
        raise_sparse(value, registers, list(raisings(data)))


def sketch_with_header(body: bytes, dense: bool) -> bytes:
    if dense:
        size = sketches.DENSE_SIZE - sketches.HEADER
        return b"HYLL" + bytes(12) + (body * (size // max(len(body), 1) + 1))[:size].ljust(size, b"\0")
    return b"HYLL\1" + bytes(11) + body


def raisings(data: bytes):
    for number in range(8):
        index, register = struct.unpack("=HB", data[-3 * number - 3 :][:3].rjust(3, b"\0"))
        yield index % sketches.REGISTERS, register % 32 + 1


def raise_sparse(value: bytes, registers: list[int] | None, steps: list[tuple[int, int]]) -> None:
    dense = native_sketch.to_dense(value)
    assert (dense is None) == (registers is None)
    outcome, after = native_sketch.raise_sparse(value, steps, 1 << 20)
    assert len(after) <= len(value) + 3 * len(steps)
    if registers is None:
        return
    assert sketches.dense_registers(dense) == registers
    for index, register in steps:
        raised = register > registers[index]
        registers[index] = max(registers[index], register)
    assert outcome == raised, "the outcome of the last step"
    assert sketches.registers_of(after) == registers
    # In the order of the registers, each search continues where the previous one ended.
    assert sketches.registers_of(native_sketch.raise_sparse(value, sorted(steps), 1 << 20, resume=True)[1]) == registers

"""The targets by name: each takes one byte string and raises if an invariant does not hold.

========== ==========================================================================================================
parser     the native request parser finds what the reference finds, however the bytes are split
pack       ``pack_check`` accepts what the reader in Python accepts, and this can be walked, searched and changed
integers   ``intset_check`` accepts what is sorted and complete, and this can be walked, searched and changed
run        the same for the run of a short list; so do node for a node of a long one, fields for the packs of a hash,
           members for the pack of a set, scored for that of a sorted set, block for one of a stream
           (``fuzz.structures``)
compressed the LZF decoder reads what the one in Python reads, and what the encoder has written
ids        the index of ids holds what a sorted list would
sketch     a HyperLogLog is read as the reader in Python reads it, or reported as corrupt
hashes …   the state machines of the tests (``fuzz.machines``)
loader     any file loads, or is reported as damaged; a torn one loads to the same data once its torn tail is cut off
server     whatever two clients send: complete replies, sound data, no memory leaks, and a file with the same data
========== ==========================================================================================================
"""

import random
import re
import struct
import tempfile
from collections.abc import Callable
from pathlib import Path

import resp_reference
from fuzz import packs, structures
from fuzz.machines import MACHINES, machine
from fuzz.server import Session, digest_when_expired, last_reader, pieces, reader
from pyredis._resp import ProtocolError, RequestParser
from pyredis.commands.server import invariants
from pyredis.persistence.loader import AofLoader, DamagedFile
from pyredis.types.handles.hash_handle import check_pack, pack_from
from pyredis.types.handles.set_handle import check_integers, integers_from

# In memory if possible, because syncing to a disk would take most of the time.
_folder = tempfile.TemporaryDirectory(prefix="fuzz-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None)
FOLDER = Path(_folder.name)


# ---- parser: flags (1: not authenticated, 2: small bulks, 4: byte by byte), a seed for the splits, then bytes


def parser(data: bytes) -> None:
    if len(data) < 2:
        return
    limits = {"authenticated": not data[0] & 1, "max_bulk": 1000 if data[0] & 2 else 512 << 20}
    expected, consumed, expected_error = resp_reference.parse(data[2:], strict=True, **limits)
    native, commands, error = RequestParser(**limits), [], None
    try:
        for piece in pieces(data[2:], data[0] >> 2 & 1, random.Random(data[1])):
            commands += native.feed(piece)
    except ProtocolError as raised:
        error = resp_reference.printable(f"ERR Protocol error: {raised}")
    assert error == expected_error, (error, expected_error)
    # An error loses the other requests of its piece.
    assert commands == (expected if error is None else expected[: len(commands)])
    assert consumed <= len(data) - 2


# ---- pack: a byte of flags (1: used as it is, otherwise with a matching header; 2: for walking backward), then bytes


def pack(data: bytes) -> None:
    if not data:
        return
    image = data[1:] if data[0] & 1 else with_header(data[1:], bool(data[0] & 2))
    try:
        expected = packs.read(image)
    except packs.NotAPack:
        assert not check_pack(image)
        return
    for stride in (1, 2, 3):
        assert check_pack(image, stride) == (len(expected) % stride == 0)
    exercise(image, expected)


def with_header(body: bytes, backward: bool) -> bytes:
    count, at, flag = 0, 0, packs.BACKWARD if backward else 0
    try:
        while at < len(body):
            _, at = packs.element(body, at, backward)
            count += 1
    except packs.NotAPack:
        pass
    return struct.pack("=IH", packs.HEADER + len(body), flag | min(count, packs.COUNT)) + body


def exercise(image: bytes, expected: list[bytes]) -> None:
    """Walks, searches and changes the pack; each change is also made to the list, and both must be equal at the end."""
    held = pack_from(image)
    assert [as_text(item) for item in held] == expected
    if held.is_backward():
        assert [as_text(item) for item in reversed(held)] == expected[::-1]
    for index in {0, len(expected) // 2, len(expected) - 1} if expected else ():
        assert held.text(index) == expected[index]
        assert held.find(expected[index]) == expected.index(expected[index])
    if expected:
        middle = len(expected) // 2
        held.replace(middle, b"replaced")
        held.insert(middle, 12345678, b"x" * 70)
        held.delete(0)
        expected[middle : middle + 1] = [b"12345678", b"x" * 70, b"replaced"]
        del expected[0]
    held.append(b"", -1)
    assert packs.read(bytes(held)) == [*expected, b"", b"-1"]


def as_text(item: bytes | int) -> bytes:
    return b"%d" % item if isinstance(item, int) else item


# ---- integers: a byte of flags (1: used as it is, otherwise with a matching header; 6: the width), then bytes


def integers(data: bytes) -> None:
    if not data:
        return
    width = (2, 4, 8, 3)[data[0] >> 1 & 3]
    image = data[1:] if data[0] & 1 else struct.pack("=IH", 5 + len(data), width) + data[1:]
    if not check_integers(image):
        assert data[0] & 1 or width == 3 or (len(data) - 1) % width or not is_ascending(data[1:], width)
        return
    held = integers_from(image)
    expected = list(held)
    assert expected == sorted(set(expected))
    assert bytes(held) == image
    for number in dict.fromkeys((*expected[:3], 0, -1, 1 << 62)):
        assert (number in held) == (number in expected)
        assert held.add(number) == (number not in expected)
        assert held.remove(number)
        assert number not in held
    assert list(held) == [number for number in expected[3:] if number not in (0, -1, 1 << 62)]
    assert check_integers(bytes(held))


def is_ascending(body: bytes, width: int) -> bool:
    form = {2: "h", 4: "i", 8: "q"}[width]
    numbers = struct.unpack(f"={len(body) // width}{form}", body)
    return list(numbers) == sorted(set(numbers))


# ---- loader: the bytes of a file


# Requests whose outcome depends on when the file is loaded.
RELATIVE = re.compile(rb"(?i)(expire|setex|\b[ep]x)\r\n")


def loader(data: bytes) -> None:
    path = FOLDER / "loaded.aof"
    path.write_bytes(data)
    outcome = load_any(path)
    if outcome is None:
        return
    torn, valid = outcome
    assert torn == (valid < len(data))
    if torn and not RELATIVE.search(data):
        before = digest_of_reader()
        path.write_bytes(data[:valid])
        assert load_any(path) == (False, valid)
        assert digest_of_reader() == before


def load_any(path: Path) -> tuple[bool, int] | None:
    """Loads any file; returns (torn, valid size), or None for a file that is reported as damaged."""
    into = reader()
    held, offset = AofLoader(into.core, path), 0
    try:
        while held.step(1_000_000):
            pass
        return held.torn, held.valid_size
    except DamagedFile as error:
        offset = error.offset
        return None
    finally:
        held.close()
        assert 0 <= offset <= held.file_size
        invariants.check(into.core)
        exceptions, into.exceptions = into.exceptions, []
        assert not exceptions, exceptions[0]


def digest_of_reader() -> str:
    """Returns the digest of what was loaded, without keys and fields that have expired."""
    core = last_reader().core
    core.loading = False
    digest = digest_when_expired(core)
    core.loading = True
    return digest


# ---- server: see Session

_sessions: list[Session] = []


def server(data: bytes) -> None:
    if not _sessions:
        _sessions.append(Session(FOLDER))
    _sessions[0].run(data)


TARGETS: dict[str, Callable[[bytes], None]] = {
    "parser": parser,
    "pack": pack,
    "integers": integers,
    "run": structures.run,
    "node": structures.node,
    "compressed": structures.compressed,
    "fields": structures.fields,
    "members": structures.members,
    "scored": structures.scored,
    "block": structures.block,
    "ids": structures.ids,
    "sketch": structures.sketch,
    **{name: machine(name) for name in MACHINES},
    "loader": loader,
    "server": server,
}

"""A reader of a stream's block in plain Python, with which the native check is compared."""

import struct
from typing import NamedTuple

from fuzz import packs

HEADER = struct.Struct("=QQIIIIII")
DELETED = 1
OWN_NAMES = 2
ID_LIMIT = 1 << 64

Id = tuple[int, int]
Pairs = list[tuple[bytes, bytes]]


class NotABlock(Exception):
    """Bytes that are not a block; the text says why."""


class Entry(NamedTuple):
    start: int
    id: Id
    deleted: bool
    pairs: Pairs


class Cursor:
    """Reads one item after another, up to ``end``."""

    def __init__(self, image: bytes, at: int, end: int) -> None:
        self.image, self.at, self.end = image[:end], at, end

    def byte(self) -> int:
        if self.at >= self.end:
            raise NotABlock("cut")
        self.at += 1
        return self.image[self.at - 1]

    def number(self) -> int:
        groups = [self.byte()]
        while groups[-1] & 0x80:
            groups.append(self.byte())
        number = sum((group & 0x7F) << 7 * index for index, group in enumerate(groups))
        if number >= ID_LIMIT or (groups[-1] == 0 and len(groups) > 1):
            raise NotABlock("number")
        return number

    def element(self) -> bytes:
        if self.at >= self.end:
            raise NotABlock("cut")
        try:
            text, self.at = packs.element(self.image, self.at, False)
        except packs.NotAPack as error:
            raise NotABlock("element") from error
        return text

    def size(self, size: int) -> None:
        """Reads ``size``, which is encoded to be read backward."""
        groups = [size & 0x7F | 0x80]
        while size := size >> 7:
            groups.insert(0, size & 0x7F | 0x80)
        groups[0] &= 0x7F
        if self.image[self.at : self.at + len(groups)] != bytes(groups):
            raise NotABlock("size")
        self.at += len(groups)


def read(image: bytes) -> list[Entry]:
    """Returns all entries; raises NotABlock if any detail differs from what appending and deleting produce."""
    if len(image) < HEADER.size:
        raise NotABlock("header")
    ms, seq, size, end, begin, count, deleted, names = HEADER.unpack_from(image)
    if size != len(image) or not HEADER.size <= end <= size:
        raise NotABlock("size")
    entries = list(entries_of(Cursor(image, HEADER.size, end), (ms, seq), names))
    living = [entry for entry in entries if not entry.deleted]
    if (len(entries), len(entries) - len(living)) != (count, deleted):
        raise NotABlock("counts")
    if not living or living[0].start != begin:
        raise NotABlock("begin")
    return entries


def entries_of(cursor: Cursor, master: Id, count: int):
    names = []
    while len(names) < count:
        names.append(cursor.element())
    before = None
    while cursor.at < cursor.end:
        entry = read_entry(cursor, master, names, before is None)
        if entry.id <= (before or (0, 0)):
            raise NotABlock("order")
        before = entry.id
        yield entry


def read_entry(cursor: Cursor, master: Id, names: list[bytes], first: bool) -> Entry:
    start, flags = cursor.at, cursor.byte()
    ms, seq = cursor.number(), cursor.number()
    id = (master[0] + ms, seq if ms else master[1] + seq)
    if flags > DELETED | OWN_NAMES or max(id) >= ID_LIMIT:
        raise NotABlock("flags or id")
    if flags & OWN_NAMES:
        pairs, left = [], cursor.number()
        while len(pairs) < left:
            pairs.append((cursor.element(), cursor.element()))
        if [name for name, _ in pairs] == names:
            raise NotABlock("the names are the master's")
    else:
        pairs = [(name, cursor.element()) for name in names]
    if first and (id != master or flags & OWN_NAMES):
        raise NotABlock("the first is not the master")
    cursor.size(cursor.at - start)
    return Entry(start, id, bool(flags & DELETED), pairs)


def with_header(body: bytes, master: Id, names: int, whole: bool) -> bytes:
    """Returns a block of this body with a matching header; with ``whole`` only of the leading complete entries."""
    cursor = Cursor(bytes(HEADER.size) + body, HEADER.size, HEADER.size + len(body))
    entries, end = [], cursor.end
    try:
        for entry in entries_of(cursor, master, names):
            entries.append(entry)
            behind = cursor.at
    except NotABlock:
        end = behind if whole and entries else end
    living = [entry for entry in entries if not entry.deleted]
    begin = living[0].start if living else end
    header = HEADER.pack(*master, end, end, begin, len(entries), len(entries) - len(living), names)
    return (header + body)[:end]

"""A small hash's pack, read once more in plain Python, to judge the native check by."""

import itertools
import struct

from fuzz import packs

PAIRS, TRIPLES = 0, 1
OWNER_SHIFT = 14

Field = tuple[bytes, bytes, int]


def read(image: bytes) -> list[Field]:
    """The fields with value and expiry; NotAPack where any detail is not as the core would have made it."""
    texts = packs.read(image)
    form, backward = owner_of(image)
    if form > TRIPLES or backward or len(texts) % (2 + form):
        raise packs.NotAPack("neither pairs nor triples")
    expiries = [expiry_of(text) for text in texts[2::3]] if form == TRIPLES else [0] * (len(texts) // 2)
    if any(not in_order(*pair) for pair in itertools.pairwise(expiries)):
        raise packs.NotAPack("order")
    names = texts[:: 2 + form]
    if len(set(names)) != len(names):
        raise packs.NotAPack("a field twice")
    return list(zip(names, texts[1 :: 2 + form], expiries, strict=True))


def owner_of(image: bytes) -> tuple[int, bool]:
    """The owner's two bits, and whether the pack can be walked backward."""
    meta = struct.unpack_from("=H", image, 4)[0]
    return meta >> OWNER_SHIFT, bool(meta & packs.BACKWARD)


def expiry_of(text: bytes) -> int:
    number = packs.canonical_integer(text)
    if number is None or number < 0:
        raise packs.NotAPack("no expiry")
    return number


def in_order(a: int, b: int) -> bool:
    """The earliest first, those without one behind."""
    return b == 0 or 0 < a <= b

"""A reader of a small hash's pack in plain Python, with which the native check is compared."""

import itertools
import struct

from fuzz import packs

PAIRS, TRIPLES = 0, 1
OWNER_SHIFT = 14

Field = tuple[bytes, bytes, int]


def read(image: bytes) -> list[Field]:
    """Returns the fields with value and expiry; raises NotAPack if any detail differs from what the core produces."""
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
    """Returns the owner's two bits, and whether the pack can be walked backward."""
    meta = struct.unpack_from("=H", image, 4)[0]
    return meta >> OWNER_SHIFT, bool(meta & packs.BACKWARD)


def expiry_of(text: bytes) -> int:
    number = packs.canonical_integer(text)
    if number is None or number < 0:
        raise packs.NotAPack("no expiry")
    return number


def in_order(a: int, b: int) -> bool:
    """Returns whether two expiries are in order: the earliest first, and 0, which means none, last."""
    return b == 0 or 0 < a <= b

"""A reader of a small sorted set's pack in plain Python, with which the native check is compared."""

import itertools
import math
import struct

from fuzz import packs

WHOLE_LIMIT = 2.0**62


def read(image: bytes) -> list[tuple[bytes, float]]:
    """Returns the members with their scores; raises NotAPack if any detail differs from what the core produces."""
    texts = packs.read(image)
    if struct.unpack_from("=H", image, 4)[0] & packs.BACKWARD or len(texts) % 2:
        raise packs.NotAPack("not a pack of pairs")
    pairs = [(member, score_of(score)) for member, score in zip(texts[::2], texts[1::2], strict=True)]
    if any(not (a[1], a[0]) < (b[1], b[0]) for a, b in itertools.pairwise(pairs)):
        raise packs.NotAPack("order")
    if len({member for member, _ in pairs}) != len(pairs):
        raise packs.NotAPack("a member twice")
    return pairs


def score_of(text: bytes) -> float:
    number = packs.canonical_integer(text)
    score = float(number) if number is not None else struct.unpack(">d", text[:8].ljust(8, b"\0"))[0]
    if math.isnan(score) or text_of(score) != text:
        raise packs.NotAPack("not the code of a score")
    return score


def text_of(score: float) -> bytes:
    if -WHOLE_LIMIT < score < WHOLE_LIMIT and score == int(score):
        return b"%d" % int(score)
    text = struct.pack(">d", score).rstrip(b"\0")
    return text + b"\0" if text[:1] in b"-0123456789" else text

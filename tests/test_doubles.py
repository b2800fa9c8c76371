"""Doubles are printed as Redis 7.4 prints them, digit for digit; a second implementation checks this.

That one (``support/grisu.py``) was compared with a real 7.4; our oracle is older and prints seventeen digits.
"""

import math
import os
import random
import struct
from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pyredis._resp import encode_reply
from pyredis.ground.grisu import table
from support.grisu import power_of_ten, printed

LONG = bool(os.environ.get("PYREDIS_LONG"))
COUNT = 3_000_000 if LONG else 60_000


def ours(value):
    """The text of a double, which is the same in both protocols."""
    text = encode_reply(value, 3)[1:-2]
    assert encode_reply(value, 2) == b"$%d\r\n%s\r\n" % (len(text), text)
    return text.decode()


def from_bits(bits):
    return struct.unpack("<d", struct.pack("<Q", bits))[0]


def test_every_cached_power_is_the_nearest_to_its_power_of_ten():
    found = table()
    assert [power for _, _, power in found] == list(range(-348, 341, 8))
    for fraction, exponent, power in found:
        assert 2**63 <= fraction < 2**64
        unit = Fraction(2) ** exponent
        assert abs(fraction * unit - Fraction(10) ** power) <= unit / 2
        assert power_of_ten(power) == (fraction, exponent)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1e-5, "0.00001"),
        (1e-7, "1e-7"),
        (1.25e-9, "1.25e-9"),
        (0.1, "0.1"),
        (-3.0, "-3"),
        (1e20, "1e+20"),
        (1e21, "1e+21"),
        (1.234e22, "12339999999999999000000"),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
        (math.nan, "nan"),
        (0.0, "0"),
        (-0.0, "-0"),
        (5e-324, "5e-324"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
        # Integers up to 2 ** 62 are printed in full, larger ones with only the digits needed.
        (2.0**62, "4611686018427387904"),
        (-(2.0**62), "-4611686018427387904"),
        (math.nextafter(2.0**62, 0), "4611686018427387392"),
        (math.nextafter(2.0**62, math.inf), "4611686018427389000"),
        (2.0**63, "9223372036854776000"),
        # More digits than necessary.
        (43862.27765, "4.3862277650000004e+4"),
        (31580.28089, "3.1580280890000002e+4"),
    ],
)
def test_some_doubles_by_their_text(value, text):
    assert ours(value) == text == printed(value)


def decimals(draw):
    return round(draw.uniform(-1e6, 1e6), 5)


def any_bits(draw):
    return from_bits(draw.getrandbits(64))


def subnormals(draw):
    return from_bits(draw.getrandbits(draw.randint(1, 52)))


def powers_of_two(draw):
    return math.ldexp(1.0, draw.randint(-1074, 1023))


def neighbour(draw, value):
    for _ in range(draw.randint(1, 3)):
        value = math.nextafter(value, draw.choice([0.0, math.inf]))
    return value


def near_powers_of_two(draw):
    return neighbour(draw, powers_of_two(draw))


def powers_of_ten(draw):
    return float(f"{draw.choice([1, draw.randint(1, 9999)])}e{draw.randint(-323, 304)}")


def near_powers_of_ten(draw):
    return neighbour(draw, powers_of_ten(draw))


def whole_numbers(draw):
    return float(draw.getrandbits(draw.randint(40, 90)))


def fractions(draw):
    return draw.randint(0, 10 ** draw.randint(1, 17)) / 10 ** draw.randint(0, 12)


KINDS = [
    decimals,
    any_bits,
    subnormals,
    powers_of_two,
    near_powers_of_two,
    powers_of_ten,
    near_powers_of_ten,
    whole_numbers,
    fractions,
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_doubles_are_printed_as_the_other_implementation_prints_them(kind):
    draw = random.Random(None if LONG else 1)
    for _ in range(COUNT // len(KINDS)):
        value = kind(draw)
        text = ours(value)
        assert text == printed(value), value.hex()
        assert math.isnan(value) or float(text) == value


@settings(max_examples=2000)
@given(st.floats())
@example(float(2**53))
@example(0.1 + 0.2)
def test_every_double_reads_back(value):
    text = ours(value)
    assert text == printed(value)
    assert math.isnan(value) or math.copysign(float(text), value) == float(text) == value


@pytest.mark.parametrize("count", range(1, 21))
def test_texts_of_any_number_of_digits_are_read_as_the_nearest_double(client, protocol, count):
    """The point is at every place. A double cannot hold numbers of up to 20 digits exactly."""
    draw = random.Random(count)
    texts = []
    for point in range(1, count + 1):
        for first in "0159":
            digits = first + "".join(draw.choices("0123456789", k=count - 1))
            texts += [f"{digits[:point]}.{digits[point:]}".rstrip("."), f"-{digits[:point]}.{digits[point:]}5"]
    client.must("DEL", "z")
    client.must("ZADD", "z", *(word for index, text in enumerate(texts) for word in (text, index)))
    wanted = [float(text) if protocol == 3 else printed(float(text)).encode() for text in texts]
    assert client.must("ZMSCORE", "z", *range(len(texts))) == wanted


def test_every_reply_of_a_score_has_the_same_digits(client, protocol):
    """This holds for every encoding, except that ZSCAN of a skiplist prints seventeen digits."""
    for score, text in ((2.0**62, "4611686018427387904"), (43862.27765, "4.3862277650000004e+4"), (0.1, "0.1")):
        for entries in (128, 0):
            client.must("CONFIG", "SET", "zset-max-listpack-entries", entries)
            client.must("DEL", "z")
            wanted = score if protocol == 3 else text.encode()
            assert client.call("ZADD", "z", "INCR", repr(score), "m").decoded == wanted
            assert client.call("ZSCORE", "z", "m").raw == encode_reply(score, protocol)
            assert client.must("ZMSCORE", "z", "m") == [wanted]
            ranged = client.must("ZRANGE", "z", 0, -1, "WITHSCORES")
            assert ranged == ([[b"m", wanted]] if protocol == 3 else [b"m", wanted])
            assert client.must("ZINCRBY", "z", 0, "m") == wanted
            scanned = client.must("ZSCAN", "z", 0)[1][1]
            assert scanned == (text if entries else f"{score:.17g}").encode()
